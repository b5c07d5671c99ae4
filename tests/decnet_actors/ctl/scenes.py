"""Answers of a daemon in the middle of its work, for outputs that people can judge."""

import hashlib

from tests.decnet_actors.ctl.samples import NOW


def _page(*items, following=None):
    return {"items": list(items), "next": following}


def _bytes(text):
    return {"text": text, "base64": "cm9vdA=="}


EVENTS = [
    {
        "seq": 4711,
        "id": "0199a3b2c4d57e8f9a0b1c2d3e4f5061",
        "time": NOW - 75,
        "host": "local",
        "decky": "web-01",
        "service": "ssh",
        "session": "0199a3b2c4d57e8f9a0b1c2d3e4f0001",
        "source": "203.0.113.7",
        "source_port": 51515,
        "kind": "CredentialSeen",
        "topic": "decky.local.web-01.credential_seen",
        "summary": "root / hunter2\\x1b[31m refused",
        "fact": {"user": "root", "secret": _bytes("hunter2\\x1b[31m"), "kind": "plaintext", "outcome": "refused"},
    },
    {
        "seq": 4712,
        "id": "0199a3b2c4d57e8f9a0b1c2d3e4f5062",
        "time": NOW - 3,
        "host": "local",
        "decky": "db-01",
        "service": "redis",
        "session": "",
        "source": "2001:db8::7",
        "source_port": 6,
        "kind": "CommandSeen",
        "topic": "decky.local.db-01.command_seen",
        "summary": "CONFIG SET dir \x1b]0;x\x07 \u202egnp",
        "fact": {"verb": "CONFIG", "args": [_bytes("SET"), _bytes("dir")]},
    },
]
SESSION = {
    "id": "0199a3b2c4d57e8f9a0b1c2d3e4f0001",
    "decky": "web-01",
    "service": "ssh",
    "source": "203.0.113.7",
    "source_port": 51515,
    "opened": NOW - 3600,
    "last_seen": NOW - 3000,
    "closed": NOW - 3000,
    "reason": "peer",
    "duration": 600.0,
    "bytes_in": 1234,
    "bytes_out": 56789,
    "events": 17,
    "commands": 4,
    "credentials": 2,
    "files": 1,
    "replayable": True,
    "user": "root",
    "client": "SSH-2.0-Go",
    "host": "local",
    "first_seq": 4700,
    "last_seq": 4716,
}
ACTOR = {
    "path": "decnetd",
    "kind": "supervisor",
    "state": "running",
    "uptime": 90061.0,
    "restarts": 0,
    "handled": 12,
    "mailbox_depth": 0,
    "mailbox_high": 1,
    "dropped": 0,
    "busy_for": 0.0,
    "last_error": "",
}


def _actor(path, *children, **changes):
    return {**ACTOR, "path": path, "kind": "actor", **changes, "children": list(children)}


