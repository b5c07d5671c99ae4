"""This module holds the commands that would fetch something: they record what was asked for and fail.

Nothing is ever resolved, connected or fetched: the machine behaves as one behind a firewall that lets nothing out.
"""

import re
from collections.abc import Mapping

from decnet_actors.machine import dates
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.streams import Sleep, Work

TIMEOUT = 31.0  # seconds a blocked connection hangs; real stacks go on for two minutes, scripts do not wait that long
DNS_TIMEOUT = 10.0
ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:]+\]")
_URL = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*)://)?(?:[^/@\s]*@)?(\[[^\]]*\]|[^/:?#\s]*)(?::(\d{1,5}))?([/?#].*)?")


def split_url(url: str) -> tuple[str, str, int, str]:
    """Return scheme, host, port and path of what a downloader takes for a URL."""
    found = _URL.fullmatch(url)
    if found is None:
        return "http", "", 80, "/"
    scheme = (found[1] or "http").lower()
    default = {"https": 443, "ftp": 21}.get(scheme, 80)
    return scheme, found[2], int(found[3] or default), found[4] or "/"


def wget(ctx: Context) -> Work:
    """Fail to fetch, as wget does."""
    urls, options = options_and_urls(
        ctx,
        "OPoatTUeQRADlwB",
        ("output-document", "timeout", "tries", "user-agent", "header", "post-data", "directory-prefix"),
    )
    quiet = bool({"q", "quiet", "nv"} & options.keys())
    if "version" in options or "V" in options:
        version = ctx.persona.packages.get("wget", "1.21").partition("-")[0]
        ctx.out(f"GNU Wget {version} built on linux-gnu.\n")
        return 0
    if not urls:
        ctx.usage("wget: missing URL\nUsage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.\n")
    status = 4
    for url in urls:
        scheme, host, port, path = split_url(url)
        full = url if "://" in url else f"http://{url}"
        ctx.world.download(full, "wget")
        _make_output(ctx, options.get("O") or options.get("output-document"))
        t = dates.local(ctx.persona, ctx.now)
        stamp = f"{t.tm_year}-{t.tm_mon:02d}-{t.tm_mday:02d} {t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}"
        if scheme not in {"http", "https", "ftp"}:
            ctx.err(f"{full}: Unsupported scheme \u2018{scheme}\u2019.\n")
            return 1
        if not host:
            ctx.err(f"{full}: Invalid host name.\n")
            return 1
        if not quiet:
            tail = path if path.startswith("/") else f"/{path}"
            shown = f":{port}" if port not in {80, 443, 21} else ""
            ctx.err(f"--{stamp}--  {scheme}://{host}{shown}{tail}\n")
        if not ADDRESS.fullmatch(host):
            yield Sleep(dns_wait(ctx))
            if not quiet:
                ctx.err(f"Resolving {host} ({host})... failed: Temporary failure in name resolution.\n")
            ctx.err(f"wget: unable to resolve host address \u2018{host}\u2019\n")
            continue
        wait = seconds(options.get("T") or options.get("timeout"), TIMEOUT)
        tries = min(_number(options.get("t") or options.get("tries"), 2), 3)
        for attempt in range(1, tries + 1):
            if not quiet:
                if attempt > 1:
                    ctx.err(f"--{stamp}--  (try:{attempt:2d})  {full}\n")
                ctx.err(f"Connecting to {host}:{port}... ")
            yield Sleep(wait)
            if not quiet:
                ctx.err("failed: Connection timed out.\n" + ("Retrying.\n\n" if attempt < tries else "Giving up.\n\n"))
    return status


def curl(ctx: Context) -> Work:
    """Fail to fetch, as curl does."""
    with_value = "oAdHXmuebTxEFKcDQwrYyzUC"
    urls, options = options_and_urls(
        ctx,
        with_value,
        ("output", "data", "header", "request", "max-time", "connect-timeout", "user-agent", "user", "url", "retry"),
    )
    if "V" in options or "version" in options:
        version = ctx.persona.packages.get("curl", "7.88.1").partition("-")[0]
        ctx.out(f"curl {version} ({ctx.persona.architecture}-pc-linux-gnu) libcurl/{version}\n")
        return 0
    if "url" in options:
        urls.append(options["url"])
    if not urls:
        ctx.usage("curl: try 'curl --help' or 'curl --manual' for more information\n", 2)
    silent = bool({"s", "silent"} & options.keys())
    errors = not silent or bool({"S", "show-error"} & options.keys())
    status = 0
    for url in urls:
        scheme, host, port, _ = split_url(url)
        ctx.world.download(url if "://" in url else f"http://{url}", "curl")
        if scheme not in {"http", "https", "ftp", "tftp", "telnet", "sftp", "scp", "smb"}:
            status = 1
            ctx.err(f'curl: (1) Protocol "{scheme}" not supported or disabled in libcurl\n' if errors else "")
            continue
        started = ctx.now
        if not ADDRESS.fullmatch(host):
            yield Sleep(dns_wait(ctx))
            status, text = 6, f"curl: (6) Could not resolve host: {host}\n"
        else:
            limit = options.get("connect-timeout") or options.get("m") or options.get("max-time")
            yield Sleep(seconds(limit, TIMEOUT * 2))
            spent = int((ctx.now - started) * 1000) + ctx.world.rng.randrange(9)
            if limit:
                status, text = 28, f"curl: (28) Connection timed out after {spent} milliseconds\n"
            else:
                status = 28
                text = (
                    f"curl: (28) Failed to connect to {host} port {port} after {spent} ms: Couldn't connect to server\n"
                )
        if not silent and ("o" in options or "O" in options or not ctx.evaluator.is_terminal(ctx.stdout)):
            ctx.err("  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n")
            ctx.err("                                 Dload  Upload   Total   Spent    Left  Speed\n")
            ctx.err("\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0\n")
        if errors:
            ctx.err(text)
    return status


