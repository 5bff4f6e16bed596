import enum
from typing import Annotated

import typer
from typer.testing import CliRunner

application = typer.Typer(help="Orders drinks.", add_completion=False)


class Drink(str, enum.Enum):
    TEA = "tea"
    COFFEE = "coffee"


@application.command()
def order(drink: Drink, count: Annotated[int, typer.Option(min=1, help="How many.")] = 1):
    """Order some of one drink."""
    typer.echo(f"{count} x {drink.value}")


@application.command()
def bill(paid: bool = False):
    """Show the bill."""
    typer.secho("paid" if paid else "open", fg=typer.colors.RED)


runner = CliRunner()
for arguments, expected in [
    ("--help", "Show the bill."),
    ("order --help", "How many."),
    ("order tea --count 2", "2 x tea"),
    ("order beer", "'coffee'"),
    ("bill --paid", "paid"),
]:
    result = runner.invoke(application, arguments.split(), prog_name="drinks")
    # How a page looks, changes with the version.
    print(arguments, result.exit_code, expected in result.output, sep=" | ")
application(["order", "coffee"], standalone_mode=False)