TREE = _actor(
    "decnetd",
    _actor("decnetd/store", _actor("decnetd/store/journal", mailbox_depth=3, busy_for=1.5), kind="supervisor"),
    _actor(
        "decnetd/fleet",
        _actor("decnetd/fleet/web-01/ssh", state="backoff", restarts=7, last_error="OSError: [Errno 98] in use" * 5),
        _actor("decnetd/fleet/web-01/http", dropped=2),
        kind="supervisor",
    ),
    _actor("decnetd/web", state="stopped"),
    kind="supervisor",
)
SERVICE = {
    "decky": "web-01",
    "service": "ssh",
    "state": "up",
    "address": "127.0.1.1",
    "port": 2222,
    "claimed_port": 22,
    "sessions": 3,
    "restarts": 0,
    "error": "",
}
DECKY = {
    "name": "web-01",
    "state": "up",
    "address": "127.0.1.1",
    "system": "Debian GNU/Linux 12 (bookworm)",
    "hostname": "web-01.corp.example",
    "services": ["http", "ssh"],
    "sessions": 3,
}
USER = {"name": "ana", "role": "admin", "disabled": False, "created": NOW - 86400 * 40, "last_login": NOW - 60}
TOKEN = {
    "id": "3f9a12c04b7e",
    "name": "siem",
    "role": "viewer",
    "created": NOW - 86400,
    "created_by": "ana",
    "expires": NOW + 86400 * 89,
    "last_used": None,
}
ATTACKER = {
    "address": "203.0.113.7",
    "behaviour": "beaconing",
    "tools": ["cobalt_strike", "curl"],
    "first_seen": NOW - 99,
    "last_seen": NOW - 9,
    "sessions": 2,
    "services": ["http", "ssh"],
    "deckies": 1,
    "credentials": 3,
    "accepted": 0,
    "commands": 1,
    "files": 1,
    "bytes_in": 2048,
    "bytes_out": 512,
    "events": 17,
}
CREDENTIAL = {
    "id": "c1",
    "user": "root",
    "secret": _bytes("=cmd()"),
    "kind": "plaintext",
    "mechanism": "ssh password",
    "hashcat": None,
    "first_seen": NOW - 86400,
    "last_seen": NOW - 5,
    "count": 12,
    "accepted": 0,
    "sessions": 9,
}
REUSE = {
    "id": "5f1c9e0d2a7b4c6380917f25e4d3a1b05f1c9e0d2a7b4c6380917f25e4d3a1b0",
    "secret": _bytes("Kx7!vQ2z"),
    "kind": "plaintext",
    "sources": 2,
    "targets": 2,
    "attempts": 4,
    "accepted": 0,
    "confidence": 0.737,
    "reasons": ["tried by 2 of 1204 sources: rarity 0.91", "the choosiest of them tried 3 secrets: choice 0.81"],
    "planted": [],
    "first_seen": NOW - 86400,
    "last_seen": NOW - 5,
}
BAIT = {
    **REUSE,
    "id": "a0b1" * 16,
    "secret": _bytes("=cmd()"),
    "sources": 1,
    "confidence": 1.0,
    "reasons": ["bait that was laid out on web-01"],
    "planted": ["web-01"],
}
USED = {"attempts": 2, "accepted": 0, "first_seen": NOW - 86400, "last_seen": NOW - 5}
BACKUP = {
    "name": "decnet-20260101T000000Z.tar",
    "created": NOW - 5,
    "size": 5 << 20,
    "version": "0001",
    "engine": "sqlite",
    "rows": 4712,
    "artifacts": 3,
}
CAST = [
    '{"version": 2, "width": 80, "height": 24}',
    '[0.1, "o", "web-01:~# "]',
    '[1.5, "o", "echo \\u001b[31mred\\r"]',
    '[1.6, "o", "\\n\\u001b[31mred\\u001b[0m\\r\\nweb-01:~# "]',
]
STATUS = {
    "ready": True,
    "version": "0.1.0",
    "started": NOW - 90061,
    "uptime": 90061.0,
    "host": "local",
    "deckies_up": 2,
    "deckies_total": 3,
    "services_up": 5,
    "services_total": 5,
    "sessions_active": 3,
    "events_total": 4712,
    "last_event": NOW - 3,
    "journal_lag": 0.0123,
    "journal_stalled": False,
    "actors": 31,
    "restarts": 7,
    "loop_lag_ms": 0.42,
    "memory": 88 << 20,
    "database_size": 12 << 20,
    "disk_free": 30 << 30,
    "sniffer": "lan0",
    "sniffer_packets": 1234,
    "sniffer_dropped": 0,
    "sniffer_suppressed": 0,
    "dashboard": "https://127.0.0.1:8443",
    "config_files": ["/etc/decnet/decnet.toml"],
    "problems": [{"code": "DN2107", "text": "web-01 ssh: port 22 is taken", "fix": "decnetctl decky show web-01"}],
}
FIGURE = {"value": 120, "previous": 80}
OVERVIEW = {
    "since": NOW - 86400,
    "until": NOW,
    "step": 1800.0,
    **dict.fromkeys(("events", "sessions", "credentials", "accepted", "sources", "commands", "files"), FIGURE),
    "open_sessions": 3,
    "last_event": NOW - 3,
    "series": [],
    "deckies": [{"name": "web-01", "count": 70}],
    "services": [{"name": "ssh", "count": 60}, {"name": "redis", "count": 10}],
    "top_sources": [],
    "users": [{"name": "root", "count": 55}],
    "secrets": [{"name": "123456", "count": 9}],
}
CHECKS = [
    {"id": "host.disk", "group": "host", "result": "ok", "evidence": "30.0 GiB free", "remedy": ""},
    {"id": "store.lag", "group": "store", "result": "warn", "evidence": "2 s behind", "remedy": "decnetctl status"},
    {"id": "host.files", "group": "host", "result": "fail", "evidence": "256 at most", "remedy": "ulimit -n 4096"},
]
HOPS = [
    {"decky": "web-01", "service": "ssh", "name": "probe", "ok": True, "detail": "connected", "elapsed_ms": 1.25},
    {
        "decky": "web-01",
        "service": "ssh",
        "name": "event",
        "ok": False,
        "detail": "no event in 5 s",
        "elapsed_ms": 5001.0,
    },
]
PLUGIN = {
    "id": "decoy.ssh",
    "kind": "decoy",
    "name": "ssh",
    "summary": "An OpenSSH server.",
    "needs": [],
    "used": 2,
    "error": "",
}
OPTIONS = [
    {"key": "port", "type": "integer", "default": "22", "help": "Where it would listen on a real machine."},
    {"key": "banner", "type": "text", "default": "", "help": "What it says first."},
]
CONFIG = [
    {"key": "daemon.host", "value": '"local"', "origin": "default", "help": "Name."},
    {"key": "daemon.state_dir", "value": '"/srv/decnet"', "origin": "--state-dir", "help": "Where."},
    {"key": "web.listen", "value": '["127.0.0.1:8443"]', "origin": "/etc/decnet/decnet.toml:4", "help": "Where."},
    {"key": "web.session_idle", "value": '"8h"', "origin": "$DECNET__WEB__SESSION_IDLE", "help": "How long."},
]


