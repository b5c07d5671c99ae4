"""This module defines what an operator can say about analyses."""

from attrs import field, frozen


@frozen(kw_only=True)
class AnalysisSettings:
    """Whether the evidence is made into attackers, techniques, reuse, identities and campaigns."""

    enabled: bool = field(
        default=True,
        metadata={"help": "follow the evidence; what is missed while this is off is made up for when it is on again"},
    )
