"""This module makes a command of an operation: ask the daemon (or answer here), show the answer, tell how it went."""

import sys
import typing
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any, TypeAlias

import attrs
import click
from attrs import field, frozen
from click.shell_completion import CompletionItem

from decnet_actors.contracts.operations import Mode, Nothing, Operation, Page
from decnet_actors.ctl import options, parameters, registry, render, waiting
from decnet_actors.ctl.cells import words
from decnet_actors.ctl.client import connect
from decnet_actors.ctl.failure import CommandFailed
from decnet_actors.ctl.helping import write_examples, write_options
from decnet_actors.ctl.shape import ordered
from decnet_actors.ctl.world import Daemon, Settings

Plain: TypeAlias = Any  # the shape of JSON
AnyOperation: TypeAlias = Operation[Any, Any]

PAGE = 1000  # rows asked for at a time
MAX_PAGES = 1000  # followed for one answer
DANGEROUS = frozenset({"stop", "revoke", "restore", "delete", "remove", "disable"})
COMPLETION_TIMEOUT = 0.5  # seconds
COMPLETIONS = {  # what completes a positional: noun.field -> the operation whose names it is
    "decky.name": "decky.list",
    "decky.deckies": "decky.list",
    "archetype.name": "archetype.list",
    "operation.id": "operation.list",
    "fleet.revision": "fleet.history",
    "selftest.deckies": "decky.list",
    "actor.path": "actor.list",
    "plugin.id": "plugin.list",
    "user.name": "user.list",
    "api-token.id": "api-token.list",
    "errors.code": "errors.list",
}


@frozen(kw_only=True)
class Preview:
    """What a dry run came to: lines for people, a question (empty for none), and arguments to hold the change to it."""

    lines: tuple[str, ...] = ()
    question: str = ""
    carried: Mapping[str, Plain] = field(factory=dict)


@frozen(kw_only=True)
class View:
    """How an answer is shown to people, and which exit code it means.

    ``show`` gets the answer (an iterator, for a stream) in the formats table and wide only; ``judge`` gets it in all.
    ``preview`` makes the command ask for a dry run first, and gets its answer.
    """

    show: Callable[[Plain, Settings], None] | None = None
    judge: Callable[[Plain], int] | None = None
    preview: Callable[[Plain], Preview] | None = None
    patience: float | None = None  # seconds to wait for an answer, unless --timeout says


class OperationCommand(click.Command):
    """A click command generated from an operation; its help begins with the operation's examples."""

    def __init__(self, operation: AnyOperation, name: str) -> None:
        self.operation = operation
        fields = {field.name for field in attrs.fields(operation.args)}
        super().__init__(
            name,
            params=[
                *parameters.parameters(operation, lambda field: _completer(f"{operation.noun}.{field}")),
                *([options.wait()] if operation.outlasts else []),
                *options.flags(without=tuple(fields)),
            ],
            help=operation.summary,
            callback=self._run,
        )

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what it does, then the examples: they are what most people look for."""
        super().format_help_text(ctx, formatter)
        write_examples(formatter, self.operation.examples)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options apart from those of every command."""
        write_options(self, ctx, formatter)

    def _run(self, /, **typed: Any) -> int:  # Any: click's values
        ctx = click.get_current_context()
        options.heed_color(ctx)
        settings = options.settings_of(ctx)
        if "limit" in typed and typed["limit"] is None:  # the flag before the noun is a default for the field
            typed["limit"] = settings.limit
        args = parameters.arguments(self.operation, typed, settings)
        view: View = registry.find(registry.VIEWS, self.operation.name) or View()
        if view.patience is not None and settings.timeout == options.DEFAULT_TIMEOUT:
            settings = attrs.evolve(settings, timeout=view.patience)
        settings = attrs.evolve(settings, wait=typed.get("wait") is not False)
        if view.preview is not None:
            args |= {} if args.get("dry_run") else _looked_at(self.operation, args, view.preview, settings)
        elif self.operation.verb in DANGEROUS and not args.get("dry_run"):
            what = self.operation.summary.rstrip(".").partition(";")[0]  # the rest is no part of the question
            confirm(f"{what} ({words(list(args.values()))})?", settings)
        return run(self.operation, args, settings)


def run(operation: AnyOperation, args: Mapping[str, Plain], settings: Settings) -> int:
    """Ask, show, and return the exit code; again and again with --watch."""
    if settings.watch is None:
        return _once(operation, args, settings)
    while True:
        if sys.stdout.isatty():
            click.echo("\033[2J\033[H", nl=False)  # clear, home
        _once(operation, args, settings)
        settings.world.sleep(settings.watch)


def _looked_at(
    operation: AnyOperation, args: Mapping[str, Plain], preview: Callable[[Plain], Preview], settings: Settings
) -> Mapping[str, Plain]:
    """Show what a change would come to, ask if it takes something away, and return the arguments to hold it to that."""
    looked = preview(ordered(_answer(operation, {**args, "dry_run": True}, settings), operation.result))
    if settings.output in {"table", "wide"} and not settings.columns:
        for line in looked.lines:
            click.echo(line)
    if looked.question:
        confirm(looked.question, settings)
    return {name: value for name, value in looked.carried.items() if name not in args}


def confirm(question: str, settings: Settings) -> None:
    """Ask before danger. Without a terminal nobody can be asked, so --yes must say it.

    Raises:
        click.UsageError: nobody can be asked.
        click.Abort: the answer is no.

    """
    if settings.yes:
        return
    if settings.no_input or not settings.world.stdin.isatty():
        raise click.UsageError(f"{question} Say so with --yes.")
    click.confirm(question, abort=True, err=True)


