"""This module writes the prompt, as the distribution's start-up files set it."""

from typing import TYPE_CHECKING

from decnet_actors.machine.dates import DAYS, MONTHS, local
from decnet_actors.machine.shell.state import ShellState

if TYPE_CHECKING:
    from decnet_actors.machine.shell.context import World


def default_prompt(world: "World", sh: ShellState) -> str:
    """Return ``PS1`` of a new shell: coloured and with a title where the distribution's ``.bashrc`` does so."""
    if "ash" in sh.options:
        return r"\w \$ " if world.persona.embedded else r"\h:\w\$ "
    term = world.login.pty.term if world.login.pty else "dumb"
    ubuntu = world.persona.distribution == "ubuntu"
    if sh.uid == 0 and not ubuntu:
        return r"\u@\h:\w\$ "
    text = r"\u@\h:\w\$ "
    if "256color" in term or term == "xterm-color":
        text = r"\[\033[01;32m\]\u@\h\[\033[00m\]:\[\033[01;34m\]\w\[\033[00m\]\$ "
    if term.startswith(("xterm", "rxvt")):
        text = r"\[\e]0;\u@\h: \w\a\]" + text
    return text


def paste_mode(world: "World", sh: ShellState) -> bool:
    """Return whether readline (8.1 and later) brackets pastes on this terminal."""
    if world.login.pty is None or "dash" in sh.options or not sh.interactive:
        return False
    old = world.persona.packages.get("bash", "").startswith(("4.", "5.0"))
    return not old and world.login.pty.term not in {"dumb", "", "network", "unknown"}


def prompt(world: "World", sh: ShellState) -> str:
    """Return the prompt to show."""
    if "dash" in sh.options and "ash" not in sh.options:
        return "# " if sh.uid == 0 else "$ "
    text = sh.get("PS1")
    if text is None and "ash" in sh.options:
        text = r"\w \$ "  # built in
    elif text is None:
        text = r"\s-\v\$ " if sh.name != "-bash" else default_prompt(world, sh)
    home = sh.get("HOME") or "/"
    place = sh.cwd
    if home != "/" and (place == home or place.startswith(f"{home}/")):
        place = f"~{place[len(home) :]}"
    now = local(world.persona, world.now)
    values = {
        "u": sh.user, "h": world.persona.hostname.partition(".")[0], "H": world.persona.hostname, "w": place,
        "W": "~" if place == "~" else (place.rstrip("/").rpartition("/")[2] or "/"),
        "$": "#" if sh.uid == 0 else "$", "n": "\r\n", "r": "\r", "a": "\a", "e": "\x1b", "[": "", "]": "",
        "\\": "\\", "s": sh.name.lstrip("-"), "v": "5.2",
        "t": f"{now.tm_hour:02d}:{now.tm_min:02d}:{now.tm_sec:02d}", "A": f"{now.tm_hour:02d}:{now.tm_min:02d}",
        "d": f"{DAYS[now.tm_wday]} " f"{MONTHS[now.tm_mon - 1]} " f"{now.tm_mday:02d}", "j": str(len(world.jobs)),
        "!": str(len(world.history) + 1), "#": "1", "l": "0",
    }  # fmt: skip
    out: list[str] = []
    at = 0
    text = text[:1000]
    while at < len(text):
        char = text[at]
        if char != "\\" or at + 1 >= len(text):
            out.append(char)
            at += 1
        elif text[at + 1 : at + 4].isdigit() and text[at + 1] in "01":
            out.append(
                chr(int(text[at + 1 : at + 4], 8) & 0x7F if set(text[at + 1 : at + 4]) <= set("01234567") else 32)
            )
            at += 4
        else:
            out.append(values.get(text[at + 1], text[at : at + 2]))
            at += 2
    return "".join(out)
