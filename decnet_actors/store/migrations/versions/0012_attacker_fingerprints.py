"""What services of attackers are told by is kept, so that a change is noticed."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attacker_fingerprint",
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("port", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("probe", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.Column("rotations", sa.Integer(), nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("address", "port", "probe", name=op.f("pk_attacker_fingerprint")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
