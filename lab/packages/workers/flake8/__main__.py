import pathlib

from flake8.main.cli import main

if __name__ == "__main__":
    pathlib.Path("one.py").write_text("import os\nx=1\n")
    pathlib.Path("two.py").write_text("def f():\n    return y \n")
    print("exit code", main(["-j2", "one.py", "two.py"]))
