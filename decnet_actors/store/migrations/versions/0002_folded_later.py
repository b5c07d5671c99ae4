"""The small tables are folded after the facts, with a cursor; facts have no index but their number."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("fact") as fact:
        fact.drop_constraint(op.f("uq_fact_producer_number"), type_="unique")
    # until now every fact was folded in the transaction that stored it
    fact_table = sa.table("fact", sa.column("seq"))
    cursor = sa.table("cursor", sa.column("consumer"), sa.column("seq"))
    newest = sa.func.max(fact_table.c.seq)
    folded = sa.select(sa.literal("projection"), newest).select_from(fact_table).having(newest.is_not(None))
    op.execute(cursor.insert().from_select(["consumer", "seq"], folded))