def remote(ctx: Context) -> Work:
    """``ssh``, ``scp``, ``git``, ``ftp``, ``telnet``, ``nc``: a connection that is not to be had."""
    words = [word for word in ctx.args if not word.startswith("-")]
    program = ctx.name.rpartition("/")[2]
    host = _remote_host(program, words)
    if not host:
        if program == "git" and not (words and words[0] == "clone"):
            ctx.err("fatal: not a git repository (or any of the parent directories): .git\n")
            return 128
        return ctx.fail(
            "missing host operand"
            if program != "ssh"
            else "usage: ssh [-46AaCfGgKkMNnqsTtVvXxYy] destination [command [argument ...]]",
            255,
        )
    ctx.world.download(" ".join([program, *ctx.args]), program)
    bare = host.partition("@")[2] or host
    if not ADDRESS.fullmatch(bare):
        yield Sleep(dns_wait(ctx))
        text = {
            "git": f"fatal: unable to access '{host}': Could not resolve host",
            "ping": f"ping: {bare}: Temporary failure in name resolution",
        }
        ctx.err(
            text.get(program, f"{program}: Could not resolve hostname {bare}: Temporary failure in name resolution")
            + "\n"
        )
        return 255 if program in {"ssh", "scp", "sftp"} else 1
    yield Sleep(TIMEOUT)
    ctx.err(
        f"{program}: connect to host {bare} port 22: Connection timed out\n"
        if program in {"ssh", "scp", "sftp"}
        else f"{program}: connect to {bare}: Connection timed out\n"
    )
    return 255 if program in {"ssh", "scp", "sftp"} else 1


def _remote_host(program: str, words: list[str]) -> str:
    if program == "git":
        return split_url(words[1])[1] or words[1].partition(":")[0] if words[:1] == ["clone"] and len(words) > 1 else ""
    if program == "scp":
        return next((word.partition(":")[0] for word in words if ":" in word), "")
    return next((word for word in words if ADDRESS.search(word)), words[0] if words else "")


def _make_output(ctx: Context, name: str | None) -> None:
    """``wget -O`` makes the file before it connects."""
    if name and name != "-":
        ctx.write_file(name, b"")


def dns_wait(ctx: Context) -> float:
    """Return how long a name takes that no server answers for."""
    return DNS_TIMEOUT + ctx.world.rng.random() * 0.05


def _number(text: str | None, default: int) -> int:
    return int(text[:4]) if text and text.isdecimal() and int(text[:4]) else default


def seconds(text: str | None, default: float) -> float:
    """Return how long an option asks to wait."""
    found = re.fullmatch(r"\d{1,4}(?:\.\d{1,3})?", text or "")
    return min(float(found[0]), TIMEOUT * 4) if found and float(found[0]) else default


def options_and_urls(
    ctx: Context, with_value: str, long_with_value: tuple[str, ...]
) -> tuple[list[str], dict[str, str]]:
    """Return the URLs and options of a downloader's command line, leniently."""
    urls: list[str] = []
    options: dict[str, str] = {}
    args = list(ctx.args)
    while args:
        word = args.pop(0)
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            options[name] = value if equals or name not in long_with_value or not args else args.pop(0)
        elif word.startswith("-") and len(word) > 1:
            for index, letter in enumerate(word[1:], 2):
                if letter in with_value:
                    options[letter] = word[index:] or (args.pop(0) if args else "")
                    break
                options[letter] = ""
        else:
            urls.append(word)
    return urls[:16], options


COMMANDS: Mapping[str, Function] = {
    "wget": wget, "curl": curl, "ssh": remote, "scp": remote,
    "sftp": remote, "git": remote, "ftp": remote, "telnet": remote, "nc": remote,
    "nc.openbsd": remote, "netcat": remote, "socat": remote,
}  # fmt: skip
