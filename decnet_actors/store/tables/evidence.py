"""This module has the journal, what is folded from it, and the state of ours."""

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
    Text,
    UniqueConstraint,
)

from decnet_actors.store.tables.schema import ADDRESS, ID, MAX_PAYLOAD, NAME, SHA256, Big, table

fact = table(
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

dead_letter = table(
    "dead_letter",
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("time", Double, nullable=False),
    Column("producer", String(ID), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("record", LargeBinary(MAX_PAYLOAD), nullable=False),  # msgpack map of the whole record
    Column("error", Text, nullable=False),
    UniqueConstraint("producer", "number"),
)

session = table(
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

source = table(
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

credential = table(
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

credential_use = table(
    "credential_use",
    Column("session", String(ID), ForeignKey("session.id", ondelete="CASCADE"), primary_key=True),
    Column("credential", String(SHA256), ForeignKey("credential.digest", ondelete="CASCADE"), primary_key=True),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Index("ix_credential_use_credential", "credential"),  # which sessions tried it: the reuse of secrets
)

minute = table(
    "minute",
    Column("minute", Big, primary_key=True, autoincrement=False),  # Unix seconds // 60
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("sessions", BigInteger, nullable=False),
    Column("credentials", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
)

line = table(
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

artifact = table(
    "artifact",
    Column("sha256", String(SHA256), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("first_seen", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
    Column("count", BigInteger, nullable=False),
)

cursor = table(
    "cursor",
    Column("consumer", String(NAME), primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

decky_secret = table(
    "decky_secret",
    Column("decky", String(NAME), primary_key=True),
    Column("name", String(NAME), primary_key=True),
    Column("value", LargeBinary(MAX_PAYLOAD), nullable=False),
    Column("created", Double, nullable=False),
)

decky_file = table(
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

web_user = table(
    "web_user",
    Column("name", String(NAME), primary_key=True),
    Column("role", String(32), nullable=False),
    Column("created", Double, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("last_login", Double),
    Column("password_hash", Text, nullable=False),
)

web_session = table(
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

api_token = table(
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

audit = table(
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

fleet_revision = table(
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

lifecycle = table(
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

meta = table(
    "meta",
    Column("key", String(NAME), primary_key=True),
    Column("value", LargeBinary(MAX_PAYLOAD), nullable=False),
)
