"""What sessions leave is kept as traces, with the identities and campaigns that were made of them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = 32
BLOB = 16777215


def upgrade() -> None:
    op.create_table(
        "trace",
        sa.Column("session", sa.String(length=ID), nullable=False),
        sa.Column("observation", sa.String(length=ID), nullable=False),
        sa.Column("state", sa.LargeBinary(length=BLOB), nullable=False),
        sa.PrimaryKeyConstraint("session", name=op.f("pk_trace")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_trace_observation", "trace", ["observation"])
    op.create_table(
        "observation",
        sa.Column("id", sa.String(length=ID), nullable=False),
        sa.Column("source", sa.String(length=45), nullable=False),
        sa.Column("client", sa.String(length=255), nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=False),
        sa.Column("identity", sa.String(length=ID), nullable=False),
        sa.Column("state", sa.LargeBinary(length=BLOB), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observation")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_observation_identity", "observation", ["identity"])
    op.create_index("ix_observation_source", "observation", ["source"])
    _group("identity")
    _edge("identity_edge")
    op.create_table(
        "identity_decision",
        sa.Column("id", sa.String(length=ID), nullable=False),
        sa.Column("observation", sa.String(length=ID), nullable=False),
        sa.Column("side", sa.Integer(), nullable=False),
        sa.Column("together", sa.Boolean(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", "observation", name=op.f("pk_identity_decision")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_identity_decision_observation", "identity_decision", ["observation"])
    _group("campaign")
    _edge("campaign_edge")
    op.create_table(
        "campaign_member",
        sa.Column("identity", sa.String(length=ID), nullable=False),
        sa.Column("campaign", sa.String(length=ID), nullable=False),
        sa.Column("state", sa.LargeBinary(length=BLOB), nullable=False),
        sa.PrimaryKeyConstraint("identity", name=op.f("pk_campaign_member")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_campaign_member_campaign", "campaign_member", ["campaign"])


def _group(name: str) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.String(length=ID), nullable=False),
        sa.Column("merged_into", sa.String(length=ID), nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=False),
        sa.Column("members", sa.BigInteger(), nullable=False),
        sa.Column("weakest", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index(f"ix_{name}_last_seen", name, ["last_seen"])
    op.create_index(f"ix_{name}_merged_into", name, ["merged_into"])


def _edge(name: str) -> None:
    op.create_table(
        name,
        sa.Column("one", sa.String(length=ID), nullable=False),
        sa.Column("other", sa.String(length=ID), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("reasons", sa.LargeBinary(length=BLOB), nullable=False),
        sa.PrimaryKeyConstraint("one", "other", name=op.f(f"pk_{name}")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index(f"ix_{name}_other", name, ["other"])
