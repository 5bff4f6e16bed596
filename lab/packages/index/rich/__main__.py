import importlib.metadata
import io

from rich.console import Console
from rich.markdown import Markdown
from rich.progress import track
from rich.syntax import Syntax
from rich.table import Table
from rich.tree import Tree


def console():
    return Console(file=io.StringIO(), width=60, color_system=None, legacy_windows=False)


def show(*what):
    output = console()
    output.print(*what)
    print("\n".join(line.rstrip() for line in output.file.getvalue().splitlines()))


table = Table(title="Größen :cat:")
table.add_column("name")
table.add_column("metres", justify="right")
table.add_row("東京タワー", "333")
table.add_row("Eiffelturm", "330")
show(table)
show(Markdown("* one\n* **two**\n"))
show(Syntax("def f():\n    return 1\n", "python", line_numbers=True))
tree = Tree("root")
tree.add("leaf").add("[bold]deeper[/bold]")
show(tree)
print(sum(track(range(5), console=console())))


def divide(number):
    return 1 / number


try:
    divide(0)
except ZeroDivisionError:
    output = console()
    output.print_exception(show_locals=True)
    # The traceback shows the source.
    print("return 1 / number" in output.file.getvalue(), "number = 0" in output.file.getvalue())
print(importlib.metadata.metadata("rich")["Name"])
