"""This module starts a shell as a log-in does: environment, place, streams."""

import re
from typing import TYPE_CHECKING

from decnet_actors.contracts.machine import Login
from decnet_actors.domain.persona import Account
from decnet_actors.machine.shell.dialect import shell_options
from decnet_actors.machine.shell.launch import DEFAULT_PATH
from decnet_actors.machine.shell.prompt import default_prompt
from decnet_actors.machine.shell.state import ShellState, Variable
from decnet_actors.machine.shell.streams import Input, Sink

if TYPE_CHECKING:
    from decnet_actors.machine.shell.context import World

USER_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
UBUNTU_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games:/usr/local/games:/snap/bin"
DEVICE_PATH = "/sbin:/usr/sbin:/bin:/usr/bin"  # of BusyBox's login
_UNSET_ON_DEVICES = ("LANG", "MAIL", "SHLVL")
MAX_ENVIRONMENT = 32  # variables a client may send


def new_shell(world: "World", login: Login, stdin: Input, output: Sink, error: Sink) -> ShellState:
    """Return the state of a shell somebody has just logged in to."""
    account = world.account(login.user)
    if account is None:  # the log-in was let through for a name the machine does not list
        account = Account(name=login.user, uid=1099, gid=1099, home="/", shell=world.persona.shell)
    interactive = login.command is None and login.pty is not None
    program = account.shell.rpartition("/")[2] if world.persona.userland == "busybox" else "bash"
    sh = ShellState(
        name=f"-{program}" if login.command is None else program,
        user=account.name,
        uid=account.uid,
        gid=account.gid,
        cwd=_home(world, account),
        pid=world.fork(),
        interactive=interactive,
        umask=0o022 if account.uid == 0 or world.persona.distribution == "debian" else 0o002,
    )
    sh.options = shell_options(world.persona, dash=False)
    sh.command_string = login.command is not None
    sh.streams = {0: stdin, 1: output, 2: error}
    sh.old_style = world.persona.packages.get("bash", "").startswith(("4.", "5.0")) and not interactive
    ubuntu = world.persona.distribution == "ubuntu"
    ash = "ash" in sh.options
    path = UBUNTU_PATH if ubuntu else DEFAULT_PATH if account.uid == 0 or ash else USER_PATH
    path = DEVICE_PATH if world.persona.embedded else path
    values = {
        "SHELL": account.shell, "PWD": sh.cwd, "LOGNAME": account.name, "HOME": account.home,
        "LANG": "C.UTF-8" if ubuntu or ash else "en_US.UTF-8", "USER": account.name,
        "SHLVL": "1" if login.command is None else "0", "PATH": path, "MAIL": f"/var/mail/{account.name}",
    }  # fmt: skip
    for name in _UNSET_ON_DEVICES if world.persona.embedded else ():
        del values[name]
    if login.pty is not None:
        values["TERM"] = login.pty.term[:64]
    if login.service == "ssh":
        values["SSH_CLIENT"] = f"{login.address} {login.port} {login.local_port}"
        values["SSH_CONNECTION"] = f"{login.address} {login.port} {login.local_address} {login.local_port}"
        if login.pty is not None:
            values["SSH_TTY"] = "/dev/pts/0"
    for name, value in list(login.environment.items())[:MAX_ENVIRONMENT]:
        if re.fullmatch(r"LANG|LC_\w{1,20}", name):
            values[name] = value[:256]
    sh.variables = {name: Variable(value, exported=True) for name, value in values.items()}
    hidden = {"IFS": " \t\n", "OPTIND": "1"}
    if interactive:
        hidden |= {
            "PS1": default_prompt(world, sh),
            "PS2": "> ",
            "PS4": "+ ",
            "HISTSIZE": "1000",
            "HISTFILESIZE": "2000",
        }
        kept = ".ash_history" if ash else ".bash_history"
        hidden["HISTFILE"] = f"{account.home}/{kept}"
        sh.aliases = {"ls": "ls --color=auto"} if (account.uid and not ash) or ubuntu else {}
        _history(world, f"{account.home}/{kept}")
    sh.variables.update({name: Variable(value) for name, value in hidden.items()})
    return sh


def _home(world: "World", account: Account) -> str:
    try:
        if world.files.node(account.home, uid=account.uid).is_dir:
            return account.home
    except OSError:
        pass
    return "/"


def _history(world: "World", path: str) -> None:
    try:
        text = world.files.read(path, size=65_536).decode("utf-8", "replace")
    except OSError:
        return
    world.history.extend(text.splitlines()[-500:])
