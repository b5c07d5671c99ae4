"""This module defines every table.

* ``fact`` is the journal. Rows are only appended, ``seq`` has no holes, and there is no index but the primary key,
  which grows at its end: a random secondary index would make each commit dirty one page a row, which is what limits
  ingest, not SQL. So nothing looks facts up by address or time directly; it asks a small table for a range of
  ``seq`` first (``minute`` for time, ``session`` and ``source`` for their own).
* ``session``, ``source``, ``credential``, ``credential_use``, ``minute`` and ``line`` are projections: folded from
  facts (``store.projection``, ``store.transcript``) and committed with their ``cursor``, a moment later
  (``store.projector``). They could be made again from ``fact``.
* ``decky_file`` has the changes of deckies' files, by version (``store.decky_files``): the live ones are what a tree is
  put together from, the others its history.
* ``reuse_*`` and ``bait_use`` are those of an analysis (``store.reuse``), committed with its cursor.
* ``attacker``, ``attacker_visit``, ``attacker_mark`` and ``decky_mutation`` are what the profiler makes of facts
  (``store.profiles``), each row whole.
* ``intel`` and ``intel_verdict`` have what providers of intelligence said (``store.intel``); they cannot be made again.
* ``trace``, ``observation``, ``identity``, ``identity_edge``, ``identity_decision``, ``campaign``, ``campaign_member``
and ``campaign_edge`` are what analyses made of facts (``store.identity_tables``).
* ``technique_tag`` and ``technique_window`` are the techniques' study's own (``store.technique_tags``);
  ``technique_rule`` is what operators say of its rules.
* The rest is state of ours: accounts, audit, what the fleet is meant to be and what was done to it, secrets of
  personas, cursors of consumers.

Text that peers chose is stored escaped (``domain.text.escaped``), because PostgreSQL refuses NUL in text; the exact
bytes are in the fact. A change here needs a migration, and ``SCHEMA_VERSION`` names the newest one.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

SCHEMA_VERSION = "0012"

MAX_PAYLOAD = 2**24 - 1  # bytes; what MySQL's MEDIUMBLOB holds, and more than any fact has
ID = 32  # hex digits of an identifier
NAME = 255  # characters of names we or the operator chose
ADDRESS = 45  # characters of an IPv6 address in its longest form
SHA256 = 64  # hex digits

Big = BigInteger().with_variant(Integer, "sqlite")  # an SQLite rowid must be declared INTEGER

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _table(name: str, *items: SchemaItem) -> Table:
    # without a binary collation MySQL takes "Bob" and "bob" for one name
    return Table(name, metadata, *items, mysql_charset="utf8mb4", mysql_collate="utf8mb4_bin")


fact = _table(
    "fact",
    Column("seq", Big, primary_key=True, autoincrement=False),
    Column("id", String(ID), nullable=False),
    Column("producer", String(ID), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("time", Double, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("host", String(NAME), nullable=False),
    Column("decky", String(NAME), nullable=False),
    Column("service", String(NAME), nullable=False),
    Column("session", String(ID), nullable=False),
    Column("source", String(ADDRESS), nullable=False),
    Column("source_port", Integer, nullable=False),
    Column("payload", LargeBinary(MAX_PAYLOAD), nullable=False),
)

dead_letter = _table(
    "dead_letter",
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("time", Double, nullable=False),
    Column("producer", String(ID), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("record", LargeBinary(MAX_PAYLOAD), nullable=False),  # msgpack map of the whole record
    Column("error", Text, nullable=False),
    UniqueConstraint("producer", "number"),
)

session = _table(
    "session",
    Column("id", String(ID), primary_key=True),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("host", String(NAME), nullable=False),
    Column("decky", String(NAME), nullable=False),
    Column("service", String(NAME), nullable=False),
    Column("source", String(ADDRESS), nullable=False),
    Column("source_port", Integer, nullable=False),
    Column("opened", Double, nullable=False),  # of the first fact when SessionOpened was never seen
    Column("last_seen", Double, nullable=False),
    Column("closed", Double),
    Column("reason", String(32)),
    Column("duration", Double),
    Column("bytes_in", BigInteger, nullable=False),
    Column("bytes_out", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("commands", BigInteger, nullable=False),
    Column("credentials", BigInteger, nullable=False),
    Column("files", BigInteger, nullable=False),
    Column("terminal", BigInteger, nullable=False),  # facts a replay is made of
    Column("user", Text),  # of the last accepted credential
    Column("client", Text),  # how the client names itself
    Index("ix_session_first_seq", "first_seq"),
)

source = _table(
    "source",
    Column("address", String(ADDRESS), primary_key=True),
    Column("first_seen", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("sessions", BigInteger, nullable=False),
    Column("credentials", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
)

credential = _table(
    "credential",
    Column("digest", String(SHA256), primary_key=True),  # of kind, user and secret, see projection.credential_digest
    Column("user", Text),
    Column("secret", LargeBinary(MAX_PAYLOAD), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("mechanism", String(NAME), nullable=False),  # where it was seen last
    Column("hashcat", Text),
    Column("first_seen", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
)

credential_use = _table(
    "credential_use",
    Column("session", String(ID), ForeignKey("session.id", ondelete="CASCADE"), primary_key=True),
    Column("credential", String(SHA256), ForeignKey("credential.digest", ondelete="CASCADE"), primary_key=True),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Index("ix_credential_use_credential", "credential"),  # which sessions tried it: the reuse of secrets
)

attacker = _table(
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

attacker_visit = _table(
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

attacker_mark = _table(
    "attacker_mark",
    Column("digest", String(SHA256), primary_key=True),  # of kind and value
    Column("address", String(ADDRESS), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("first_seen", Double, nullable=False),
    Index("ix_attacker_mark_address", "address"),
)

decky_mutation = _table(
    "decky_mutation",
    Column("decky", String(NAME), primary_key=True),
    Column("mutations", LargeBinary(MAX_PAYLOAD), nullable=False),  # msgpack, the newest
)

minute = _table(
    "minute",
    Column("minute", Big, primary_key=True, autoincrement=False),  # Unix seconds // 60
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("sessions", BigInteger, nullable=False),
    Column("credentials", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
)

line = _table(
    "line",
    Column("number", Big, primary_key=True, autoincrement=False),  # 1, 2, ... in the order in which lines began
    Column("seq", BigInteger, nullable=False),  # of the fact it began with; ascends with the number
    Column("time", Double, nullable=False),
    Column("session", String(ID), nullable=False),
    Column("channel", Integer, nullable=False),
    Column("kind", String(32), nullable=False),  # transcript.LineKind
    Column("text", Text, nullable=False),
    Column("keys", Text, nullable=False),
    Column("folded", Text, nullable=False),  # what is searched
    Column("open", LargeBinary(MAX_PAYLOAD)),  # what came of a line that goes on
    Index("ix_line_session", "session"),  # ids ascend with time, so this one grows at its end too
)

intel = _table(
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

intel_verdict = _table(
    "intel_verdict",
    Column("address", String(ADDRESS), primary_key=True),
    Column("verdict", String(32), nullable=False),  # the one that outweighs the others
    Column("time", Double, nullable=False),  # of the newest answer
    Index("ix_intel_verdict_time", "time", "address"),
)

artifact = _table(
    "artifact",
    Column("sha256", String(SHA256), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("first_seen", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
    Column("count", BigInteger, nullable=False),
)

reuse_secret = _table(
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


def _use_of_secret(name: str, *keys: Column[str]) -> Table:
    return _table(
        name,
        Column("secret", String(SHA256), ForeignKey("reuse_secret.digest", ondelete="CASCADE"), primary_key=True),
        *keys,
        Column("attempts", BigInteger, nullable=False),
        Column("accepted", BigInteger, nullable=False),
        Column("first_seen", Double, nullable=False),
        Column("last_seen", Double, nullable=False),
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

reuse_guesser = _table(
    "reuse_guesser",
    Column("address", String(ADDRESS), primary_key=True),
    Column("secrets", BigInteger, nullable=False),  # unlike ones it tried, without those that everybody tries
    Column("last_seen", Double, nullable=False),
)

reuse_attempt = _table(
    "reuse_attempt",  # counted already: an event may come again
    Column("id", String(ID), primary_key=True),
    Column("time", Double, nullable=False),
)

cursor = _table(
    "cursor",
    Column("consumer", String(NAME), primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

decky_secret = _table(
    "decky_secret",
    Column("decky", String(NAME), primary_key=True),
    Column("name", String(NAME), primary_key=True),
    Column("value", LargeBinary(MAX_PAYLOAD), nullable=False),
    Column("created", Double, nullable=False),
)

decky_file = _table(
    "decky_file",
    Column("decky", String(NAME), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # counts the versions of a decky
    Column("live", Boolean, nullable=False),  # whether a tree has it now
    Column("layer", String(NAME), nullable=False),  # empty: everybody's
    Column("time", Double, nullable=False),
    Column("hand", String(32), nullable=False),
    Column("source", String(ADDRESS), nullable=False),
    Column("session", String(ID), nullable=False),
    Column("author", String(NAME), nullable=False),
    Column("action", String(32), nullable=False),
    Column("path", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(SHA256)),  # of content that a layer has of its own
    Column("state", LargeBinary(MAX_PAYLOAD), nullable=False),  # msgpack (store.decky_files): the node as it was then
    Index("ix_decky_file_sha256", "sha256"),  # what is held must not be removed as old
)

web_user = _table(
    "web_user",
    Column("name", String(NAME), primary_key=True),
    Column("role", String(32), nullable=False),
    Column("created", Double, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("last_login", Double),
    Column("password_hash", Text, nullable=False),
)

web_session = _table(
    "web_session",
    Column("digest", String(SHA256), primary_key=True),
    Column("user", String(NAME), ForeignKey("web_user.name", ondelete="CASCADE"), nullable=False),
    Column("created", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
    Column("expires", Double, nullable=False),
    Column("address", String(ADDRESS), nullable=False),
    Column("user_agent", Text, nullable=False),
    Index("ix_web_session_user", "user"),
)

api_token = _table(
    "api_token",
    Column("id", String(NAME), primary_key=True),
    Column("digest", String(SHA256), nullable=False),
    Column("name", String(NAME), nullable=False),
    Column("role", String(32), nullable=False),
    Column("created", Double, nullable=False),
    Column("created_by", String(NAME), nullable=False),
    Column("expires", Double),
    Column("last_used", Double),
    UniqueConstraint("digest"),
    UniqueConstraint("name"),
)

audit = _table(
    "audit",
    Column("number", Big, primary_key=True, autoincrement=False),  # 1, 2, ... without holes
    Column("time", Double, nullable=False),
    Column("caller", Text, nullable=False),
    Column("via", String(32), nullable=False),
    Column("address", String(NAME), nullable=False),
    Column("operation", String(NAME), nullable=False),
    Column("arguments", Text, nullable=False),
    Column("outcome", String(NAME), nullable=False),
    Column("chain", String(SHA256), nullable=False),  # SHA-256 over the row and the chain value before it
)

fleet_revision = _table(
    "fleet_revision",
    Column("number", Big, primary_key=True, autoincrement=False),  # 1, 2, ... without holes
    Column("time", Double, nullable=False),
    Column("author", Text, nullable=False),
    Column("via", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("summary", String(NAME), nullable=False),
    Column("digest", String(SHA256), nullable=False),
    Column("configured", String(SHA256), nullable=False),  # which fleet of the configuration was known then
    Column("document", LargeBinary(MAX_PAYLOAD), nullable=False),  # JSON (fleet.document), deflated
)

lifecycle = _table(
    "lifecycle",
    Column("id", String(ID), primary_key=True),
    Column("kind", String(NAME), nullable=False),
    Column("author", Text, nullable=False),
    Column("via", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("revision", Big, nullable=False),
    Column("decky", String(NAME), nullable=False),
    Column("requested", Double, nullable=False),
    Column("started", Double),
    Column("ended", Double),
    Column("state", String(32), nullable=False),
    Column("error", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("outcomes", LargeBinary(MAX_PAYLOAD), nullable=False),  # JSON, deflated
)

attacker_fingerprint = _table(
    "attacker_fingerprint",
    Column("address", String(ADDRESS), primary_key=True),
    Column("port", Integer, primary_key=True, autoincrement=False),
    Column("probe", String(32), primary_key=True),
    Column("value", String(NAME), nullable=False),
    Column("rotations", Integer, nullable=False),
    Column("first_seen", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
)

trace = _table(
    "trace",
    Column("session", String(ID), primary_key=True),
    Column("observation", String(ID), nullable=False),
    Column("state", LargeBinary(MAX_PAYLOAD), nullable=False),  # msgpack (analysis.traces)
    Index("ix_trace_observation", "observation"),
)

observation = _table(
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


def _group(name: str) -> Table:
    return _table(
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
    return _table(
        name,
        Column("one", String(ID), primary_key=True),
        Column("other", String(ID), primary_key=True),
        Column("weight", Double, nullable=False),
        Column("reasons", LargeBinary(MAX_PAYLOAD), nullable=False),  # JSON (contracts.identities.EdgeRow)
        Index(f"ix_{name}_other", "other"),
    )


identity = _group("identity")
identity_edge = _edge("identity_edge")

identity_decision = _table(
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

campaign = _group("campaign")
campaign_edge = _edge("campaign_edge")

campaign_member = _table(
    "campaign_member",
    Column("identity", String(ID), primary_key=True),
    Column("campaign", String(ID), nullable=False),
    Column("state", LargeBinary(MAX_PAYLOAD), nullable=False),  # msgpack (analysis.campaigns)
    Index("ix_campaign_member_campaign", "campaign"),
)

meta = _table(
    "meta",
    Column("key", String(NAME), primary_key=True),
    Column("value", LargeBinary(MAX_PAYLOAD), nullable=False),
)

technique_tag = _table(
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

technique_window = _table(
    "technique_window",
    Column("key", String(32), primary_key=True),
    Column("touched", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # JSON
)

technique_rule = _table(
    "technique_rule",
    Column("rule", String(32), primary_key=True),
    Column("mode", String(16), nullable=False),
    Column("ceiling", Double, nullable=False),
    Column("until", Double, nullable=True),
    Column("reason", Text, nullable=False),
    Column("author", String(NAME), nullable=False),
    Column("time", Double, nullable=False),
)