def _config(args):
    """Answer config.show as the daemon does."""
    rows = [row if args.get("origin") else {**row, "origin": ""} for row in CONFIG]
    return _page(*(row for row in rows if row["key"].startswith(args.get("under", ""))))


AUDIT = {
    "number": 9,
    "time": NOW - 20,
    "caller": "ana",
    "via": "web",
    "address": "192.0.2.1",
    "operation": "actor.restart",
    "arguments": '{"path": "decnetd/web"}',
    "outcome": "ok",
}
DATABASE = {
    "engine": "sqlite",
    "schema": "0001",
    "head": 4712,
    "events": 4712,
    "oldest": NOW - 86400,
    "newest": NOW - 3,
    "size": 12 << 20,
    "pending": 0,
    "pending_bytes": 0,
    "crowded": False,
    "stalled_since": None,
    "last_error": None,
    "dead_letters": 0,
    "commit_seconds": 0.0041,
}

GEOIP = {
    "enabled": True,
    "refresh": "weekly",
    "refreshing": False,
    "created": NOW - 86400,
    "age": 86400.0,
    "size": 15 << 20,
    "ranges_v4": 528986,
    "ranges_v6": 349421,
    "sources": [
        {
            "name": "https://ftp.ripe.net/pub/stats/ripencc/delegated-ripencc-extended-latest",
            "kind": "rir",
            "rows": 190000,
            "skipped": 0,
            "problem": "",
        },
        {
            "name": "/srv/geo/GeoLite2-ASN.mmdb",
            "kind": "",
            "rows": 0,
            "skipped": 0,
            "problem": "No such file or directory",
        },
    ],
    "problem": "",
}
GEOIP_PLACE = {
    "address": "203.0.113.7",
    "country": "DE",
    "asn": 64500,
    "as_name": "EXAMPLE \\x1b[31mNet",
    "network": "203.0.113.0/24",
    "source": "rir+iptoasn",
    "name": "host.example.net",
}

FIELDS = [
    {"field": "distribution", "old": '""', "new": '"debian:12"'},
    {"field": "services.redis", "old": "", "new": "present"},
    {"field": "services.http", "old": "present", "new": ""},
    {"field": "services.redis.password", "old": "(secret)", "new": "(secret)"},
    {"field": "bait", "old": '["deploy"]', "new": '["deploy"]'},
]
CHANGES = [
    {"name": "web-01", "action": "changed", "fields": FIELDS, "services": ["redis", "ssh"]},
    {"name": "term-\x1b[1m", "action": "removed", "fields": [], "services": []},
    {
        "name": "db-01",
        "action": "created",
        "fields": [FIELDS[0], FIELDS[1]],
        "services": ["redis"],
    },
    {"name": "cache-01", "action": "moved", "fields": [], "services": ["redis"]},
]


def _operation(kind, outcomes, **changes):
    down = [f"{one['name']}: {one['error']}" for one in outcomes if one["state"] == "down"]
    return {
        "id": "0199f0c2a7d47b3e8d5c6f1a2b3c4d5e",
        "kind": kind,
        "author": "ana",
        "via": "control",
        "reason": "for the office",
        "revision": 5,
        "requested": NOW - 60,
        "decky": "",
        "started": NOW - 60,
        "ended": NOW - 58,
        "state": "failed" if down else "succeeded",
        "error": f"{len(down)} of {len(outcomes)} not up: {'; '.join(down)}" if down else "",
        "attempts": 1,
        "done": len(outcomes),
        "total": len(outcomes),
        "outcomes": outcomes,
        **changes,
    }


OUTCOMES = [
    {"name": "db-01", "state": "up", "error": ""},
    {"name": "x-01", "state": "down", "error": "ssh: port 22 is taken"},
]
ENDS: dict[str, object] = {}  # how what was begun ends, by id


def _begun(kind, outcomes):
    id_ = hashlib.sha256(f"{kind} {outcomes}".encode()).hexdigest()[:32]
    ENDS[id_] = _operation(kind, outcomes, id=id_)
    return {**_operation(kind, []), "id": id_, **RUNNING, "state": "queued"}


def _followed(args):
    if args["id"] in ENDS:
        return [ENDS[args["id"]]]
    running = {**_operation("fleet.scale", []), **RUNNING}
    return [running, running, _operation("fleet.scale", OUTCOMES)]


RUNNING: dict[str, object] = {"state": "running", "error": "", "ended": None, "outcomes": [], "done": 3, "total": 7}


def _change(args, *, changes=CHANGES, interrupts=("web-01", "term-01"), failing=""):
    dry = bool(args.get("dry_run"))
    done = [
        {"name": one["name"], "state": "gone" if one["action"] == "removed" else "up", "error": ""}
        for one in changes
        if one["action"] != "moved"
    ]
    if failing:
        done.append({"name": "x-01", "state": "down", "error": failing})
    return {
        "base": 4,
        "revision": 4 if dry or not changes else 5,
        "dry_run": dry,
        "changes": list(changes),
        "interrupts": list(interrupts),
        "operation": None if dry else _begun("fleet.apply", done),
        "notes": [],
        "paused": False,
    }


