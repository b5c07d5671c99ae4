"""What providers of intelligence say of addresses is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "intel",
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("provider", sa.String(length=255), nullable=False),
        sa.Column("asked", sa.Double(), nullable=True),
        sa.Column("answered", sa.Double(), nullable=True),
        sa.Column("expires", sa.Double(), nullable=False),
        sa.Column("wanted", sa.Double(), nullable=False),
        sa.Column("verdict", sa.String(length=32), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("address", "provider", name=op.f("pk_intel")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_intel_expires", "intel", ["expires"])
    op.create_table(
        "intel_verdict",
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("verdict", sa.String(length=32), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_intel_verdict")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_intel_verdict_time", "intel_verdict", ["time", "address"])
