import pathlib

from pylint.lint import Run

if __name__ == "__main__":
    pathlib.Path("one.py").write_text("import os\nimport two\n\n\ndef first():\n    return two.third\n")
    pathlib.Path("two.py").write_text("def second():\n    return first()\n")
    options = ["-j2", "--score=n", "--reports=n", "--disable=C", "--msg-template={path}:{line}: {msg_id}"]
    run = Run([*options, "one.py", "two.py"], exit=False)
    print("exit code", run.linter.msg_status)
