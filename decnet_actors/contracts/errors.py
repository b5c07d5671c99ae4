"""This module defines errors an operator sees: a code, what happened, why, and how to fix it.

OperatorError
    one per code in CATALOGUE; surfaces: CLI text, ``-o json``, problem+json
"""

from collections.abc import Sequence

from attrs import frozen


@frozen(kw_only=True)
class ErrorKind:
    """One entry of the catalogue of error codes."""

    code: str  # DNxxxx: 1 configuration, 2 fleet and decoys, 3 store, 4 access, 5 requests, 6 runtime
    title: str
    status: int  # HTTP
    exit: int  # decnetctl
    why: str
    fix: tuple[str, ...] = ()


class OperatorError(Exception):
    """Something an operator asked for cannot be done.

    Args:
        kind: the catalogue entry.
        detail: one sentence with the facts: what, where.
        fix: commands or edits that would help here; the catalogue's when empty.
        errors: single causes (``file:line:col: text`` or ``/pointer: text``).

    """

    def __init__(self, kind: ErrorKind, detail: str, *, fix: Sequence[str] = (), errors: Sequence[str] = ()) -> None:
        super().__init__(f"{kind.code}: {detail}")
        self.kind = kind
        self.detail = detail
        self.fix = tuple(fix) or kind.fix
        self.errors = tuple(errors)


