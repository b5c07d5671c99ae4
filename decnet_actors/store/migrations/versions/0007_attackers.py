"""What attackers do is kept as profiles."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attacker",
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("sessions", sa.BigInteger(), nullable=False),
        sa.Column("credentials", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("commands", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.BigInteger(), nullable=False),
        sa.Column("bytes_in", sa.BigInteger(), nullable=False),
        sa.Column("bytes_out", sa.BigInteger(), nullable=False),
        sa.Column("deckies", sa.BigInteger(), nullable=False),
        sa.Column("behaviour", sa.String(length=32), nullable=False),
        sa.Column("services", sa.Text(), nullable=False),
        sa.Column("tools", sa.Text(), nullable=False),
        sa.Column("profile", sa.LargeBinary(length=16777215), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_attacker")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_attacker_last_seq", "attacker", ["last_seq"])
    op.create_table(
        "attacker_visit",
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("decky", sa.String(length=255), nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("sessions", sa.BigInteger(), nullable=False),
        sa.Column("credentials", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("commands", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.BigInteger(), nullable=False),
        sa.Column("services", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("address", "decky", name=op.f("pk_attacker_visit")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_table(
        "attacker_mark",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "address", name=op.f("pk_attacker_mark")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_attacker_mark_address", "attacker_mark", ["address"])
    op.create_table(
        "decky_mutation",
        sa.Column("decky", sa.String(length=255), nullable=False),
        sa.Column("mutations", sa.LargeBinary(length=16777215), nullable=False),
        sa.PrimaryKeyConstraint("decky", name=op.f("pk_decky_mutation")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
