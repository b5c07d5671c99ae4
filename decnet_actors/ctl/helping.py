"""This module lays out the help of a command: what it does, examples, its own options, then those of every command."""

from collections.abc import Sequence

import click


def write_examples(formatter: click.HelpFormatter, examples: Sequence[str]) -> None:
    """Write the command lines as they would be typed."""
    with formatter.section("Examples"):
        for example in examples:
            formatter.write_text(example)


def write_options(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """Write the command's own arguments and options, then the flags every command has."""
    own, common = list[tuple[str, str]](), list[tuple[str, str]]()
    for parameter in command.get_params(ctx):
        if isinstance(parameter, click.Argument):  # click writes a section of them
            continue
        record = parameter.get_help_record(ctx)
        if record is not None:
            (common if (parameter.name or "").startswith("flag_") else own).append(record)
    for title, records in (("Options", own), ("Options of every command", common)):
        if records:
            with formatter.section(title):
                formatter.write_dl(records)
