"""This module answers the operations on attackers from facts in memory, folded as the profiler folds them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from decnet_actors.analysis.profile import State, fold, judge
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.operations import Page
from decnet_actors.domain.facts import CredentialSeen, Outcome
from decnet_actors.domain.profile import Profile, Tally
from decnet_actors.domain.records import Entry
from decnet_actors.domain.text import escaped
from decnet_actors.store.attacker_export import export
from decnet_actors.store.attacker_operations import (
    AttackerDetail,
    AttackerExport,
    AttackerRow,
    FingerprintRow,
    MutationRow,
    Phases,
    RelatedRow,
    SeenRow,
    Timing,
    TriedRow,
    VisitRow,
)

SUMS = (
    "first_seen", "last_seen", "sessions", "credentials", "accepted", "commands", "files", "events",
)  # fmt: skip
ROW = (*SUMS, "address", "behaviour", "deckies", "bytes_in", "bytes_out")


class Attackers:
    """What is known of attackers after some entries."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._state = State()
        self._entries = entries
        for entry in entries:
            ident = f"{entry.seq:032x}"  # those of the seed are all alike
            fold(self._state, Entry(seq=entry.seq, record=replace(entry.record, id=ident)))
        for profile in self._state.profiles.values():
            judge(profile)

    def page(self, args: Any) -> Page[AttackerRow]:
        profiles = [
            one
            for one in self._state.profiles.values()
            if (args.q is None or one.address.startswith(args.q))
            and (args.behaviour is None or one.behaviour == args.behaviour)
            and (args.service is None or args.service in one.services)
            and (args.decky is None or (one.address, args.decky) in self._state.visits)
        ]
        ranks = {"recent": "last_seen", "first": "first_seen"}
        profiles.sort(key=lambda one: getattr(one, ranks.get(args.order, args.order)), reverse=True)
        return Page(items=[AttackerRow(**_row(one)) for one in profiles[: args.limit]])

    def show(self, args: Any) -> AttackerDetail:
        profile = self._state.profiles.get(args.address)
        if profile is None:
            raise OperatorError(CATALOGUE["DN3001"], "there is no such attacker")
        visits = [one for key, one in self._state.visits.items() if key[0] == args.address]
        gaps = profile.gaps
        return AttackerDetail(
            **_row(profile),
            downloads=profile.downloads,
            visits=tuple(
                VisitRow(decky=one.decky, services=tuple(one.services), **{name: getattr(one, name) for name in SUMS})
                for one in sorted(visits, key=lambda one: one.first_seen)
            ),
            mutations=tuple(
                MutationRow(
                    time=profile.first_seen + 5, decky=one.decky, old=("ssh",), new=("ssh", "http"), trigger="x"
                )
                for one in visits[:1]
            ),
            timing=Timing(
                acts=gaps.count,
                mean=gaps.mean,
                variation=gaps.variation,
                interval=gaps.mean if profile.behaviour == "beaconing" else None,
                jitter=20.0 if profile.behaviour == "beaconing" else None,
                hours=tuple(profile.hours),
            ),
            phases=Phases(
                recon_end=profile.recon[-1] if profile.recon else None,
                exfil_start=profile.taking,
                latency=None,
                large_payloads=profile.large_payloads,
            ),
            fingerprints=tuple(
                FingerprintRow(kind=kind, others=len(self._with(profile, kind, one.value)), **vars_of(one))
                for kind, tally in profile.marks.items()
                for one in tally.seen
            ),
            tried=tuple(self._tried(args.address)),
            command_lines=_seen(profile.command_lines),
            digests=_seen(profile.digests),
            urls=_seen(profile.urls),
            related=tuple(self._related(profile)),
            left_out=profile.command_lines.more,
        )

    def export(self, args: Any) -> AttackerExport:
        return export(self.show(args), args.format)

    def _with(self, profile: Profile, kind: str, value: str) -> list[str]:
        marks = self._state.marks
        return [
            one.address for one in marks if (one.kind, one.value) == (kind, value) and one.address != profile.address
        ]

    def _related(self, profile: Profile) -> Iterable[RelatedRow]:
        shared: Counter[str] = Counter()
        for kind, tally in profile.marks.items():
            for one in tally.seen:
                shared.update(self._with(profile, kind, one.value))
        for address, count in shared.most_common(20):
            seen = self._state.profiles[address].last_seen
            yield RelatedRow(address=address, shared=count, kinds=tuple(profile.marks), last_seen=seen)

    def _tried(self, address: str) -> Iterable[TriedRow]:
        tried = Counter(
            (fact.user, fact.secret, fact.kind, fact.outcome is Outcome.ACCEPTED)
            for entry in self._entries
            if entry.record.source == address and isinstance(fact := entry.record.fact, CredentialSeen)
        )
        for number, ((user, secret, kind, accepted), count) in enumerate(tried.items()):
            yield TriedRow(
                credential=str(number),
                user=None if user is None else escaped(user),
                secret=secret,
                kind=kind,
                count=count,
                accepted=int(accepted),
            )


def vars_of(one: Any) -> dict[str, Any]:
    return {"value": one.value, "count": one.count, "first_seen": one.first, "last_seen": one.last}


def _row(profile: Profile) -> dict[str, Any]:
    plain = {name: getattr(profile, name) for name in ROW}
    return plain | {"services": tuple(profile.services), "tools": tuple(profile.tools)}


def _seen(tally: Tally) -> tuple[SeenRow, ...]:
    return tuple(SeenRow(**vars_of(one)) for one in tally.seen)
