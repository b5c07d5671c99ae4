"""Techniques that events show, with the sequences that are open and what operators say of rules."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "technique_tag",
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("technique", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tactic", sa.String(length=32), nullable=False),
        sa.Column("phase", sa.String(length=32), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("source", sa.String(length=45), nullable=False),
        sa.Column("session", sa.String(length=32), nullable=False),
        sa.Column("decky", sa.String(length=255), nullable=False),
        sa.Column("service", sa.String(length=255), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event", "rule", "technique", name=op.f("pk_technique_tag")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_technique_tag_seq", "technique_tag", ["seq"])
    op.create_index("ix_technique_tag_technique_seq", "technique_tag", ["technique", "seq"])
    op.create_index("ix_technique_tag_source_technique", "technique_tag", ["source", "technique"])
    op.create_table(
        "technique_window",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("touched", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_technique_window")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_table(
        "technique_rule",
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("ceiling", sa.Double(), nullable=False),
        sa.Column("until", sa.Double(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=255), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("rule", name=op.f("pk_technique_rule")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
