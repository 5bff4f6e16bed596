import importlib.metadata

import click
from click.testing import CliRunner


@click.group()
@click.version_option(package_name="click", message="%(version)s")
def tool():
    """Adds and greets."""


@tool.command()
@click.argument("numbers", nargs=-1, type=int)
@click.option("--twice", is_flag=True, help="Double the sum.")
def add(numbers, twice):
    """Add NUMBERS."""
    click.echo(sum(numbers) * (2 if twice else 1))


@tool.command()
@click.option("--name", prompt=True, default="world", show_default=True)
@click.option("--loudness", type=click.IntRange(1, 3), default=1)
def greet(name, loudness):
    """Say hello."""
    click.secho(f"Hello, {name}" + "!" * loudness, fg="green")


runner = CliRunner()
for arguments in ["--help", "add 1 2 3 --twice", "greet --loudness 9", "--version"]:
    result = runner.invoke(tool, arguments, prog_name="tool")
    output = result.output.replace(importlib.metadata.version("click"), "VERSION")
    print(f"{arguments}: {result.exit_code}\n{output}")
print(runner.invoke(tool, ["greet"], input="you\n", prog_name="tool").output)
tool(["add", "4", "5"], prog_name="tool")
