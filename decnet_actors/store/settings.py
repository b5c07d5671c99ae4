"""This module defines the settings of the store; it imports nothing heavy, so the command line can explain them."""

from attrs import field, frozen, validators

DAY = 86_400.0


@frozen(kw_only=True)
class JournalConfig:
    """How the journal batches, and how patiently it waits for a database that is away."""

    batch: int = field(
        default=4000, validator=validators.gt(0), metadata={"help": "Facts of one transaction, at most."}
    )
    batch_bytes: int = field(
        default=16 * 2**20,
        validator=validators.gt(0),
        metadata={"help": "Size of the facts of one transaction, about.", "unit": "bytes"},
    )
    linger: float = field(
        default=0.025,
        validator=validators.ge(0.0),
        metadata={"help": "Seconds the first fact of a batch may wait for others, when nobody waits for it."},
    )
    hurry: float = field(
        default=0.01,
        validator=validators.ge(0.0),
        metadata={"help": "Seconds after a crowd's transaction before the next, when decoys hold replies for it."},
    )
    project: float = field(
        default=0.5,
        validator=validators.ge(0.0),
        metadata={
            "help": "Seconds that lists of sessions, sources and credentials may be behind the events in a flood."
        },
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


def _days(default: float, text: str) -> float:
    value: float = field(
        default=default * DAY,
        validator=validators.ge(0.0),
        metadata={"help": f"{text}; 0 keeps them."},
    )
    return value


@frozen(kw_only=True)
class RetentionConfig:
    """How long evidence is kept. The audit log is never shortened: its chain would no longer begin at its first row."""

    events: float = _days(365.0, "Age at which events are removed")
    terminals: float = _days(90.0, "Age at which the bytes of terminals are removed, which replays are made of")
    sessions: float = _days(365.0, "Age at which sessions are removed, with what was tried in them")
    credentials: float = _days(730.0, "Age at which credentials that nobody tries any more are removed")
    sources: float = _days(730.0, "Age at which addresses that are not seen any more are removed")
    artifacts: float = _days(365.0, "Age at which files that nobody brings any more are removed")
    max_disk: int = field(
        default=0,
        validator=validators.ge(0),
        metadata={
            "help": "Size of database and artifacts above which the oldest events are removed; 0 is no limit.",
            "unit": "bytes",
        },
    )
    every: float = field(
        default=300.0, validator=validators.gt(0.0), metadata={"help": "Seconds between two looks at what is too old."}
    )
    batch: int = field(default=1000, validator=validators.gt(0), metadata={"help": "Rows of one transaction, at most."})
    pause: float = field(
        default=0.02,
        validator=validators.ge(0.0),
        metadata={"help": "Seconds between two transactions, in which the journal can write."},
    )
