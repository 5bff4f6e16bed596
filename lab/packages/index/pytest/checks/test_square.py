import pytest
from numbers_of import square


@pytest.mark.parametrize(("number", "expected"), [(1, 1), (2, 4)])
def test_squares(number, expected):
    assert square(number) == expected


def test_wrong(three):
    assert square(three) == 8


def test_printed(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    print(square(4))
    assert capsys.readouterr().out == "16\n"
