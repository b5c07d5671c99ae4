"""Secrets that are used again are found, and baits that come back."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reuse_secret",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.LargeBinary(length=16777215), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("planted", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("sources", sa.BigInteger(), nullable=False),
        sa.Column("targets", sa.BigInteger(), nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_reuse_secret")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_reuse_secret_last_seen", "reuse_secret", ["last_seen"])
    _use_of_secret("reuse_source", _source())
    _use_of_secret("reuse_target", *_place())
    _use_of_secret("bait_use", _source(), *_place())
    op.create_table(
        "reuse_guesser",
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("secrets", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_reuse_guesser")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_table(
        "reuse_attempt",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reuse_attempt")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def _source() -> sa.Column[str]:
    return sa.Column("source", sa.String(length=45), nullable=False)


def _place() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("decky", sa.String(length=255), nullable=False),
        sa.Column("service", sa.String(length=255), nullable=False),
    )


def _use_of_secret(name: str, *keys: sa.Column[str]) -> None:
    op.create_table(
        name,
        sa.Column("secret", sa.String(length=64), nullable=False),
        *keys,
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["secret"], ["reuse_secret.digest"], name=op.f(f"fk_{name}_secret"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("secret", *(key.name for key in keys), name=op.f(f"pk_{name}")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
