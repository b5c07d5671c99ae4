"""This module writes who a machine knows: passwd, shadow, group and their kin."""

from collections.abc import Iterable

from decnet_actors.domain.persona import Account, Persona
from decnet_actors.machine.chance import derived
from decnet_actors.machine.node import Node, file
from decnet_actors.machine.releases import DAY
from decnet_actors.machine.tree.etc import SHADOW_GID, groups_of

_LETTERS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_YESCRYPT = frozenset({"debian:11", "debian:12", "ubuntu:22.04", "ubuntu:24.04"})


def files(persona: Persona, changed: float) -> dict[str, Node]:
    """Return the children of ``/etc`` that tell of users and groups, as last changed at a time."""
    if persona.embedded:  # no shadow: the hash is where everybody can read it
        rows = (
            f"{a.name}:{_hash(persona, a)}:{a.uid}:{a.gid}:{a.comment}:{a.home}:{a.shell}" for a in persona.accounts
        )
        return {"passwd": _file(rows, 0o644, changed), "group": _file(_group(persona), 0o644, changed)}
    known = [f"{a.name}:x:{a.uid}:{a.gid}:{a.comment}:{a.home}:{a.shell}" for a in persona.accounts]
    installed = int(persona.installed_at // DAY)
    age = ":::::" if persona.package_manager == "apk" else ":99999:7:::"
    secret = [f"{a.name}:{_hash(persona, a)}:{installed}:0{age}" for a in persona.accounts]
    hidden = [f"{name}:*::{','.join(members)}" for name, (_, members) in groups_of(persona).items()]
    mode, gid = (0o000, 0) if persona.package_manager == "dnf" else (0o640, SHADOW_GID)
    out = {
        "passwd": _file(known, 0o644, changed),
        "passwd-": _file(known, 0o644, changed - 9),
        "shadow": _file(secret, mode, changed + 3, gid),
        "shadow-": _file(secret, mode, changed - 6, gid),
        "group": _file(_group(persona), 0o644, changed),
    }
    if persona.package_manager != "apk":
        out["gshadow"] = _file(hidden, mode, changed, gid)
    return out


def _group(persona: Persona) -> list[str]:
    colon = "" if persona.embedded else "x"
    return [f"{name}:{colon}:{number}:{','.join(members)}" for name, (number, members) in groups_of(persona).items()]


def _file(lines: Iterable[str], mode: int, changed: float, gid: int = 0) -> Node:
    return file("".join(f"{line}\n" for line in lines).encode(), mode, changed, gid=gid)


def _hash(persona: Persona, account: Account) -> str:
    """Return a hash that looks right and opens nothing; people and root have one, services do not."""
    person = account.uid == 0 or account in persona.people
    if not person or (account.uid == 0 and persona.distribution == "ubuntu"):
        return "*"
    if account.name == persona.distribution or account.shell != persona.shell:
        return "!"
    rng = derived(persona.seed, "shadow", account.name)
    if persona.embedded:
        return f"$1${''.join(rng.choices(_LETTERS, k=8))}${''.join(rng.choices(_LETTERS, k=22))}"
    if f"{persona.distribution}:{persona.release}" in _YESCRYPT:
        return f"$y$j9T${''.join(rng.choices(_LETTERS, k=22))}${''.join(rng.choices(_LETTERS, k=43))}"
    return f"$6${''.join(rng.choices(_LETTERS, k=16))}${''.join(rng.choices(_LETTERS, k=86))}"
