"""A small command: it copies a price list, with a discount."""

import click
from click.testing import CliRunner


@click.group()
@click.version_option("1.2", prog_name="prices")
def prices():
    """Keep a list of prices."""


@prices.command()
@click.argument("pairs", nargs=-1, required=True)
@click.option("--discount", type=click.IntRange(0, 90), default=0, show_default=True, help="In percent.")
@click.option("--style", type=click.Choice(["short", "long"]), default="short")
def show(pairs, discount, style):
    """Show PAIRS of names and prices."""
    for pair in pairs:
        name, price = pair.split("=")
        price = int(price) * (100 - discount) / 100
        click.echo(f"{name}: {price:.2f}" if style == "long" else f"{name} {price:.0f}")


runner = CliRunner()
for line in (
    "--version",
    "show tea=4 coffee=6",
    "show --discount 25 --style long tea=4",
    "show --discount 99 tea=4",
    "show --help",
):
    result = runner.invoke(prices, line.split(), prog_name="prices")
    print(result.exit_code, result.output.strip())
