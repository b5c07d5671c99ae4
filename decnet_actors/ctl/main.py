"""This module is the ``decnetctl`` command: a lazy tree of nouns and verbs over the operations registry."""

import itertools
import sys
import typing
from collections.abc import Mapping, Sequence
from typing import Any

import click

from decnet_actors.ctl import failure, options, registry
from decnet_actors.ctl.helping import write_examples, write_options
from decnet_actors.ctl.world import World

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 120}

EXAMPLES = (
    "decnetctl status",
    "decnetctl event tail",
    "decnetctl session list --since 4h -o json",
    "decnetctl doctor",
)


class GuessingGroup(click.Group):
    """A group that guesses which command was meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command of the first word.

        Raises:
            click.UsageError: there is none, with the nearest name.

        """
        if args and not ctx.resilient_parsing and self.get_command(ctx, args[0]) is None:
            from decnet_actors.ctl.nearest import did_you_mean

            ctx.fail(f"No such command '{args[0]}'{did_you_mean(args[0], self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)


class NounGroup(GuessingGroup):
    """The verbs of one noun; its operations are imported when one of them is asked for."""

    def __init__(self, noun: str) -> None:
        super().__init__(noun, help=registry.NOUNS[noun].help, params=list(options.flags()), context_settings=CONTEXT)
        self.noun = noun

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the verbs, in the order their module gives them."""
        written = [key.partition(" ")[2] for key in registry.COMMANDS if key.startswith(f"{self.noun} ")]
        return [*registry.commands_of(self.noun), *(verb for verb in written if verb not in self._generated())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """Return the command of a verb."""
        written = registry.find(registry.COMMANDS, f"{self.noun} {cmd_name}")
        if written is not None:
            return typing.cast("click.Command", written)  # what the registry names is a command; a test checks
        operation = self._generated().get(cmd_name)
        if operation is None:
            return None
        from decnet_actors.ctl.commands import OperationCommand

        return OperationCommand(operation, cmd_name)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs before the flags."""
        self.format_commands(ctx, formatter)
        write_options(self, ctx, formatter)

    def _generated(self) -> Mapping[str, Any]:  # Any: operations of many classes
        return registry.commands_of(self.noun)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one example of each verb."""
        super().format_help_text(ctx, formatter)
        write_examples(formatter, [operation.examples[0] for operation in self._generated().values()])


class RootGroup(GuessingGroup):
    """All nouns; none is imported before it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the nouns in the registry's order."""
        return list(registry.NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """Return the command or group of a noun."""
        noun = registry.NOUNS.get(cmd_name)
        if noun is None:
            return None
        if noun.command:
            return typing.cast("click.Command", registry.load(noun.command))  # as above
        if noun.operation:
            from decnet_actors.ctl.commands import OperationCommand

            verb = noun.operation.partition(".")[2]
            return OperationCommand(registry.commands_of(cmd_name)[verb], cmd_name)
        return NounGroup(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        """Write the nouns with the registry's words, so that help imports nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, noun.help) for name, noun in registry.NOUNS.items()])

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        super().format_help_text(ctx, formatter)
        write_examples(formatter, EXAMPLES)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the nouns before the flags."""
        self.format_commands(ctx, formatter)
        write_options(self, ctx, formatter)


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001  click's signature
    if not value or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        click.echo(f"decnetctl {version('decnet')}")
    except PackageNotFoundError:  # run from a tree that is not installed
        click.echo("decnetctl (not installed)")
    ctx.exit()


def root() -> RootGroup:
    """Return the whole command."""
    return RootGroup(
        "decnetctl",
        help="Watch and steer a DECNET daemon.",
        params=[
            *options.flags(),
            click.Option(
                ["--version"],
                is_flag=True,
                expose_value=False,
                is_eager=True,
                callback=_print_version,
                help="Show the version and exit.",
            ),
        ],
        callback=lambda **_flags: options.heed_color(click.get_current_context()),
        context_settings=CONTEXT,
    )


def run(argv: Sequence[str], world: World | None = None) -> int:
    """Run one command line and return its exit code; errors are shown, not raised."""
    command = root()
    output = _output_of(argv)
    try:
        code = command.main(args=list(argv), prog_name="decnetctl", standalone_mode=False, obj=world or World())
    except click.exceptions.NoArgsIsHelpError as error:  # a group alone: its help is the answer
        error.show()
        return error.exit_code
    except click.UsageError as error:
        failure.usage(error, output)
        return error.exit_code
    except failure.CommandFailed as error:
        failure.show(error, output)
        return error.status
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return failure.INTERRUPTED
    return code if isinstance(code, int) else 0


def main() -> None:
    """Run the command line of this process."""
    failure.install_last_resort()
    sys.exit(run(sys.argv[1:]))


def _output_of(argv: Sequence[str]) -> str:
    """Return the format asked for, even of a command line that does not parse."""
    words = [*argv, ""]
    for word, following in itertools.pairwise(words):
        if word in {"-o", "--output"}:
            return following
        if word.startswith("--output="):
            return word.removeprefix("--output=")
        if word.startswith("-o"):
            return word.removeprefix("-o").removeprefix("=")
    return "table"
