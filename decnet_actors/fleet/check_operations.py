"""This module defines the operation that looks for contradictions between the surfaces of deckies."""

from attrs import field, frozen

from decnet_actors.contracts.operations import Audit, Operation, Page, Role, Route, about


@frozen(kw_only=True)
class DeckyCheckArgs:
    """Which deckies."""

    deckies: tuple[str, ...] = field(default=(), metadata=about("Deckies to check; by default all.", positional=True))


@frozen(kw_only=True)
class CoherenceRow:
    """What one rule found on one decky: nothing, or two surfaces that do not agree."""

    decky: str
    check: str  # kernel, memory, accounts
    ok: bool
    here: str = ""  # uname -r
    says: str = ""
    there: str = ""  # /proc/version
    but: str = ""  # what that says


DECKY_CHECK = Operation(
    name="decky.check",
    summary="Look at a decky as a peer does, by its shell, files and services, and tell where these contradict.",
    args=DeckyCheckArgs,
    result=Page[CoherenceRow],
    role=Role.ANALYST,
    audit=Audit.CHANGE,  # it connects to the services, which is evidence
    route=Route(method="POST", path="/deckies:check"),
    examples=("decnetctl decky check", "decnetctl decky check web-01 --output json"),
    columns=("ok", "decky", "check", "here", "says", "there", "but"),
)
