"""This module defines the settings of the store; it imports nothing heavy, so the command line can explain them."""

from attrs import field, frozen, validators


@frozen(kw_only=True)
class JournalConfig:
    """How the journal batches, and how patiently it waits for a database that is away."""

    batch: int = field(
        default=4000, validator=validators.gt(0), metadata={"help": "Facts of one transaction, at most."}
    )
    batch_bytes: int = field(
        default=16 * 2**20, validator=validators.gt(0), metadata={"help": "Bytes of facts of one transaction, about."}
    )
    linger: float = field(
        default=0.025,
        validator=validators.ge(0.0),
        metadata={"help": "Seconds the first fact of a batch may wait for others, when nobody waits for it."},
    )
    hurry: float = field(
        default=0.002,
        validator=validators.ge(0.0),
        metadata={"help": "Seconds it may wait when a decoy holds its reply for it."},
    )
    commit_timeout: float = field(
        default=60.0, validator=validators.gt(0.0), metadata={"help": "Seconds a transaction may take."}
    )
    retry_min: float = field(
        default=0.1,
        validator=validators.gt(0.0),
        metadata={"help": "Seconds before a failed commit is tried again, at first."},
    )
    retry_max: float = field(
        default=5.0, validator=validators.gt(0.0), metadata={"help": "Seconds between later tries, at most."}
    )
