"""This module makes click parameters of an operation's argument class, and the call's arguments of what was typed."""

import enum
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import click
from click.shell_completion import CompletionItem

from decnet_actors.contracts.operations import File, Operation
from decnet_actors.ctl.files import read_file
from decnet_actors.ctl.options import Moment
from decnet_actors.ctl.world import Settings

TIME_FIELDS = frozenset({"since", "until"})

_SEQUENCES = (tuple, list, set, frozenset, Sequence)


class Nullable(click.ParamType[Any]):  # Any: a number or a word
    """A number, or ``null`` for the absence of one (the daemon reads the word)."""

    def __init__(self, inner: click.ParamType[Any]) -> None:
        self.inner = inner
        self.name = inner.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # Any: click's
        return value if value == "null" else self.inner.convert(value, param, ctx)


def parameters(
    operation: Operation[Any, Any], complete: Callable[[str], Callable[..., list[CompletionItem[Any]]]] | None = None
) -> list[click.Parameter]:
    """Return one argument or option for each field, in the order of the class.

    Args:
        operation: what the command calls.
        complete: gives the shell completion of a positional field by its name.

    """
    hints = typing.get_type_hints(operation.args)
    made: list[click.Parameter] = []
    for field in attrs.fields(operation.args):
        kind, many = _click_type(field.name, hints[field.name])
        required = field.default is attrs.NOTHING
        text = str(field.metadata.get("help", ""))
        word = field.name.replace("_", "-")
        if field.metadata.get("secret"):
            made.append(
                click.Option(
                    [f"--{word}-stdin", field.name],
                    is_flag=True,
                    default=None,
                    help=f"{text} Read it from standard input{'; else it is asked for' if required else ''}.",
                )
            )
        elif field.metadata.get("positional"):
            completion = {"shell_complete": complete(field.name)} if complete is not None else {}
            made.append(
                click.Argument(
                    [field.name],
                    type=kind,
                    required=required,
                    nargs=-1 if many else 1,
                    help=text,
                    **completion,
                )
            )
        elif kind is click.BOOL:
            switch = f"--{word}" if field.default is False else f"--{word}/--no-{word}"
            made.append(click.Option([switch, field.name], is_flag=True, default=None, help=text))
        else:
            made.append(
                click.Option(
                    [f"--{word}", field.name], type=kind, required=required, multiple=many, default=None, help=text
                )
            )
    return made


def arguments(operation: Operation[Any, Any], typed: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Return the builtins to call the operation with; what was not given is left out, secrets are asked for."""
    given: dict[str, Any] = {}  # Any: click's values
    hints = typing.get_type_hints(operation.args)
    for field in attrs.fields(operation.args):
        value = typed.get(field.name)
        if field.metadata.get("secret"):
            if value or field.default is attrs.NOTHING:
                given[field.name] = ask_secret(field.name, settings)
        elif isinstance(value, str) and _is_file(hints[field.name]):
            given[field.name] = read_file(value, settings)
        elif value is not None and value != ():
            given[field.name] = list(value) if isinstance(value, tuple) else value
    return given


def ask_secret(name: str, settings: Settings) -> str:
    """Return a secret from standard input or a prompt; never from the command line or the environment."""
    stdin = settings.world.stdin
    word = name.replace("_", " ")
    if not stdin.isatty():
        secret = stdin.readline().rstrip("\r\n")
        if not secret:
            raise click.UsageError(f"no {word} came on standard input")
        return secret
    if settings.no_input:
        raise click.UsageError(f"a {word} is needed on standard input: --{name.replace('_', '-')}-stdin")
    return str(click.prompt(word.capitalize(), hide_input=True, confirmation_prompt=True, err=True))


def _is_file(hint: Any) -> bool:  # Any: a type form
    return File in {hint, *typing.get_args(hint)}


def _click_type(name: str, hint: Any) -> tuple[click.ParamType[Any], bool]:  # Any: a type form
    """Return the click type and whether the field takes many values."""
    options = typing.get_args(hint) if typing.get_origin(hint) in {typing.Union, types.UnionType} else (hint,)
    if _is_file(hint):
        return click.Path(allow_dash=True), False
    for option in options:
        origin = typing.get_origin(option)
        if origin in _SEQUENCES:
            return _click_type(name, typing.get_args(option)[0])[0], True
        if isinstance(option, type) and issubclass(option, enum.Enum):
            return click.Choice([str(member.value) for member in option]), False
        if option is bool:
            return click.BOOL, False
        if option is float and name in TIME_FIELDS:
            return Moment(), False
        if option in {int, float}:
            number = click.INT if option is int else click.FLOAT
            return (Nullable(number) if len(options) > 1 else number), False
    return click.STRING, False
