"""This module is the ``decnetd`` command: read the configuration, then run in the foreground."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from decnet_actors.ctl.settings_files import files
from decnet_actors.domain.text import escaped

if TYPE_CHECKING:
    from decnet_actors.app.load import Configuration

CONFIG_INVALID = 78  # EX_CONFIG

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("auto", "console", "json", "journal")

EPILOG = """examples:
  decnetd                                    run with /etc/decnet/decnet.toml, or built-in defaults without it
  decnetd -t -c ./decnet.toml                check a file and say everything that is wrong with it
  decnetd --print-config > decnet.toml       write the commented defaults
  decnetd --state-dir ./state --run-dir ./run    run unprivileged, with everything kept here

exit codes: 0 stopped, 1 failed, 2 usage, 78 configuration invalid
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="decnetd",
        description="The DECNET daemon. Never forks; tells systemd when it is ready; SIGHUP reloads, SIGTERM stops.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("-c", "--config", type=Path, metavar="FILE", help="configuration file")
    made.add_argument(
        "--config-dir", type=Path, metavar="DIR", help="folder of conf.d and fleet.d (default: beside the file)"
    )
    made.add_argument("-t", "--check-config", action="store_true", help="check the configuration and exit")
    made.add_argument("--print-config", action="store_true", help="print the commented default configuration and exit")
    made.add_argument("--state-dir", type=Path, metavar="DIR", help="where evidence, keys and artifacts are kept")
    made.add_argument("--run-dir", type=Path, metavar="DIR", help="where the control and bus sockets are")
    made.add_argument("--log-level", choices=LEVELS, help="what is logged")
    made.add_argument("--log-format", choices=FORMATS, help="how it is logged")
    made.add_argument("--version", action="version", version=f"decnetd {_version()}")
    return made


def run(argv: Sequence[str], environ: Mapping[str, str] | None = None) -> int:
    """Do what the command line says and return the exit code.

    Args:
        argv: without the program's name.
        environ: variables; the process's own if ``None``.

    """
    options = parser().parse_args(argv)
    if options.print_config:
        from decnet_actors.settings import Settings
        from supervisors.config import to_toml

        sys.stdout.write(to_toml(Settings))
        return 0
    from supervisors.config import ConfigError

    try:
        configuration = load(options, environ)
    except ConfigError as error:
        sys.stderr.write("".join(f"{_safe(line)}\n" for line in str(error).splitlines()))
        return CONFIG_INVALID
    if options.check_config:
        sys.stderr.write("ok  no errors\n")
        return 0
    from decnet_actors.app.run import run as serve

    return serve(configuration, reload=lambda: load(options, environ))


def load(options: argparse.Namespace, environ: Mapping[str, str] | None) -> "Configuration":
    """Return the configuration of the files, with what the command line says on top.

    Raises:
        ConfigError: with every problem.

    """
    from decnet_actors.app.load import load_settings

    configuration = load_settings(files(options.config, options.config_dir), environ)
    flags: dict[str, Any] = {  # Any: values of many types
        name: getattr(options, name)
        for name in ("state_dir", "run_dir", "log_level", "log_format")
        if getattr(options, name) is not None
    }
    settings = configuration.settings
    daemon = attrs.evolve(settings.daemon, **flags)
    origins = {f"daemon.{name}": f"--{name.replace('_', '-')}" for name in flags}
    loaded = attrs.evolve(
        configuration.loaded,
        value=attrs.evolve(settings, daemon=daemon),
        origins={**configuration.loaded.origins, **origins},
    )
    return attrs.evolve(configuration, loaded=loaded)


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))


def _safe(line: str) -> str:
    return escaped(line).replace("\\\\", "\\")


def _version() -> str:
    try:
        return version("decnet")
    except PackageNotFoundError:  # run from a tree that is not installed
        return "(not installed)"


if __name__ == "__main__":
    main()
