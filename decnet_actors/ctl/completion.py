"""This module prints completion scripts; names complete from the live daemon."""

import click

EXAMPLES = (
    "decnetctl completion bash > ~/.local/share/bash-completion/completions/decnetctl",
    'decnetctl completion zsh > "${fpath[1]}/_decnetctl"',
    "decnetctl completion fish > ~/.config/fish/completions/decnetctl.fish",
)


class CompletionCommand(click.Command):
    """A command whose help begins with examples."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what it does, then the examples."""
        from decnet_actors.ctl.helping import write_examples

        super().format_help_text(ctx, formatter)
        write_examples(formatter, EXAMPLES)


@click.command(
    cls=CompletionCommand,
    help="Print the completion script of a shell.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script of ``shell``."""
    click.echo(script(shell))


def script(shell: str) -> str:
    """Return the completion script of bash, zsh or fish."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None, shell  # noqa: S101  click has the three; a test asks for each
    made = found(click.Command("decnetctl"), {}, "decnetctl", "_DECNETCTL_COMPLETE")
    # Not source(): bash's asks the bash of this host for its version, and the script may be for another host.
    return made.source_template % made.source_vars()
