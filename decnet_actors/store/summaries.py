"""This module tells a fact in one line; everything a peer chose is escaped and cut."""

from decnet_actors.domain import facts, sensed
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.text import escaped
from decnet_actors.store.finding_summaries import finding

MAX_PART = 120  # characters of one value
MAX_ARGS = 8  # arguments shown of a command


def summary(fact: Fact) -> str:
    """Return what happened, for a list."""
    told = _lifecycle(fact) or _work(fact) or _conversation(fact) or _content(fact)
    return told or _traffic(fact) or finding(fact, _cut) or ""


def _lifecycle(fact: Fact) -> str | None:
    match fact:
        case facts.SessionOpened():
            return f"connected to port {fact.local_port}"
        case facts.SessionClosed():
            return f"closed by {fact.reason.value} after {fact.duration:.1f} s, {fact.bytes_in} bytes in"
        case facts.SessionCrashed():
            return f"crashed: {_cut(fact.error)}"
        case facts.ServiceStarted():
            return f"listening on {_cut(fact.address)} port {fact.port}"
        case facts.ServiceStopped():
            return _cut(fact.reason)
        case facts.AddressChanged():
            return f"{_cut(fact.old) or 'no address'} to {_cut(fact.new)}"
        case facts.DeckyMutated():
            old, new = (_cut(" ".join(names)) or "nothing" for names in (fact.old, fact.new))
            return f"{old} to {new} ({fact.trigger.value})"
        case facts.DeckyStateChanged():
            return f"{fact.old.value} to {fact.new.value}"
        case facts.LimitReached():
            return f"{_cut(fact.limit)} {fact.value}"
        case facts.ProtocolViolated():
            return f"{_cut(fact.detail)} {_cut(fact.sample)}".rstrip()
        case _:
            return None


def _work(fact: Fact) -> str | None:
    match fact:
        case facts.OperationStarted():
            return f"{_cut(fact.author)} began {_cut(fact.kind)}, to revision {fact.revision}"
        case facts.OperationProgressed():
            return f"{fact.done} of {fact.total} deckies"
        case facts.OperationEnded():
            return f"{_cut(fact.kind)} {'succeeded' if fact.succeeded else f'failed: {_cut(fact.error)}'}"
        case _:
            return None


def _conversation(fact: Fact) -> str | None:
    match fact:
        case facts.CredentialSeen():
            user = "-" if fact.user is None else _cut(fact.user)
            return f"{user} / {_cut(fact.secret)} {fact.outcome.value} ({_cut(fact.mechanism or fact.kind)})"
        case facts.CommandSeen():
            return " ".join([_cut(fact.verb), *(_cut(arg) for arg in fact.args[:MAX_ARGS])])
        case facts.ShellCommandSeen():
            return _cut(fact.line)
        case facts.TerminalSeen():
            return f"{len(fact.data)} bytes {fact.direction.value}"
        case facts.TerminalResized():
            return f"{fact.columns}x{fact.rows} {_cut(fact.term)}".rstrip()
        case facts.SshClientSeen():
            return f"{_cut(fact.version)} hassh {_cut(fact.hassh)}"
        case facts.TelnetClientSeen():
            return f"{_cut(fact.terminal)} {_cut(' '.join(fact.options))}".strip()
        case _:
            return None


def _content(fact: Fact) -> str | None:
    match fact:
        case facts.HttpRequestSeen():
            return f"{_cut(fact.method)} {_cut(fact.target)} {fact.status}"
        case facts.FileCaptured():
            return f"{_cut(fact.path)} {fact.size} bytes ({_cut(fact.mechanism)})"
        case facts.DownloadRequested():
            return f"{_cut(fact.mechanism)} {_cut(fact.url)}"
        case facts.DownloadFetched():
            return f"{_cut(fact.url)} {fact.size} bytes, sha256 {_cut(fact.sha256[:16])}"
        case facts.DownloadFailed():
            return f"{_cut(fact.url)} {_cut(fact.reason)}"
        case facts.ForwardRequested():
            return f"{_cut(fact.kind)} to {_cut(fact.host)} port {fact.port}"
        case _:
            return None


def _traffic(fact: Fact) -> str | None:
    match fact:
        case sensed.SynSeen():
            away = "" if fact.hops is None else f", {fact.hops} hops away"
            return f"port {fact.port} from {_cut(fact.os_guess) or 'an unknown system'}{away}"
        case sensed.TlsClientSeen():
            return f"TLS to {_cut(fact.sni) or f'port {fact.port}'}, ja4 {_cut(fact.ja4)}"
        case sensed.QuicClientSeen():
            return f"QUIC to {_cut(fact.sni) or f'port {fact.port}'}, ja4 {_cut(fact.ja4)}"
        case sensed.PortScanSeen():
            return (
                f"{_cut(fact.kind)} scan of {fact.targets} ports with {fact.packets} packets in {fact.duration:.1f} s"
            )
        case sensed.FlowEnded():
            size = f"{fact.bytes_in} bytes in, {fact.bytes_out} out"
            return f"port {fact.port} {_cut(fact.reason)} after {fact.duration:.1f} s, {size}"
        case _:
            return None


def _cut(value: str | bytes) -> str:
    return escaped(value, MAX_PART)
