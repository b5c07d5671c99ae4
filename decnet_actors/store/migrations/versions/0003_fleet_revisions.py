"""What the fleet is meant to be is kept here, one revision after another."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fleet_revision",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("via", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("summary", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("configured", sa.String(length=64), nullable=False),
        sa.Column("document", sa.LargeBinary(length=16777215), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_fleet_revision")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
