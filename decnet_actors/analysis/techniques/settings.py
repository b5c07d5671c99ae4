"""This module defines what an operator can say about techniques."""

from pathlib import Path

from attrs import field, frozen


@frozen(kw_only=True)
class TechniqueSettings:
    """By which rules events are tagged with techniques."""

    rules: Path | None = field(
        default=None,
        metadata={"help": "folder of *.yaml files with rules of your own, beside the shipped ones"},
    )
