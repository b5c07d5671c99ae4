"""This module defines the operation that sets up a host: what it takes, and what it says of each step.

Imports attrs and the operation classes only, so the command line stays light, which answers it by itself.
"""

from enum import StrEnum

from attrs import field, frozen

from decnet_actors.contracts.operations import Audit, Mode, Operation, Role, about


class StepResult(StrEnum):
    """What came of a step."""

    DONE = "done"
    SKIP = "skip"  # nothing to do, or not now; the detail says which
    WOULD = "would"  # of a dry run
    FAIL = "fail"


@frozen(kw_only=True)
class InitStep:
    """One step of setting up a host, or of undoing it."""

    result: StepResult
    what: str
    detail: str = ""


@frozen(kw_only=True)
class InitArgs:
    """How to set up, or undo it."""

    dry_run: bool = field(default=False, metadata=about("Say every step, change nothing."))
    no_start: bool = field(default=False, metadata=about("Neither enable nor start the services."))
    force: bool = field(default=False, metadata=about("Rewrite files that differ; the former one is kept as .bak."))
    neighbours: bool = field(
        default=False, metadata=about("Also raise the kernel's neighbour tables, for more than some 400 deckies.")
    )
    deinit: bool = field(default=False, metadata=about("Undo what init did; evidence and changed files are kept."))
    purge: bool = field(
        default=False, metadata=about("With --deinit: remove evidence and changed files too, after a question.")
    )
    root: str = field(default="/", metadata=about("Folder to take for /: a package's or an image's tree."))


INIT_RUN = Operation(
    name="init.run",
    summary="Set up this host: user, folders, configuration, systemd units. Again is harmless.",
    args=InitArgs,
    result=InitStep,
    role=Role.ADMIN,
    audit=Audit.NONE,  # there is no daemon yet that could keep a record; the host's own manifest is one
    mode=Mode.STREAM,
    route=None,
    examples=(
        "decnetctl init",
        "decnetctl init --dry-run",
        "decnetctl init --deinit",
        "decnetctl init --root ./image --no-start",
    ),
    columns=("what", "result", "detail"),
    exempt={
        "rest": "changes the host the command runs on, before there is a daemon",
        "control": "works without a daemon",
    },
)

OPERATIONS = (INIT_RUN,)
