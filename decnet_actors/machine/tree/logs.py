"""This module fills ``/var/log`` with what the machine has been doing: start, cron, logins of its people."""

import random
import time

from decnet_actors.domain.persona import Persona
from decnet_actors.machine import dates
from decnet_actors.machine.dates import local, syslog
from decnet_actors.machine.node import Node, directory, file
from decnet_actors.machine.releases import DAY
from decnet_actors.machine.tree import etc
from decnet_actors.machine.tree.proc import command_line


def tree(persona: Persona, now: float, rng: random.Random) -> dict[str, Node]:
    """Return the children of ``/var/log``."""
    installed = persona.installed_at
    utmp = etc.groups_of(persona)["utmp"][0]
    out: dict[str, Node] = {
        "lastlog": file(bytes(292), 0o664, now - 4000, gid=utmp),
        "wtmp": file(bytes(384 * 6), 0o664, now - 4000, gid=utmp),
        "btmp": file(bytes(384 * 3), 0o660, now - 900, gid=utmp),
    }
    logins, system = _auth(persona, now, rng), _syslog(persona, now, rng)
    mode, gid = (0o600, 0) if persona.package_manager == "dnf" else (0o640, 4)
    match persona.package_manager:
        case "apt":
            out |= _of_debian(persona)
            texts = {"auth.log": logins, "syslog": system}
        case "dnf":
            out |= {name: directory(0o700, installed) for name in ("anaconda", "audit", "chrony", "private", "sssd")}
            out |= {"cron": file(b"", 0o600, now - 700), "dnf.log": file(b"", 0o644, now - 3000)}
            texts = {"secure": logins, "messages": system}
        case _:
            out |= {"chrony": directory(0o755, installed), "dmesg": file(_kern(persona), 0o640, persona.booted_at)}
            texts = {"messages": b"".join(sorted((logins + system).splitlines(keepends=True)))}
    for name, text in texts.items():
        out[name] = file(text, mode, now - rng.uniform(5, 60), gid=gid)
    for number in (1, 2, 3, 4):
        rotated = now - (now % (7 * DAY)) - (number - 1) * 7 * DAY
        if rotated > installed:
            for name in texts:
                tail = f"{name}.{number}" + (".gz" if number > 1 else "")
                if persona.package_manager == "dnf":
                    tail = f"{name}-{time.strftime('%Y%m%d', dates.local(persona, rotated))}"
                out[tail] = file(etc.gzipped(tail, 2000 + rng.randrange(20_000)), mode, rotated, gid=gid)
    return out


def _of_debian(persona: Persona) -> dict[str, Node]:
    installed = persona.installed_at
    apt, journal = directory(0o755, installed), directory(0o2755, installed, gid=999)
    history = (
        f"\nStart-Date: {_iso(persona, installed + 3000)}\nCommandline: apt-get -y upgrade\n"
        f"End-Date: {_iso(persona, installed + 3060)}\n"
    )
    apt.children = {"history.log": file(history.encode(), 0o644, installed + 3060)}
    return {
        "apt": apt,
        "journal": journal,
        "private": directory(0o700, installed),
        "kern.log": file(_kern(persona), 0o640, persona.booted_at + 9, gid=4),
        "dpkg.log": file(_dpkg(persona), 0o644, installed + 3060),
        "alternatives.log": file(b"", 0o644, installed + 400),
        "faillog": file(b"", 0o644, installed),
    }


def _iso(persona: Persona, when: float) -> str:
    t = local(persona, when)
    return f"{t.tm_year}-{t.tm_mon:02d}-{t.tm_mday:02d}  {t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}"


def _dpkg(persona: Persona) -> bytes:
    stamp = _iso(persona, persona.installed_at + 3010).replace("  ", " ")
    return "".join(
        f"{stamp} status installed {name}:amd64 {version}\n" for name, version in persona.packages.items()
    ).encode()


def _kern(persona: Persona) -> bytes:
    when, host = syslog(persona, persona.booted_at + 5), persona.hostname
    lines = (
        f"Linux version {persona.kernel} {persona.kernel_build}",
        f"Command line: {command_line(persona)}",
        f"smpboot: CPU0: {persona.cpu_model}",
        f"Memory: {persona.memory_kib - 120_000}K/{persona.memory_kib + 80_000}K available",
    )
    return "".join(f"{when} {host} kernel: [    0.{i:06d}] {line}\n" for i, line in enumerate(lines)).encode()


def _auth(persona: Persona, now: float, rng: random.Random) -> bytes:
    people = [account.name for account in persona.people]
    lines: list[str] = []
    when = max(now - 3 * DAY, persona.booted_at + 60)
    head = persona.address.rpartition(".")[0] or "192.168.1"
    while when < now - 60:
        stamp = syslog(persona, when)
        number = 1000 + int(when - persona.booted_at) // 40 % 60_000
        if rng.random() < 0.9 or not people:  # noqa: PLR2004  cron's hourly beat is most of it
            head_text = f"{stamp} {persona.hostname} CRON[{number}]: pam_unix(cron:session): session"
            lines += [f"{head_text} opened for user root(uid=0) by (uid=0)", f"{head_text} closed for user root"]
        else:
            who = rng.choice(people)
            lines.append(
                f"{stamp} {persona.hostname} sshd[{number}]: Accepted publickey for {who} from "
                f"{head}.{rng.randrange(20, 200)} "
                f"port {rng.randrange(40_000, 60_000)} ssh2: ED25519 SHA256:{rng.getrandbits(250):043x}"[:180]
            )
        when += 3600
    return "".join(f"{line}\n" for line in lines).encode()


def _syslog(persona: Persona, now: float, rng: random.Random) -> bytes:
    lines: list[str] = []
    when = max(now - DAY, persona.booted_at + 60)
    while when < now - 60:
        stamp = syslog(persona, when)
        number = 1000 + int(when - persona.booted_at) // 40 % 60_000
        lines.append(
            f"{stamp} {persona.hostname} CRON[{number}]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly)"
        )
        if rng.random() < 0.2:  # noqa: PLR2004  one hour of five
            lines.append(f"{stamp} {persona.hostname} systemd[1]: Finished Cleanup of Temporary Directories.")
        when += 3600
    return "".join(f"{line}\n" for line in lines).encode()
