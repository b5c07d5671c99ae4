"""This module judges what decky.check found: the exit code is 1 when anything contradicts."""

from typing import Any, TypeAlias

from decnet_actors.ctl.commands import View

Plain: TypeAlias = Any  # the shape of JSON


def judge(answer: Plain) -> int:
    """Return 1 when two surfaces of a decky do not agree."""
    return int(any(not row["ok"] for row in answer["items"]))


VIEW = View(judge=judge, patience=300.0)