def _plain_change(args):
    return _change(args, changes=CHANGES[2:3], interrupts=())


BEGUN = {**_plain_change({}), "operation": _begun("decky.stop", [])}

FILE_CHANGE = {
    "number": 7,
    "live": True,
    "layer": "",
    "time": NOW - 60,
    "hand": "attacker",
    "source": "203.0.113.9",
    "session": "0199f0a0000070008000000000000001",
    "author": "",
    "action": "create",
    "path": "/tmp/.x/miner",
    "size": 48213,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}

ARCHETYPE = {
    "name": "web-server",
    "services": ["http"],
    "missing": ["ftp"],
    "stack": "linux",
    "summary": "A web server.",
}
REVISION = {
    "revision": 4,
    "time": NOW - 60,
    "author": "ana",
    "via": "web",
    "summary": "1 created, 2 changed",
    "reason": "for the office",
    "digest": "ab" * 32,
}
MEMBER = {
    "name": "web-01",
    "state": "running",
    "archetype": "",
    "services": ["http", "ssh"],
    "address": "",
    "distribution": "debian:12",
    "stack": "",
}
INTEL = {
    "address": "45.83.64.1",
    "verdict": "malicious",
    "time": NOW - 60,
    "opinions": [
        {
            "provider": "abuseipdb",
            "verdict": "malicious",
            "says": ["categories=ssh", "isp=Example\\x1b[31m", "score=100"],
            "asked": NOW - 60,
            "answered": NOW - 60,
            "expires": NOW + 86_340,
            "error": "",
        },
        {
            "provider": "greynoise",
            "verdict": "unknown",
            "says": [],
            "asked": NOW - 60,
            "answered": None,
            "expires": NOW + 840,
            "error": "it took too long",
        },
    ],
}
PROVIDER = {
    "provider": "greynoise",
    "state": "ready",
    "left": 24,
    "answers": 7,
    "failures": 0,
    "listed": None,
    "resumes": None,
    "error": "",
}
IDENTITY = {
    "id": "i1" * 16,
    "first_seen": NOW - 9000,
    "last_seen": NOW - 9,
    "observations": 2,
    "weakest": 1.7,
    "merged_into": "",
    "campaign": "c1" * 16,
}
OBSERVATION = {
    "id": "o1" * 16,
    "source": "203.0.113.7",
    "client": "ssh:" + "3" * 32,
    "first_seen": NOW - 9000,
    "last_seen": NOW - 9,
}
REASONS = [
    {"family": "payload", "weight": 1.0, "value": "ab" * 32, "rarity": 1.0},
    {"family": "ssh client", "weight": 0.7, "value": "3" * 32, "rarity": 1.0},
]
CAMPAIGN = {
    "id": "c1" * 16,
    "first_seen": NOW - 9000,
    "last_seen": NOW - 9,
    "identities": 2,
    "weakest": 1.4,
    "merged_into": "",
}

