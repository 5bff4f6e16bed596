import contextlib
import io
import pathlib

import pytest

TESTS = """
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_square(number):
    assert number * number != {wrong}
"""


class Seen:
    """The workers' reports on the tests."""

    def __init__(self):
        self.workers = set()
        self.outcomes = []

    def pytest_runtest_logreport(self, report):
        if report.when == "call":
            self.workers.add(report.node.gateway.id)
            self.outcomes.append((report.nodeid.split("::")[-1], report.outcome))


if __name__ == "__main__":
    suite = pathlib.Path("suite")
    suite.mkdir(exist_ok=True)
    (suite / "test_one.py").write_text(TESTS.format(count=3, wrong=4))
    (suite / "test_two.py").write_text(TESTS.format(count=2, wrong=7))
    seen, printed = Seen(), io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = pytest.main(["-n2", "-p", "no:cacheprovider", str(suite)], plugins=[seen])
    for outcome in sorted(seen.outcomes):
        print(*outcome)
    print(len(seen.workers), "workers, exit code", int(code))
    # pytest shows the values of an assertion only where it has rewritten the test.
    print("assert (2 * 2) != 4" in printed.getvalue())
