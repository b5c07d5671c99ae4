"""This module makes of replies what is kept and told: rows, the verdict of all providers, and the finding."""

from collections.abc import Iterable, Mapping

from attrs import evolve, frozen

from decnet_actors.contracts.analysis import Found
from decnet_actors.contracts.intel import Known, Opinion, said
from decnet_actors.domain.findings import AttackerEnriched, ProviderOpinion
from decnet_actors.domain.intel import Verdict, together
from decnet_actors.enrich.correspondent import Reply


@frozen(kw_only=True)
class Outcome:
    """What replies about addresses come to."""

    rows: tuple[Known, ...]  # those that changed
    verdicts: Mapping[str, tuple[Verdict, float]]  # of addresses that were answered, and when
    found: tuple[Found, ...]


def outcome(
    known: Mapping[str, Mapping[str, Known]],
    replies: Mapping[str, Mapping[str, Reply]],
    *,
    good_for: Mapping[str, float],
    wanted: Mapping[str, float],
    now: float,
    retry: float,
) -> Outcome:
    """Return what is kept and told.

    Args:
        known: what is kept, by address and provider.
        replies: by provider and address.
        good_for: seconds for which an opinion of each provider counts; what others said does not count any more.
        wanted: when each address was wanted.
        now: Unix seconds.
        retry: seconds until a failed request is made again.

    """
    rows: list[Known] = []
    verdicts: dict[str, tuple[Verdict, float]] = {}
    found: list[Found] = []
    for address, before in known.items():
        after = {
            name: _row(
                address, name, before.get(name), by_address[address], wanted[address], now, good_for[name], retry
            )
            for name, by_address in replies.items()
            if address in by_address
        }
        rows += after.values()
        counted = [row for name, row in sorted({**before, **after}.items()) if name in good_for and row.answered]
        if not any(row.answered == now for row in after.values()):
            continue
        verdict = together(row.verdict for row in counted)
        verdicts[address] = (verdict, now)
        if any(_is_news(before.get(name), row) for name, row in after.items()):
            found.append(Found(finding=_finding(address, verdict, counted), time=now))
    return Outcome(rows=tuple(rows), verdicts=verdicts, found=tuple(found))


def _row(
    address: str, provider: str, before: Known | None, reply: Reply, wanted: float, now: float, ttl: float, retry: float
) -> Known:
    if isinstance(reply, Opinion):
        return Known(
            address=address,
            provider=provider,
            asked=now,
            answered=now,
            expires=now + ttl,
            wanted=wanted,
            verdict=reply.verdict,
            fields=reply.fields,
        )
    expires = now + (max(retry, reply.again) if reply.asked else reply.again)
    row = before or Known(address=address, provider=provider, asked=None, answered=None, expires=expires, wanted=wanted)
    asked = now if reply.asked else row.asked
    return evolve(row, asked=asked, expires=expires, wanted=wanted, error=reply.reason)  # an older opinion stays


def _is_news(before: Known | None, after: Known) -> bool:
    if after.error:
        return False
    return before is None or not before.answered or (before.verdict, before.fields) != (after.verdict, after.fields)


def _finding(address: str, verdict: Verdict, rows: Iterable[Known]) -> AttackerEnriched:
    return AttackerEnriched(
        address=address,
        verdict=verdict,
        opinions=tuple(
            ProviderOpinion(
                provider=row.provider, verdict=row.verdict, answered=row.answered or 0.0, labels=said(row.fields)
            )
            for row in rows
        ),
    )