RULE = {
    "rule": "SH-9",
    "version": 1,
    "name": "System described",
    "techniques": ["T1082"],
    "on": ["ShellCommandSeen"],
    "own": False,
    "mode": "clipped",
    "ceiling": 0.3,
    "until": NOW + 86400,
    "reason": "our inventory",
    "author": "ana",
    "events": 41,
    "last_seen": NOW - 60,
}
TAG = {
    "time": NOW - 60,
    "source": "203.0.113.7",
    "decky": "web-01",
    "service": "ssh",
    "technique": "T1082",
    "rule": "SH-9",
    "confidence": 0.7,
    "phase": "discovery",
    "evidence": {"line": "uname -a"},
    "session": "0199a3b2c4d57e8f9a0b1c2d3e4f0001",
    "event": "0199a3b2c4d57e8f9a0b1c2d3e4f5061",
    "seq": 4711,
}
ANSWERS = {
    "technique.list": _page(
        {
            "technique": "T1110.003",
            "name": "Brute Force: Password Spraying",
            "tactic": "credential-access",
            "tactic_id": "TA0006",
            "events": 12,
            "sources": 3,
            "first_seen": NOW - 90000,
            "last_seen": NOW - 60,
            "confidence": 0.9,
        },
        {
            "technique": "T1082",
            "name": "System Information Discovery",
            "tactic": "discovery",
            "tactic_id": "TA0007",
            "events": 41,
            "sources": 17,
            "first_seen": NOW - 90000,
            "last_seen": NOW - 3600,
            "confidence": 0.7,
        },
    ),
    "technique.show": {
        "technique": "T1082",
        "name": "System Information Discovery",
        "tactics": ["discovery"],
        "url": "https://attack.mitre.org/techniques/T1082",
        "rules": ["SH-9"],
        "tags": [TAG],
        "truncated": False,
        "notice": "(c) The MITRE Corporation.",
    },
    "technique.events": _page(TAG),
    "technique.rules": _page(RULE, {**RULE, "rule": "SH-10", "mode": "enabled", "ceiling": 1.0, "until": None}),
    "technique.rule-enable": {**RULE, "mode": "enabled", "ceiling": 1.0, "until": None},
    "technique.rule-disable": {**RULE, "mode": "disabled", "ceiling": 1.0},
    "technique.rule-clip": RULE,
    "technique.export": {"name": "DECNET: techniques seen", "text": '{\n  "name": "DECNET: techniques seen"\n}\n'},
    "fleet.show": {
        "revision": 4,
        "newest_revision": 4,
        "time": NOW - 60,
        "author": "ana",
        "via": "web",
        "reason": "for the office",
        "digest": "ab" * 32,
        "paused": False,
        "deckies": [MEMBER, {**MEMBER, "name": "db-01", "archetype": "database-server", "services": ["redis"]}],
    },
    "fleet.plan": _page(
        {
            "name": "web-01",
            "services": ["http:80"],
            "missing": ["ftp"],
            "address": "",
            "distribution": "",
            "stack": "linux",
            "archetype": "web-server",
        }
    ),
    "fleet.diff": {"base": 4, "changes": CHANGES},
    "fleet.apply": _change,
    "fleet.history": _page(REVISION, {**REVISION, "revision": 3, "author": "configuration", "reason": ""}),
    "fleet.pause": lambda args: {**_change(args, changes=[], interrupts=()), "revision": 5, "paused": True},
    "fleet.resume": lambda args: {**_change(args, changes=[], interrupts=()), "revision": 5},
    "fleet.rollback": lambda args: _change(args, changes=[], interrupts=()),
    "fleet.scale": lambda args: _change(args, changes=CHANGES[2:3], interrupts=(), failing="ssh: port 22 is taken"),
    "fleet.teardown": lambda args: _change(args, changes=CHANGES[1:2], interrupts=[f"d-{n}" for n in range(7)]),
    "fleet.import": lambda args: {**_plain_change(args), "notes": ["decnet.ini:3: [a]: there is no decoy for smb"]},
    "operation.list": _page(
        {**_operation("fleet.apply", []), **RUNNING},
        {**_operation("decky.stop", OUTCOMES[:1]), "outcomes": []},
        {**_operation("fleet.scale", OUTCOMES), "outcomes": []},
    ),
    "operation.show": _operation("fleet.scale", OUTCOMES),
    "operation.follow": _followed,
    "fleet.export": {"revision": 4, "text": '[[decky]]\nname = "web-01"\nservices = ["ssh"]\n'},
    "decky.restart": lambda args: {
        "dry_run": bool(args.get("dry_run")),
        "interrupts": ["web-01"],
        "operation": None
        if args.get("dry_run")
        else _begun("decky.restart", [{"name": "web-01", "state": "up", "error": ""}]),
    },
    **dict.fromkeys(("decky.create", "decky.start"), _plain_change),
    **dict.fromkeys(
        (
            "decky.edit",
            "decky.delete",
            "decky.stop",
            "decky.mutate",
            "decky.service-add",
            "decky.service-set",
            "decky.service-remove",
        ),
        lambda args: _change(args, changes=CHANGES[:1], interrupts=("web-01",)),
    ),
    **dict.fromkeys(
        ("decky.tarpit-set", "decky.tarpit-clear"),
        lambda args: _change(
            args,
            changes=(
                {
                    "name": "web-01",
                    "action": "changed",
                    "fields": [{"field": "tarpit.ssh", "old": "", "new": "2.5 s, then 20 B/s"}],
                    "services": ["ssh", "http"],
                },
            ),
            interrupts=(),
        ),
    ),
    "decky.tarpit-show": _page({"decky": "web-01", "service": "ssh", "delay": 2.5, "rate": 20}),
    "archetype.list": _page(ARCHETYPE, {**ARCHETYPE, "name": "printer", "services": [], "missing": ["snmp", "ftp"]}),
    "archetype.show": {**ARCHETYPE, "distributions": ["debian"], "usable": True, "deckies": ["web-01"]},
    "status.show": STATUS,
    "doctor.run": _page(*CHECKS),
    "selftest.run": HOPS,
    "overview.show": OVERVIEW,
    "event.list": lambda args: _page() if "cursor" in args else _page(*EVENTS, following="4711"),
    "event.show": EVENTS[0],
    "event.tail": EVENTS,
    "event.histogram": {
        "since": NOW - 7200,
        "until": NOW,
        "step": 3600.0,
        "items": [{"time": NOW - 7200, "count": 10}, {"time": NOW - 3600, "count": 40}],
    },
    "session.list": _page(SESSION),
    "session.show": {
        **SESSION,
        "kinds": {"CredentialSeen": 2},
        "uses": [],
        "timeline": EVENTS[:1],
        "truncated": False,
    },
    "session.search": _page(
        {
            "time": NOW - 3590,
            "session": SESSION["id"],
            "decky": "web-01",
            "service": "ssh",
            "source": "203.0.113.7",
            "kind": "typed",
            "before": "echo " + "x" * 70 + " >> ~/.ssh/",
            "hit": "Authorized_keys",
            "after": "\x1b]0;x\x07 \u202egnp",
            "erased": False,
            "at": 10.0,
            "replay": 9.25,
        },
        {
            "time": NOW - 3595,
            "session": SESSION["id"],
            "decky": "db-01",
            "service": "redis",
            "source": "2001:db8::7",
            "kind": "typed",
            "before": "cat ",
            "hit": "authorized_keys",
            "after": "\\x15id",
            "erased": True,
            "at": 5.0,
            "replay": None,
        },
    ),
    "session.replay": {"session": SESSION["id"], "duration": 1.6, "lines": CAST, "truncated": True},
    "attacker.list": _page(ATTACKER),
    "attacker.show": {
        **ATTACKER,
        "downloads": 1,
        "visits": [
            {
                "decky": "web-01",
                "services": ["http", "ssh"],
                "first_seen": NOW - 99,
                "last_seen": NOW - 9,
                "sessions": 2,
                "credentials": 3,
                "accepted": 0,
                "commands": 1,
                "files": 1,
                "events": 17,
            }
        ],
        "mutations": [{"time": NOW - 50, "decky": "web-01", "old": ["ssh"], "new": ["http"], "trigger": "scheduled"}],
        "timing": {
            "acts": 12,
            "mean": 61.25,
            "variation": 0.2,
            "interval": 61.25,
            "jitter": 20.0,
            "hours": [0] * 23 + [12],
        },
        "phases": {"recon_end": NOW - 90, "exfil_start": NOW - 80, "latency": 10.0, "large_payloads": 0},
        "fingerprints": [
            {
                "kind": "user_agent",
                "value": "curl/8\\x1b",
                "count": 12,
                "first_seen": NOW - 99,
                "last_seen": NOW - 9,
                "others": 3,
            }
        ],
        "tried": [
            {
                "credential": "c1",
                "user": "root",
                "secret": {"text": "hunter2", "base64": "aHVudGVyMg=="},
                "kind": "plaintext",
                "count": 3,
                "accepted": 0,
            }
        ],
        "command_lines": [{"value": "id", "count": 1, "first_seen": NOW - 80, "last_seen": NOW - 80}],
        "digests": [],
        "urls": [],
        "related": [
            {"address": "2001:db8::7", "shared": 1, "kinds": ["user_agent"], "last_seen": NOW - 99},
        ],
        "left_out": 2,
    },
    "attacker.export": {
        "name": "attacker-203.0.113.7.json",
        "media_type": "application/json",
        "text": '{\n  "address": "203.0.113.7"\n}\n',
    },
    "credential.list": _page(CREDENTIAL),
    "credential.show": {**CREDENTIAL, "uses": [], "truncated": False},
    "credential.reuse-list": _page(REUSE, BAIT),
    "credential.reuse-show": {
        **REUSE,
        "who": [
            {"source": "203.0.113.7", **USED, "secrets": 3},
            {"source": "2001:db8::7", **USED, "secrets": 1204},
        ],
        "where": [
            {"decky": "web-01", "service": "ssh", **USED},
            {"decky": "db-01", "service": "redis", **USED},
        ],
        "users": [
            {"credential": "c1", "user": "root", "mechanism": "ssh password", "count": 3, "accepted": 0},
            {"credential": "c2", "user": None, "mechanism": "redis auth", "count": 1, "accepted": 0},
        ],
        "truncated": False,
    },
    "artifact.list": _page(
        {"sha256": "ab" * 32, "size": 1536, "first_seen": NOW - 9, "last_seen": NOW - 9, "count": 1}
    ),
    "intel.show": INTEL,
    "intel.refresh": INTEL,
    "intel.list": _page(
        {
            "address": INTEL["address"],
            "verdict": "malicious",
            "time": NOW - 60,
            "opinions": ["abuseipdb=malicious", "greynoise=unknown"],
        }
    ),
    "intel.status": _page(
        {**PROVIDER, "provider": "abuseipdb", "state": "spent", "left": 0, "resumes": NOW + 3600},
        {**PROVIDER, "provider": "feodo", "listed": 312},
        {**PROVIDER, "state": "paused", "failures": 3, "resumes": NOW + 60, "error": "it took too long"},
        {**PROVIDER, "provider": "threatfox", "state": "lacking", "answers": 0, "error": "a key is missing"},
    ),
    "identity.list": _page(IDENTITY),
    "identity.show": {
        **IDENTITY,
        "members": [OBSERVATION, {**OBSERVATION, "id": "o2" * 16, "source": "2001:db8::7"}],
        "merged": ["i2" * 16],
        "decisions": [
            {
                "id": "d1" * 16,
                "together": True,
                "time": NOW - 60,
                "author": "ana",
                "reason": "one invoice",
                "observations": ["o1" * 16, "o2" * 16],
            }
        ],
    },
    "identity.evidence": _page(
        {
            "one": "o1" * 16,
            "other": "o2" * 16,
            "one_source": "203.0.113.7",
            "other_source": "2001:db8::7",
            "weight": 1.7,
            "reasons": REASONS,
            "why": "payload 1.00 (abababab), ssh client 0.70 (3333)",
        }
    ),
    "identity.merge": {"decision": "d1" * 16, "observations": 2, "withdrawn": []},
    "identity.split": {"decision": "d2" * 16, "observations": 2, "withdrawn": ["d1" * 16]},
    "campaign.list": _page(CAMPAIGN),
    "campaign.show": {
        **CAMPAIGN,
        "members": ["i1" * 16, "i3" * 16],
        "merged": [],
        "links": [{"one": "i1" * 16, "other": "i3" * 16, "weight": 1.4, "reasons": REASONS[:1]}],
    },
    "decky.files": _page(FILE_CHANGE, {**FILE_CHANGE, "number": 6, "action": "remove", "live": False, "size": 0}),
    "decky.restore": {"name": "web-01", "path": "/etc", "undone": 3},
    "decky.list": _page(DECKY, {**DECKY, "name": "db-01", "state": "down", "services": ["redis"], "sessions": 0}),
    "decky.show": {
        **DECKY,
        "details": [SERVICE],
        "kernel": "6.1.0-18-amd64",
        "mac": "52:54:00:12:34:56",
        "booted": NOW - 8e6,
        "users": ["root", "ana"],
        "baits": [],
        "weak_credentials": 3,
    },
    "decky.check": _page(
        {"decky": "web-01", "check": "kernel", "ok": True, "here": "", "says": "", "there": "", "but": ""},
        {
            "decky": "web-01",
            "check": "name",
            "ok": False,
            "here": "hostname",
            "says": "web-01",
            "there": "/etc/hostname",
            "but": "elsewhere",
        },
    ),
    "service.list": _page(
        SERVICE, {**SERVICE, "service": "http", "state": "down", "port": 0, "error": "port is taken"}
    ),
    "actor.tree": TREE,
    "actor.list": _page(ACTOR, {**ACTOR, "path": "decnetd/web", "state": "failed", "last_error": "ValueError: x"}),
    "actor.restart": ACTOR,
    "plugin.list": _page(PLUGIN),
    "plugin.show": {**PLUGIN, "options": OPTIONS},
    "config.show": _config,
    "user.list": _page(USER),
    "user.add": {**USER, "last_login": None, "password": "correct-horse-battery"},
    "user.setup-link": {"url": "https://127.0.0.1:8443/setup#Q7f", "valid": 900.0},
    "api-token.list": _page(TOKEN),
    "api-token.show": TOKEN,
    "api-token.create": {**TOKEN, "token": "dnt_secret"},
    "api-token.revoke": {},
    "audit.list": _page(AUDIT),
    "db.status": DATABASE,
    "geoip.status": GEOIP,
    "geoip.refresh": GEOIP,
    "geoip.lookup": GEOIP_PLACE,
    "backup.list": _page(BACKUP),
    "backup.create": BACKUP,
    "backup.verify": BACKUP,
    "backup.restore": lambda args: {
        "name": BACKUP["name"],
        "into": "/var/lib/decnet-new",
        "restored": not args.get("dry_run"),
        "tables": {"journal": 4712, "session": 9},
        "artifacts": 3,
    },
    "actor.stop": {**ACTOR, "path": "decnetd/web", "state": "stopped"},
    "actor.start": {**ACTOR, "path": "decnetd/web"},
    "user.reset-password": {**USER, "password": "correct-horse-battery"},
    "user.role": {**USER, "role": "analyst"},
    "user.disable": {**USER, "disabled": True},
}

