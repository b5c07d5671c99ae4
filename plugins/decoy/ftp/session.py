"""This module serves one FTP control connection: lines in, the log-in, and then the commands."""

from collections import deque
from collections.abc import Sequence
from math import inf

from decnet_actors.contracts.decoy import HangUp, SessionEffect, StartTls
from decnet_actors.domain.facts import CommandSeen, CredentialSeen, LimitReached, Outcome, ProtocolViolated
from decnet_actors.domain.peer import Peer
from decnet_actors.wire import ftp
from plugins.decoy.ftp.client import Client, Host
from plugins.decoy.ftp.commands import COMMANDS
from plugins.decoy.ftp.transfers import Transfers
from plugins.decoy.ftp.visitor import Visitor, account_of

MAX_QUEUED = 64 * 1024  # bytes of commands that wait for a transfer or a refusal
MAX_NOTED = 1024  # bytes of a command that are recorded
MAX_USER = 256  # characters; PR_TUNABLE_LOGIN_MAX of ProFTPD
GUESTS = frozenset({"anonymous", "ftp"})
GUEST_ROOT = "/srv/ftp"  # home of the account ``ftp``, Debian's package of each daemon
_PAM_DELAY = 2.0  # seconds pam_unix asks for; pam_fail_delay(3) varies them
_CANONICAL = {"XPWD": "PWD", "XCWD": "CWD", "XCUP": "CDUP", "XMKD": "MKD", "XRMD": "RMD"}
_HTTP = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "CONNECT"})


