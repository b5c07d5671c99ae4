"""This module has the tables of analyses and of those who ask the world."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from decnet_actors.store.tables.schema import ADDRESS, ID, MAX_PAYLOAD, NAME, SHA256, table


def _use_of_secret(name: str, *keys: Column[str]) -> Table:
    return table(
        name,
        Column("secret", String(SHA256), ForeignKey("reuse_secret.digest", ondelete="CASCADE"), primary_key=True),
        *keys,
        Column("attempts", BigInteger, nullable=False),
        Column("accepted", BigInteger, nullable=False),
        Column("first_seen", Double, nullable=False),
        Column("last_seen", Double, nullable=False),
    )


def _group(name: str) -> Table:
    return table(
        name,
        Column("id", String(ID), primary_key=True),
        Column("merged_into", String(ID), nullable=False),  # empty: it stands for itself
        Column("first_seen", Double, nullable=False),
        Column("last_seen", Double, nullable=False),
        Column("members", BigInteger, nullable=False),
        Column("weakest", Double, nullable=False),
        Index(f"ix_{name}_last_seen", "last_seen"),
        Index(f"ix_{name}_merged_into", "merged_into"),
    )


def _edge(name: str) -> Table:
    return table(
        name,
        Column("one", String(ID), primary_key=True),
        Column("other", String(ID), primary_key=True),
        Column("weight", Double, nullable=False),
        Column("reasons", LargeBinary(MAX_PAYLOAD), nullable=False),  # JSON (contracts.identities.EdgeRow)
        Index(f"ix_{name}_other", "other"),
    )


attacker = table(
    "attacker",
    Column("address", String(ADDRESS), primary_key=True),
    Column("first_seen", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("sessions", BigInteger, nullable=False),
    Column("credentials", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("commands", BigInteger, nullable=False),
    Column("files", BigInteger, nullable=False),
    Column("bytes_in", BigInteger, nullable=False),
    Column("bytes_out", BigInteger, nullable=False),
    Column("deckies", BigInteger, nullable=False),
    Column("behaviour", String(32), nullable=False),
    Column("services", Text, nullable=False),  # ",http,ssh,"
    Column("tools", Text, nullable=False),
    Column("profile", LargeBinary(MAX_PAYLOAD), nullable=False),  # msgpack (domain.profile.Profile)
    Index("ix_attacker_last_seq", "last_seq"),
)

attacker_visit = table(
    "attacker_visit",
    Column("address", String(ADDRESS), primary_key=True),
    Column("decky", String(NAME), primary_key=True),
    Column("first_seen", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("sessions", BigInteger, nullable=False),
    Column("credentials", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("commands", BigInteger, nullable=False),
    Column("files", BigInteger, nullable=False),
    Column("services", Text, nullable=False),
)

attacker_mark = table(
    "attacker_mark",
    Column("digest", String(SHA256), primary_key=True),  # of kind and value
    Column("address", String(ADDRESS), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("first_seen", Double, nullable=False),
    Index("ix_attacker_mark_address", "address"),
)

decky_mutation = table(
    "decky_mutation",
    Column("decky", String(NAME), primary_key=True),
    Column("mutations", LargeBinary(MAX_PAYLOAD), nullable=False),  # msgpack, the newest
)

intel = table(
    "intel",
    Column("address", String(ADDRESS), primary_key=True),
    Column("provider", String(NAME), primary_key=True),
    Column("asked", Double),  # NULL: it waits for its turn
    Column("answered", Double),  # of verdict and fields
    Column("expires", Double, nullable=False),  # when it may be asked again
    Column("wanted", Double, nullable=False),  # when an opinion was needed last
    Column("verdict", String(32), nullable=False),
    Column("fields", Text, nullable=False),  # JSON
    Column("error", Text, nullable=False),  # why the last request brought nothing
    Index("ix_intel_expires", "expires"),
)

intel_verdict = table(
    "intel_verdict",
    Column("address", String(ADDRESS), primary_key=True),
    Column("verdict", String(32), nullable=False),  # the one that outweighs the others
    Column("time", Double, nullable=False),  # of the newest answer
    Index("ix_intel_verdict_time", "time", "address"),
)

reuse_secret = table(
    "reuse_secret",
    Column("digest", String(SHA256), primary_key=True),  # of kind, challenge and secret, see analysis.attempts
    Column("secret", LargeBinary(MAX_PAYLOAD), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("planted", Text, nullable=False),  # names of deckies it was laid out on, sorted, between blanks
    Column("attempts", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("sources", BigInteger, nullable=False),
    Column("targets", BigInteger, nullable=False),
    Column("first_seen", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
    Column("told", BigInteger, nullable=False),  # targets when it was last told of
    Index("ix_reuse_secret_last_seen", "last_seen"),
)

reuse_source = _use_of_secret("reuse_source", Column("source", String(ADDRESS), primary_key=True))

reuse_target = _use_of_secret(
    "reuse_target", Column("decky", String(NAME), primary_key=True), Column("service", String(NAME), primary_key=True)
)

bait_use = _use_of_secret(
    "bait_use",
    Column("source", String(ADDRESS), primary_key=True),
    Column("decky", String(NAME), primary_key=True),
    Column("service", String(NAME), primary_key=True),
)

reuse_guesser = table(
    "reuse_guesser",
    Column("address", String(ADDRESS), primary_key=True),
    Column("secrets", BigInteger, nullable=False),  # unlike ones it tried, without those that everybody tries
    Column("last_seen", Double, nullable=False),
)

reuse_attempt = table(
    "reuse_attempt",  # counted already: an event may come again
    Column("id", String(ID), primary_key=True),
    Column("time", Double, nullable=False),
)

attacker_fingerprint = table(
    "attacker_fingerprint",
    Column("address", String(ADDRESS), primary_key=True),
    Column("port", Integer, primary_key=True, autoincrement=False),
    Column("probe", String(32), primary_key=True),
    Column("value", String(NAME), nullable=False),
    Column("rotations", Integer, nullable=False),
    Column("first_seen", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
)

trace = table(
    "trace",
    Column("session", String(ID), primary_key=True),
    Column("observation", String(ID), nullable=False),
    Column("state", LargeBinary(MAX_PAYLOAD), nullable=False),  # msgpack (analysis.traces)
    Index("ix_trace_observation", "observation"),
)

observation = table(
    "observation",
    Column("id", String(ID), primary_key=True),
    Column("source", String(ADDRESS), nullable=False),
    Column("client", String(NAME), nullable=False),
    Column("first_seen", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
    Column("identity", String(ID), nullable=False),
    Column("state", LargeBinary(MAX_PAYLOAD), nullable=False),  # msgpack (analysis.observations)
    Index("ix_observation_identity", "identity"),
    Index("ix_observation_source", "source"),
)

identity = _group("identity")

identity_edge = _edge("identity_edge")

identity_decision = table(
    "identity_decision",
    Column("id", String(ID), primary_key=True),
    Column("observation", String(ID), primary_key=True),
    Column("side", Integer, nullable=False),
    Column("together", Boolean, nullable=False),
    Column("time", Double, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_identity_decision_observation", "observation"),
)

campaign_member = table(
    "campaign_member",
    Column("identity", String(ID), primary_key=True),
    Column("campaign", String(ID), nullable=False),
    Column("state", LargeBinary(MAX_PAYLOAD), nullable=False),  # msgpack (analysis.campaigns)
    Index("ix_campaign_member_campaign", "campaign"),
)

campaign = _group("campaign")

campaign_edge = _edge("campaign_edge")

technique_tag = table(
    "technique_tag",
    Column("event", String(ID), primary_key=True),
    Column("rule", String(32), primary_key=True),
    Column("technique", String(16), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("tactic", String(32), nullable=False),
    Column("phase", String(32), nullable=False),
    Column("confidence", Double, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("time", Double, nullable=False),
    Column("source", String(ADDRESS), nullable=False),
    Column("session", String(ID), nullable=False),
    Column("decky", String(NAME), nullable=False),
    Column("service", String(NAME), nullable=False),
    Column("evidence", Text, nullable=False),  # JSON
    Index(None, "seq"),
    Index(None, "technique", "seq"),
    Index(None, "source", "technique"),
)

technique_window = table(
    "technique_window",
    Column("key", String(32), primary_key=True),
    Column("touched", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # JSON
)

technique_rule = table(
    "technique_rule",
    Column("rule", String(32), primary_key=True),
    Column("mode", String(16), nullable=False),
    Column("ceiling", Double, nullable=False),
    Column("until", Double, nullable=True),
    Column("reason", Text, nullable=False),
    Column("author", String(NAME), nullable=False),
    Column("time", Double, nullable=False),
)
