"""This module finds and checks the configuration files a daemon would read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from decnet_actors.contracts.description_operations import ConfigProblem
from decnet_actors.ctl.world import Settings

DEFAULT_FILE = Path("/etc/decnet/decnet.toml")
DROP_IN_FOLDERS = ("conf.d", "fleet.d")


def files(main: Path | None, folder: Path | None) -> tuple[Path, ...]:
    """Return what a daemon reads, in order: the main file, then the drop-ins beside it (or in ``folder``).

    Args:
        main: a file that must be there; ``None`` takes the usual one if it exists.
        folder: where ``conf.d`` and ``fleet.d`` are.

    """
    from supervisors.config import drop_ins

    found = [main] if main is not None else [path for path in (DEFAULT_FILE,) if path.exists()]
    place = folder or (main or DEFAULT_FILE).parent
    return (*found, *(path for name in DROP_IN_FOLDERS for path in drop_ins(place / name)))


def problems(named: Sequence[str], settings: Settings) -> list[Mapping[str, Any]]:  # Any: the shape of JSON
    """Return every error of the named files, or of the ones a daemon would read."""
    from decnet_actors.app.load import load_settings
    from supervisors.config import ConfigError

    try:
        load_settings(tuple(map(Path, named)) if named else files(None, None), settings.world.environ)
    except ConfigError as error:
        return [
            attrs.asdict(
                ConfigProblem(
                    file=problem.file,
                    line=problem.line,
                    column=problem.column,
                    code=problem.code,
                    key=problem.key,
                    text=problem.text,
                    suggestion=problem.suggestion or "",
                    shown=problem.render(),
                )
            )
            for problem in error.problems
        ]
    return []