COMMANDS = [
    ("technique", "list"),
    ("technique", "show", "T1082"),
    ("technique", "events", "T1082"),
    ("technique", "rules"),
    ("technique", "rule-enable", "SH-9"),
    ("technique", "rule-disable", "SH-9", "--until", "2026-01-02"),
    ("technique", "rule-clip", "SH-9", "--ceiling", "0.3"),
    ("technique", "export"),
    ("status",),
    ("status", "-o", "name"),
    ("doctor",),
    ("doctor", "-q"),
    ("selftest",),
    ("overview", "show"),
    ("event", "list"),
    ("event", "list", "-o", "wide"),
    ("event", "list", "-o", "csv"),
    ("event", "list", "-o", "yaml"),
    ("event", "list", "-o", "name"),
    ("event", "list", "--columns", "seq,kind", "--sort=-seq", "--no-headers"),
    ("event", "show", "4711"),
    ("event", "tail"),
    ("event", "tail", "-o", "wide"),
    ("event", "tail", "--columns", "seq,source"),
    ("event", "tail", "-o", "csv", "--limit", "1"),
    ("event", "histogram"),
    ("session", "list"),
    ("session", "show", "0199a3b2c4d57e8f9a0b1c2d3e4f0001"),
    ("session", "search", "authorized_keys"),
    ("session", "search", "authorized_keys", "--output=wide"),
    ("session", "replay", "0199a3b2c4d57e8f9a0b1c2d3e4f0001"),
    ("attacker", "list"),
    ("attacker", "show", "203.0.113.7"),
    ("attacker", "export", "203.0.113.7"),
    ("identity", "list"),
    ("identity", "show", "i1"),
    ("identity", "evidence", "i1"),
    ("identity", "merge", "i1", "i2"),
    ("identity", "split", "i1", "o2"),
    ("campaign", "list"),
    ("campaign", "show", "c1"),
    ("credential", "list"),
    ("credential", "show", "c1"),
    ("credential", "reuse-list"),
    ("credential", "reuse-show", "5f1c"),
    ("artifact", "list"),
    ("intel", "show", "45.83.64.1"),
    ("intel", "list"),
    ("intel", "refresh", "45.83.64.1"),
    ("intel", "status"),
    ("decky", "list"),
    ("decky", "show", "web-01"),
    ("decky", "create", "db-01", "--archetype", "database-server"),
    ("decky", "edit", "web-01", "--distribution", "debian", "--yes"),
    ("decky", "edit", "web-01", "--distribution", "debian"),
    ("decky", "delete", "web-01", "--yes"),
    ("decky", "start", "db-01"),
    ("decky", "stop", "web-01", "--yes"),
    ("decky", "restart", "web-01", "--yes"),
    ("decky", "restart", "web-01", "--dry-run"),
    ("decky", "mutate", "web-01", "--yes"),
    ("decky", "check"),
    ("decky", "files", "web-01", "/tmp"),
    ("decky", "restore", "web-01", "/etc", "--yes"),
    ("decky", "restore", "web-01"),
    ("decky", "service-add", "web-01", "redis", "--yes"),
    ("decky", "service-set", "web-01", "redis", "--option", "password=x", "--yes"),
    ("decky", "service-remove", "web-01", "http", "--yes"),
    ("decky", "tarpit-show", "web-01"),
    ("decky", "tarpit-set", "web-01", "--service", "ssh", "--delay", "2", "--rate", "20"),
    ("decky", "tarpit-clear", "web-01"),
    ("fleet", "show"),
    ("fleet", "plan", "-"),
    ("fleet", "diff"),
    ("fleet", "apply", "-", "--yes"),
    ("fleet", "apply", "-", "--dry-run"),
    ("fleet", "apply", "-", "-o", "json", "--yes"),
    ("fleet", "history"),
    ("fleet", "rollback", "3"),
    ("fleet", "scale", "web", "4"),
    ("fleet", "pause"),
    ("fleet", "resume"),
    ("fleet", "teardown", "--yes"),
    ("fleet", "import", "-"),
    ("fleet", "export"),
    ("operation", "list"),
    ("operation", "show", "0199f0c2a7d47b3e8d5c6f1a2b3c4d5e"),
    ("operation", "follow", "0199f0c2a7d47b3e8d5c6f1a2b3c4d5e"),
    ("decky", "create", "db-02", "--services", "ssh", "--no-wait"),
    ("archetype", "list"),
    ("archetype", "show", "web-server"),
    ("service", "list"),
    ("actor", "tree"),
    ("actor", "list"),
    ("actor", "restart", "decnetd/web"),
    ("actor", "stop", "decnetd/web", "--yes"),
    ("actor", "start", "decnetd/web"),
    ("plugin", "list"),
    ("plugin", "show", "decoy.ssh"),
    ("config", "show"),
    ("config", "show", "--origin"),
    ("config", "show", "decky"),
    ("user", "list"),
    ("user", "add", "ana", "--role", "admin"),
    ("user", "setup-link"),
    ("user", "reset-password", "ana"),
    ("user", "role", "ana", "analyst"),
    ("user", "disable", "ana", "--yes"),
    ("api-token", "list"),
    ("api-token", "show", "3f9a12c04b7e"),
    ("api-token", "create", "siem"),
    ("api-token", "revoke", "3f9a12c04b7e", "--yes"),
    ("audit", "list"),
    ("db", "status"),
    ("geoip", "status"),
    ("geoip", "refresh"),
    ("geoip", "lookup", "203.0.113.7"),
    ("backup", "list"),
    ("backup", "create"),
    ("backup", "verify", "decnet-20260101T000000Z.tar"),
    ("backup", "restore", "decnet-20260101T000000Z.tar", "/var/lib/decnet-new", "--dry-run", "--yes"),
    ("backup", "restore", "decnet-20260101T000000Z.tar", "/var/lib/decnet-new", "--yes"),
    ("errors", "show", "DN2107"),
    ("explain", "SessionCrashed"),
    ("explain", "DN6001"),
    ("explain", "actor.restart"),
]
