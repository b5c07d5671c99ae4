"""This module tells which phase of the Unified Kill Chain (Pols, 2017) an act belongs to, in one table."""

import re
from enum import StrEnum

from decnet_actors.domain.facts import (
    CommandSeen,
    CredentialSeen,
    DownloadFetched,
    DownloadRequested,
    Fact,
    FileCaptured,
    ForwardRequested,
    HttpRequestSeen,
    Outcome,
    ShellCommandSeen,
)

MAX_LINE = 2048  # characters of a command line that are looked at


class Phase(StrEnum):
    """Phases, in the order of the chain."""

    RECONNAISSANCE = "reconnaissance"
    RESOURCE_DEVELOPMENT = "resource_development"
    WEAPONIZATION = "weaponization"
    DELIVERY = "delivery"
    SOCIAL_ENGINEERING = "social_engineering"
    EXPLOITATION = "exploitation"
    PERSISTENCE = "persistence"
    DEFENSE_EVASION = "defense_evasion"
    COMMAND_AND_CONTROL = "command_and_control"
    PIVOTING = "pivoting"
    DISCOVERY = "discovery"
    PRIVILEGE_ESCALATION = "privilege_escalation"
    EXECUTION = "execution"
    CREDENTIAL_ACCESS = "credential_access"
    LATERAL_MOVEMENT = "lateral_movement"
    COLLECTION = "collection"
    EXFILTRATION = "exfiltration"
    IMPACT = "impact"
    OBJECTIVES = "objectives"


# The first that matches is the phase of a line: what is done to stay or to harm says more than how it is begun.
_LINES: tuple[tuple[Phase, str], ...] = (
    (Phase.IMPACT, r"xmrig|minerd|stratum\+tcp|\brm -[rf]{2} /(\s|$)|\bmkfs|\bshred\b|\bflushall\b"),
    (
        Phase.PERSISTENCE,
        r"authorized_keys|crontab|/etc/cron|systemctl enable|\buseradd\b|\badduser\b|rc\.local|chpasswd",
    ),
    (Phase.DEFENSE_EVASION, r"\bhistory -c|histfile|\bchattr\b|/var/log|iptables -f|setenforce|\bpkill\b|\bkillall\b"),
    (Phase.CREDENTIAL_ACCESS, r"/etc/shadow|id_rsa|\.aws/credentials|\.netrc|mimikatz|\.pgpass|\.env\b"),
    (Phase.EXFILTRATION, r"curl .*(-t|--upload-file|-f|--data-binary|-d) ?@|\brsync\b .+:|\bscp \S+ \S+:|\bnc\b.*<"),
    (Phase.LATERAL_MOVEMENT, r"\bssh(pass)?\b .*@|\bpsexec\b|\bscp\b .*@"),
    (Phase.COLLECTION, r"\btar\b .*c|\bzip\b|mysqldump|pg_dump|\bfind\b .*\.(sql|bak|docx?|xlsx?|kdbx|pem)"),
    (Phase.COMMAND_AND_CONTROL, r"/dev/tcp/|\bnc\b .*-e|\bsocat\b|mkfifo|\bbeacon\b|reverse|\bbash -i\b"),
    (Phase.DELIVERY, r"\bwget\b|\bcurl\b|\btftp\b|\bftpget\b|\bbase64 -d|\bbase64 --decode"),
    (Phase.PRIVILEGE_ESCALATION, r"\bsudo\b|\bsu\b( -|$)|pkexec|\bchmod [ug]?\+?s|\b4755\b"),
    (Phase.EXECUTION, r"\bchmod\b|(^|[;&|] *)\./|\b(ba|da|a)?sh \S|\bpython3? |\bperl |\bnohup\b|busybox [A-Z]"),
    (
        Phase.DISCOVERY,
        r"\b(uname|id|whoami|w|who|lscpu|nproc|free|df|ps|netstat|ss|ifconfig|ip|hostname|ls|cat|env|last|uptime)\b",
    ),
)
_TABLE = tuple((phase, re.compile(pattern, re.IGNORECASE)) for phase, pattern in _LINES)
_REDIS = {
    "CONFIG": Phase.PERSISTENCE,
    "SLAVEOF": Phase.DELIVERY,
    "REPLICAOF": Phase.DELIVERY,
    "MODULE": Phase.EXECUTION,
    "EVAL": Phase.EXECUTION,
    "FLUSHALL": Phase.IMPACT,
    "SAVE": Phase.PERSISTENCE,
    "KEYS": Phase.COLLECTION,
}


def phase_of_line(line: str) -> Phase:
    """Return the phase of a command line; what nothing else is known of is execution."""
    line = line[:MAX_LINE]
    for phase, pattern in _TABLE:
        if pattern.search(line):
            return phase
    return Phase.EXECUTION


def phase_of(fact: Fact) -> Phase | None:
    """Return the phase of what was done; ``None`` for what is no act of a peer's."""
    match fact:
        case ShellCommandSeen(line=line):
            return phase_of_line(line)
        case CommandSeen(verb=verb):
            return _REDIS.get(verb, Phase.DISCOVERY)
        case CredentialSeen(outcome=outcome):
            return Phase.EXPLOITATION if outcome is Outcome.ACCEPTED else Phase.RECONNAISSANCE
        case HttpRequestSeen():
            return Phase.RECONNAISSANCE
        case DownloadRequested() | DownloadFetched() | FileCaptured():
            return Phase.DELIVERY
        case ForwardRequested():
            return Phase.PIVOTING
        case _:
            return None