class FtpSession:
    """One connection. See ``contracts.decoy.DataSession`` and ``CapturingSession``."""

    __slots__ = (
        "_client",
        "_failures",
        "_handle",
        "_heard",
        "_over",
        "_parser",
        "_queue",
        "_queued",
        "_transfers",
        "_verdict",
        "_wake",
    )

    def __init__(self, host: Host, peer: Peer) -> None:
        self._client = Client(host=host, peer=peer, umask=host.dialect.umask)
        self._parser = ftp.LineParser()
        self._transfers = Transfers(self._client)
        self._queue: deque[bytes] = deque()  # commands that wait
        self._queued = 0  # bytes of them
        self._failures = 0
        self._verdict = inf  # when the refusal in hand is told
        self._heard = 0.0
        self._wake = inf
        self._handle: int | None = None
        self._over = False

    # contracts.decoy.Session

    def opened(self, now: float) -> Sequence[SessionEffect]:
        """Return the greeting."""
        client = self._client
        self._heard = now
        client.say("greeting", text=client.dialect.greeting(client.peer.local_address, now), tls=self._offers)
        return self._taken()

    def received(self, data: bytes, now: float) -> Sequence[SessionEffect]:
        """Take commands."""
        self._heard = now
        was_tls = self._client.is_tls
        for event in self._parser.receive(data):
            if self._over or self._client.is_tls is not was_tls:  # what came in the clear behind AUTH is dropped
                break
            if isinstance(event, ftp.Overlong):
                self._client.note(ProtocolViolated(detail="a command is too long", sample=event.head))
                self._client.say("overlong")
                self._hang_up()
            elif self._busy or self._queue:
                self._hold(event.data)
            else:
                self._obey(event.data, now)
        return self._taken()

    def ended(self, now: float) -> Sequence[SessionEffect]:
        """The peer will send no more commands; a transfer in hand goes on."""
        del now
        if not self._transfers.busy:
            self._hang_up()
        return self._taken()

    def tick(self, now: float) -> Sequence[SessionEffect]:
        """Tell a refusal, give up waiting for a data connection, or for anything."""
        self._wake = inf
        if now >= self._verdict:
            self._refuse(now)
        elif not self._transfers.late(now) and not self._busy and now >= self._heard + self._client.dialect.idle:
            self._client.say("timeout")
            self._hang_up()
        self._catch_up(now)
        return self._taken()

    def closed(self, now: float) -> Sequence[SessionEffect]:
        """The connection is gone: what is left to be recorded."""
        client = self._client
        self._transfers.abandoned(now)
        if client.visitor is None and client.user is not None and not self._failures:
            client.note(CommandSeen(verb="USER", args=(ftp.encode(client.user)[:MAX_NOTED],)))
        if self._handle is not None:
            client.host.machine.logged_out(self._handle, now)
        effects, client.effects = client.effects, []
        return effects

    def take_artifacts(self) -> Sequence[bytes]:
        """Return (once) the files captured."""
        return self._transfers.take_artifacts()

    # contracts.decoy.DataSession

    def data_listening(self, port: int, now: float) -> Sequence[SessionEffect]:
        """The host waits on a port."""
        self._transfers.listening(port)
        return self._went_on(now)

    def data_opened(self, now: float) -> Sequence[SessionEffect]:
        """The peer has connected."""
        self._transfers.opened(now)
        return self._went_on(now)

    def data_received(self, data: bytes, now: float) -> Sequence[SessionEffect]:
        """Take a part of a file."""
        self._transfers.received(data, now)
        return self._went_on(now)

    def data_ended(self, now: float) -> Sequence[SessionEffect]:
        """The peer has sent its file."""
        self._transfers.ended()
        return self._went_on(now)

    def data_wanted(self, now: float) -> Sequence[SessionEffect]:
        """What was sent is gone."""
        self._transfers.wanted()
        return self._went_on(now)

    def data_closed(self, now: float) -> Sequence[SessionEffect]:
        """The data connection is gone."""
        self._transfers.closed(now)
        return self._went_on(now)

    def _went_on(self, now: float) -> Sequence[SessionEffect]:
        self._heard = now
        self._catch_up(now)
        return self._taken()

    # lines

    @property
    def _busy(self) -> bool:
        return self._verdict < inf or self._transfers.busy

    @property
    def _offers(self) -> str:
        return "tls" if self._client.host.tls is not None else ""

    def _hold(self, line: bytes) -> None:
        self._queued += len(line) + 1
        if self._queued > MAX_QUEUED:
            self._client.note(LimitReached(limit="queued_commands", value=self._queued))
            self._hang_up()
            return
        self._queue.append(line)

    def _catch_up(self, now: float) -> None:
        while self._queue and not self._busy and not self._over:
            line = self._queue.popleft()
            self._queued -= len(line) + 1
            self._obey(line, now)

    def _obey(self, line: bytes, now: float) -> None:
        """Answer one command."""
        client, dialect = self._client, self._client.dialect
        verb, argument = ftp.command(line)
        argument = dialect.argument(argument)
        if not verb:
            client.say_first("empty", *(["login.first"] if line and client.visitor is None else []), "nothing")
            return
        if dialect.resets_on_http and verb in _HTTP:
            client.note(_seen(verb, argument))
            client.say("http", arg=verb.lower())
            self._hang_up()
            return
        if verb not in {"USER", "PASS"}:
            client.note(_seen(verb, argument))
        verb = _CANONICAL.get(verb, verb)
        client.verb = line.partition(b" ")[0].decode("latin-1").upper()
        early = verb in dialect.early or (self._offers and verb in dialect.early_with_tls)
        if client.visitor is None and not early and (verb in dialect.verbs or dialect.hides_unknown):
            client.say("login.first")
        elif verb not in dialect.verbs:
            client.say("unknown", arg=argument)
        elif not argument and f"{verb.lower()}.empty" in dialect.texts:
            client.say(f"{verb.lower()}.empty")
        else:
            self._serve(verb, argument, now)

    def _serve(self, verb: str, argument: str, now: float) -> None:
        client = self._client
        if verb != "RNTO" and verb not in client.dialect.between_renames:
            client.renaming = ""
        match verb:
            case "USER":
                self._name(argument, now)
            case "PASS":
                self._try(argument, now)
            case "QUIT":
                client.say("quit", up=client.received_bytes // 1024, down=client.sent_bytes // 1024)
                self._hang_up()
            case "AUTH":
                self._secure(argument)
            case "PBSZ" | "PROT":
                self._protect(verb, argument)
            case "FEAT":
                client.say_first(*["feat.with"] if argument else [], "feat.tls" if self._offers else "feat")
            case "HELP":
                client.say_first(
                    *([f"help.{argument.upper()}", "help.unknown"] if argument else []), "help", arg=argument
                )
            case "OPTS":
                self._option(argument)
            case _ if verb in COMMANDS:
                COMMANDS[verb](client, self._transfers, argument, now)
            case _:
                name = verb.lower()
                first = [f"{name}.first"] if client.visitor is None else []
                client.say_first(*first, *[f"{name}.with"] if argument else [], name, arg=argument)

    def _option(self, argument: str) -> None:
        words = argument.upper().split(" ", 2)
        keys = [f"opts.{' '.join(words[:2])}", f"opts.{words[0]}"]
        self._client.say_first(*keys, "opts.unknown", arg=words[0][:100], rest=argument.partition(" ")[2][:100])

    # the log-in

    def _name(self, user: str, now: float) -> None:
        client, texts = self._client, self._client.dialect.texts
        if client.visitor is not None:
            same = client.visitor.user == user
            key = "user.guest.again" if client.guest else "user.again" if same else "user.other"
            client.say_first(key, "user.other", arg=user)
            return
        if len(user) > MAX_USER and "user.long" in texts:
            client.say("user.long")
            return
        client.user = user
        guest = client.host.anonymous and user.lower() in GUESTS
        if guest and not client.dialect.guest_needs_password:
            self._enter_guest(b"", now)
        else:
            client.say("user.guest" if guest and "user.guest" in texts else "user.ok", arg=user)

    def _try(self, password: str, now: float) -> None:
        client = self._client
        if client.visitor is not None:
            client.say_first("pass.guest.again" if client.guest else "pass.again", "pass.again")
            return
        if client.user is None:
            client.say("pass.early")
            return
        secret = ftp.encode(password)
        if client.host.anonymous and client.user.lower() in GUESTS:
            self._enter_guest(secret, now)
            return
        host, user = client.host, client.user
        account = account_of(host.machine, user)
        accepted = account is not None and host.policy.accepts(user, secret, service="ftp")
        self._attempted(user, secret, Outcome.ACCEPTED if accepted else Outcome.REFUSED)
        if accepted:
            client.visitor = Visitor(host.machine, user)
            self._handle = host.machine.logged_in(user, client.peer.address, now)
            client.user = None
            client.say("pass.ok", arg=user, path=client.visitor.cwd)
            return
        self._failures += 1
        draw = host.rng.random
        pam = 2.0 * (
            0.5 + (draw() + draw() + draw()) / 3
        )  # pam_unix asks for two seconds; pam_fail_delay(3) varies them
        delay = host.delay * (client.dialect.delay(self._failures) + pam)
        if delay > 0:
            self._verdict = now + delay
        else:
            self._refuse(now)

    def _enter_guest(self, secret: bytes, now: float) -> None:
        client = self._client
        self._attempted(client.user or "", secret, Outcome.ACCEPTED)
        client.visitor = Visitor(client.host.machine, "ftp", root=GUEST_ROOT)
        client.guest = True
        client.user = None
        self._handle = client.host.machine.logged_in("ftp", client.peer.address, now)
        client.say_first("pass.guest", "pass.ok", arg="anonymous", path="/")

    def _attempted(self, user: str, secret: bytes, outcome: Outcome) -> None:
        shown = ftp.encode(user).decode("utf-8", "backslashreplace")
        self._client.note(CredentialSeen(user=shown, secret=secret, mechanism="ftp", outcome=outcome))

    def _refuse(self, now: float) -> None:
        client = self._client
        self._verdict = inf
        client.say("pass.refused")
        if not client.dialect.keeps_user:
            client.user = None
        if self._failures >= client.dialect.tries:
            client.note(LimitReached(limit="login_tries", value=client.dialect.tries))
            self._hang_up()
        else:
            self._catch_up(now)

    # TLS (RFC 4217)

    def _secure(self, argument: str) -> None:
        client = self._client
        context = client.host.tls
        if context is None:
            client.say("auth.off")
        elif client.is_tls or (client.visitor is not None and "auth.late" in client.dialect.texts):
            client.say_first("login.first" if client.visitor is None else "auth.late", "auth.off")
        elif argument.upper() not in {"TLS", "TLS-C", "SSL", "TLS-P"}:
            client.say("auth.unknown")
        else:
            client.say("auth.ok", arg=argument.upper())
            client.effects.append(StartTls(context))
            client.is_tls = True
            self._parser.forget()
            self._queue.clear()
            self._queued = 0

    def _protect(self, verb: str, argument: str) -> None:
        client = self._client
        key = verb.lower()
        if client.host.tls is None:
            client.say(f"{key}.off")
        elif not client.is_tls:
            client.say_first(f"{key}.plain", f"{key}.off")
        elif verb == "PBSZ":
            client.sized = True
            client.say("pbsz.ok")
        elif not client.sized and "prot.early" in client.dialect.texts:
            client.say("prot.early")
        elif argument.upper() in {"P", "C"}:
            client.is_private = argument.upper() == "P"
            client.say(f"prot.{argument.upper()}")
        else:
            client.say("prot.unknown")

    # ends

    def _hang_up(self) -> None:
        if not self._over:
            self._over = True
            self._client.effects.append(HangUp())

    def _taken(self) -> Sequence[SessionEffect]:
        """Return what is to be done, and ask for the next tick where it is another."""
        client = self._client
        if not self._over:
            wake = min(self._verdict, self._transfers.deadline, self._heard + client.dialect.idle)
            if wake < self._wake or self._wake is inf:
                self._wake = wake
                client.wake(wake)
        effects, client.effects = client.effects, []
        return effects


def _seen(verb: str, argument: str) -> CommandSeen:
    shown = "".join(letter if letter.isprintable() and letter.isascii() else "?" for letter in verb[:64])
    data = ftp.encode(argument)[:MAX_NOTED]
    return CommandSeen(verb=shown, args=(data,) if argument else ())