KINDS = (
    ErrorKind(
        code="DN1001",
        title="Configuration file cannot be read",
        status=500,
        exit=78,
        why="The file is missing, unreadable or not UTF-8.",
    ),
    ErrorKind(
        code="DN1002",
        title="Configuration file is not TOML",
        status=422,
        exit=78,
        why="The TOML parser stopped at the place shown.",
    ),
    ErrorKind(
        code="DN1003",
        title="Unknown configuration key",
        status=422,
        exit=78,
        why="A key that nothing reads is usually a misspelt one, so it is refused.",
    ),
    ErrorKind(
        code="DN1012",
        title="Configuration value is not valid",
        status=422,
        exit=78,
        why="The value has the wrong type or is out of range.",
        fix=("decnetctl explain KEY",),
    ),
    ErrorKind(
        code="DN2001",
        title="No such decky",
        status=404,
        exit=4,
        why="No decky has that name.",
        fix=("decnetctl decky list",),
    ),
    ErrorKind(
        code="DN2002",
        title="Fleet is paused",
        status=409,
        exit=6,
        why="Somebody wanted it to rest: no decky changes by itself meanwhile. The history says who and why.",
        fix=("decnetctl fleet resume", "decnetctl fleet history"),
    ),
    ErrorKind(
        code="DN2107",
        title="Address or port cannot be had",
        status=409,
        exit=6,
        why="Another program owns the port, or the address is not on this host.",
        fix=("ss -ltnp", "ip address"),
    ),
    ErrorKind(
        code="DN2112",
        title="Packets cannot be listened to",
        status=503,
        exit=6,
        why="[sniffer] enabled is on, and packet sockets need CAP_NET_RAW, of decnetd or of decnet-netd.",
        fix=("decnetctl doctor network.sniffer", "sudo systemctl restart decnet-netd.service"),
    ),
    ErrorKind(code="DN3001", title="No such record", status=404, exit=4, why="Nothing here has that name or id."),
    ErrorKind(
        code="DN3002",
        title="The database cannot be written",
        status=503,
        exit=1,
        why="The disk is full, read-only or gone. Decoys hold their answers meanwhile; nothing answered is lost.",
        fix=("df -h", "decnetctl doctor"),
    ),
    ErrorKind(
        code="DN3003",
        title="Backup is damaged",
        status=422,
        exit=1,
        why="A checksum in the backup's manifest does not match.",
    ),
    ErrorKind(
        code="DN4001",
        title="Not signed in",
        status=401,
        exit=5,
        why="The request carries no valid session or token.",
    ),
    ErrorKind(
        code="DN4003",
        title="Not allowed",
        status=403,
        exit=5,
        why="The caller's role does not include this operation.",
    ),
    ErrorKind(code="DN4009", title="Name is taken", status=409, exit=6, why="Another object has that name."),
    ErrorKind(
        code="DN4010",
        title="Not possible now",
        status=409,
        exit=6,
        why="What it was asked of is in a state that does not allow it; the message says what is in the way.",
    ),
    ErrorKind(
        code="DN4012",
        title="Changed meanwhile",
        status=412,
        exit=6,
        why="The state that If-Match names is not the one the object has now: somebody else changed it.",
        fix=("GET it again, and repeat the change if it is still wanted",),
    ),
    ErrorKind(
        code="DN4028",
        title="State is not named",
        status=428,
        exit=2,
        why="PUT, PATCH and DELETE change only the state the caller knows, so that nobody's change is lost.",
        fix=("send If-Match with the ETag of a GET, or * for whatever state it is in",),
    ),
    ErrorKind(
        code="DN4029",
        title="Too many requests",
        status=429,
        exit=1,
        why="Sign-in attempts are limited per address and user, requests per API token, live streams in all.",
        fix=("wait as long as the Retry-After header of the answer says",),
    ),
    ErrorKind(
        code="DN5001",
        title="Request is not valid",
        status=422,
        exit=2,
        why="An argument is missing, unknown or has the wrong type.",
    ),
    ErrorKind(
        code="DN5002",
        title="No such operation",
        status=404,
        exit=2,
        why="Client and daemon may be of different versions.",
    ),
    ErrorKind(
        code="DN5003",
        title="No such plugin",
        status=404,
        exit=4,
        why="No installed package offers a plugin of that name.",
        fix=("decnetctl plugin list",),
    ),
    ErrorKind(
        code="DN5004",
        title="Plugin cannot be loaded",
        status=500,
        exit=1,
        why="The plugin is installed but its import fails, or something it needs is missing.",
    ),
    ErrorKind(
        code="DN6001",
        title="Daemon is not running or not ready",
        status=503,
        exit=3,
        why="Nobody answers on the control socket.",
        fix=("decnetd", "decnetctl doctor"),
    ),
    ErrorKind(
        code="DN6002",
        title="No such actor",
        status=404,
        exit=4,
        why="No actor has that path.",
        fix=("decnetctl actor tree",),
    ),
    ErrorKind(
        code="DN6003",
        title="Actor cannot be stopped",
        status=409,
        exit=6,
        why="Without it there would be no evidence, or no way to start it again.",
        fix=("decnetctl actor restart PATH",),
    ),
    ErrorKind(
        code="DN6004",
        title="Timed out",
        status=504,
        exit=7,
        why="No answer came within the time allowed.",
    ),
    ErrorKind(
        code="DN6005",
        title="Too many requests at once",
        status=503,
        exit=1,
        why="The control socket takes a bounded number of requests at a time, of one client and of all.",
    ),
    ErrorKind(
        code="DN6006",
        title="Cancelled",
        status=499,
        exit=130,
        why="The client gave the request up before it was done.",
    ),
    ErrorKind(
        code="DN6007",
        title="Daemon cannot start",
        status=500,
        exit=1,
        why="Something it needs from the host is not to be had: a folder, the database, a socket.",
        fix=("decnetd -t",),
    ),
    ErrorKind(
        code="DN6008",
        title="Actor does not start",
        status=500,
        exit=1,
        why="It failed while it was starting; the daemon's log has the reason.",
        fix=("decnetctl doctor", "decnetctl actor list --state failed"),
    ),
    ErrorKind(
        code="DN6010",
        title="Host cannot be set up",
        status=500,
        exit=1,
        why="A step of init failed. What was done before it is recorded: run init again, or undo it with --deinit.",
    ),
    ErrorKind(
        code="DN6020",
        title="Address data cannot be refreshed",
        status=502,
        exit=1,
        why="No source could be read, or the index could not be written. What was there before is still in use.",
        fix=("decnetctl geoip status", "decnetctl config show geoip"),
    ),
    ErrorKind(
        code="DN6500",
        title="Internal error",
        status=500,
        exit=1,
        why="A defect of ours. The traceback is in the daemon's log under the request id shown.",
    ),
)

CATALOGUE: dict[str, ErrorKind] = {kind.code: kind for kind in KINDS}