def remark(text: str, settings: Settings) -> None:
    """Say something to the person at the terminal, on standard error."""
    if not settings.quiet:
        click.echo(text, err=True)


def _once(operation: AnyOperation, args: Mapping[str, Plain], settings: Settings) -> int:
    view: View = registry.find(registry.VIEWS, operation.name) or View()
    for_people = settings.output in {"table", "wide"} and not settings.columns
    if operation.mode is Mode.STREAM:
        return _stream(operation, args, settings, view if for_people else View(judge=view.judge))
    answer = ordered(_answer(operation, args, settings), operation.result)
    if operation.outlasts and settings.wait and answer["operation"] is not None:
        answer = ordered({**answer, "operation": waiting.ended(answer["operation"], settings)}, operation.result)
    if view.show is not None and for_people:
        view.show(answer, settings)
    elif isinstance(answer.get("items"), list):
        render.many(answer, operation.columns, settings, _item_fields(operation))
        _remark_on(answer, operation, settings)
    elif operation.result is Nothing:
        remark(f"ok  {operation.noun} {operation.verb} {words(list(args.values()))}", settings)
        if settings.output == "json":
            render.one(answer, (), settings)
    else:
        render.one(answer, operation.columns, settings)
        field, text = registry.REMARKS.get(operation.name, ("", ""))
        if answer.get(field):
            remark(text, settings)
    return view.judge(answer) if view.judge is not None else 0


def _stream(operation: AnyOperation, args: Mapping[str, Plain], settings: Settings, view: View) -> int:
    judged = _Judged(view.judge)
    local = registry.find(registry.LOCAL, operation.name)
    answers = local(args, settings) if local is not None else connect(settings).stream(operation.name, args)
    with closing(_limited(answers, settings.limit, operation)) as items:
        seen = judged.watch(items)
        if view.show is not None:
            view.show(seen, settings)
        else:
            render.stream(seen, operation.columns, settings)
    return judged.code


class _Judged:
    """The exit code of a stream: the worst of its items'."""

    def __init__(self, judge: Callable[[Plain], int] | None) -> None:
        self._judge = judge
        self.code = 0

    def watch(self, items: Iterable[Plain]) -> Iterator[Plain]:
        for item in items:
            if self._judge is not None:
                self.code = max(self.code, self._judge(item))
            yield item


def _limited(items: Generator[Plain], limit: int | None, operation: AnyOperation) -> Generator[Plain]:
    with closing(items):
        for number, item in enumerate(items, 1):
            yield ordered(item, operation.result)
            if number == limit:
                return


def _answer(operation: AnyOperation, args: Mapping[str, Plain], settings: Settings) -> Plain:
    local = registry.find(registry.LOCAL, operation.name)
    if local is not None:
        return local(args, settings)
    daemon = connect(settings)
    try:
        if {"cursor", "limit"} <= {field.name for field in attrs.fields(operation.args)}:
            return _pages(daemon, operation, args)
        return daemon.call(operation.name, args)
    except CommandFailed as error:
        fallback = registry.find(registry.FALLBACK, operation.name)
        if fallback is None or error.body["code"] not in {"DN6001", "DN4003"}:
            raise
        return fallback(args, settings, error)


def _pages(daemon: Daemon, operation: AnyOperation, args: Mapping[str, Plain]) -> Plain:
    """Follow the cursor until there are as many rows as asked for; a search may answer with short pages."""
    default = next(field.default for field in attrs.fields(operation.args) if field.name == "limit")
    wanted = int(args.get("limit", default))
    items: list[Plain] = []
    body: Plain = {"items": [], "next": args.get("cursor")}
    for _ in range(MAX_PAGES):
        ask = {**args, "limit": min(PAGE, wanted - len(items))}
        if body["next"] is not None:
            ask["cursor"] = body["next"]
        body = daemon.call(operation.name, ask)
        items += body["items"]
        if body["next"] is None or len(items) >= wanted:
            break
    return {**body, "items": items}


def _item_fields(operation: AnyOperation) -> tuple[str, ...]:
    """Return the fields of a page's items."""
    if typing.get_origin(operation.result) is not Page:
        return ()
    return tuple(field.name for field in attrs.fields(typing.get_args(operation.result)[0]))


def _remark_on(answer: Plain, operation: AnyOperation, settings: Settings) -> None:
    if not answer["items"]:
        hint = registry.HINTS.get(operation.name)
        remark("nothing found" + (f"; {hint}" if hint else ""), settings)
    elif answer.get("next") is not None:
        remark(f"more: --cursor {words(answer['next'])}, or a larger --limit", settings)


def _completer(place: str) -> Callable[..., list[CompletionItem[Any]]]:
    """Return the shell completion of a positional: the names the live daemon has."""

    def complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[Any]]:
        source = COMPLETIONS.get(place)
        if source is None:
            return []
        noun, _, verb = source.partition(".")
        operation = registry.commands_of(noun).get(verb)
        if operation is None:
            return []
        settings = attrs.evolve(options.settings_of(ctx), timeout=COMPLETION_TIMEOUT)
        try:
            answer = _answer(operation, {}, settings)
        except CommandFailed:
            return []
        names = [render.identity(item, operation.columns) for item in answer["items"]]
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]

    return complete
