"""The web app: sign-ins, views, and when a card came, was opened and decided.

What is new and may not be empty gets its value for the rows that are there first."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STRANGERS: Mapping[str, list[Any]] = {
    "ix_engagement_stranger": ["channel", "actor", "id"],
    "ix_engagement_stranger_newest": ["id"],
}

# Where rows that go are looked up in rows that stay, and what one person's page reads.
LOOKUPS = {
    "ix_move_prospect_at": ("move", ["prospect_id", "effective_at"]),
    "ix_company_name": ("company", ["name", "id"]),
    "ix_engagement_profile_id": ("engagement", ["profile_id"]),
    "ix_message_profile_id": ("message", ["profile_id"]),
    "ix_message_engagement_id": ("message", ["engagement_id"]),
    "ix_run_kind": ("run", ["kind", "id"]),
}

# What the pages of the outbox and of the sources read.
PARTIAL = {
    "ix_profile_failing": (
        "profile",
        ["account_id", "failing_since"],
        "failing_since IS NOT NULL AND gone_at IS NULL",
    ),
    "ix_message_sent": ("message", ["sent_at"], "state = 'sent'"),
}

# The open cards in the order of the list.
IN_ORDER: Mapping[str, list[Any]] = {
    "ix_card_queue": ["owner_id", "section", sa.text("priority DESC"), "since", "id"],
    "ix_card_open": ["section", sa.text("priority DESC"), "since", "id"],
}

# When the strongest cause arose: cards of the first version say so in their causes alone.
SINCE = {
    "sqlite": "UPDATE card SET since = coalesce("
    "strftime('%Y-%m-%d %H:%M:%f', json_extract(causes, '$[0].at')) || '000', created_at)",
    "postgresql": "UPDATE card SET since = coalesce((causes->0->>'at')::timestamptz, created_at)",
}


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index("ix_attempt_key_at", ["key", "at"], unique=False)

    op.create_table(
        "login",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('session', 'device', 'api', 'link', 'setup')", name=op.f("ck_login_kind")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_login_user_id_user")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_login")),
    )
    with op.batch_alter_table("login", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_user_id"), ["user_id"], unique=False)

    op.create_table(
        "view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_view_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_view")),
    )
    with op.batch_alter_table("view", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_view_user_id"), ["user_id"], unique=False)

    op.create_table(
        "edit",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("prospect_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("left", sa.String(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["prospect_id"], ["prospect.id"], name=op.f("fk_edit_prospect_id_prospect")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_edit_run_id_run")),
        sa.PrimaryKeyConstraint("run_id", "prospect_id", name=op.f("pk_edit")),
    )
    with op.batch_alter_table("edit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_edit_prospect_id"), ["prospect_id"], unique=False)
    op.create_table(
        "dismissal",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("engagement_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_dismissal_user_id_user")),
        sa.PrimaryKeyConstraint("channel", "actor", name=op.f("pk_dismissal")),
    )

    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.add_column(sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("run_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_card_run_id_run"), "run", ["run_id"], ["id"])
        batch_op.drop_index("ix_card_queue")
    op.execute("UPDATE card SET arrived_at = created_at")
    op.execute(SINCE[op.get_bind().dialect.name])
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.alter_column("arrived_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        batch_op.alter_column("since", existing_type=sa.DateTime(timezone=True), nullable=False)
        batch_op.create_index(
            "ix_card_arrived",
            ["arrived_at"],
            unique=False,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.create_index(
            "ix_card_due",
            ["due_on"],
            unique=False,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.create_index(
            "ix_card_snoozed",
            ["until", "owner_id"],
            unique=False,
            sqlite_where=sa.text("state = 'snoozed'"),
            postgresql_where=sa.text("state = 'snoozed'"),
        )
        batch_op.create_index(
            "ix_card_expires",
            ["expires_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('open', 'snoozed')"),
            postgresql_where=sa.text("state IN ('open', 'snoozed')"),
        )
        batch_op.create_index("ix_card_decided", ["decided_at"], unique=False)
    # Not in the batch, which knows no direction of a column.
    for name, columns in IN_ORDER.items():
        op.create_index(
            name,
            "card",
            columns,
            unique=False,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    with op.batch_alter_table("engagement", schema=None) as batch_op:
        batch_op.drop_index("ix_engagement_stranger")
        for name, columns in STRANGERS.items():
            batch_op.create_index(
                name,
                columns,
                unique=False,
                sqlite_where=sa.text("prospect_id IS NULL"),
                postgresql_where=sa.text("prospect_id IS NULL"),
            )
        batch_op.create_index(
            "ix_engagement_answer",
            ["at"],
            unique=False,
            sqlite_where=sa.text("by = 'them' AND kind NOT IN ('post', 'like', 'repost', 'follow')"),
            postgresql_where=sa.text("by = 'them' AND kind NOT IN ('post', 'like', 'repost', 'follow')"),
        )

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("despite", sa.String(), nullable=True))

    with op.batch_alter_table("prospect", schema=None) as batch_op:
        batch_op.create_index("ix_prospect_heat", ["heat", "id"], unique=False)

    with op.batch_alter_table("user", schema=None) as batch_op:
        batch_op.add_column(sa.Column("password", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("totp", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("totp_step", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("notify", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("preferences", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("away_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("cover_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("digested_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("notified_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_user_cover_id_user"), "user", ["cover_id"], ["id"])
    with op.batch_alter_table("user", schema=None) as batch_op:
        for column in ("totp_step", "notify", "preferences"):
            batch_op.alter_column(column, server_default=None)

    with op.batch_alter_table("profile", schema=None) as batch_op:
        batch_op.add_column(sa.Column("confidence", sa.Float(), nullable=False, server_default="1"))
    with op.batch_alter_table("profile", schema=None) as batch_op:
        batch_op.alter_column("confidence", server_default=None)
    for name, (table, columns) in LOOKUPS.items():
        op.create_index(name, table, columns, unique=False)
    for name, (table, columns, where) in PARTIAL.items():
        some = sa.text(where)
        op.create_index(name, table, columns, unique=False, sqlite_where=some, postgresql_where=some)


def downgrade() -> None:
    for name, (table, _, _) in PARTIAL.items():
        op.drop_index(name, table)
    for name, (table, _) in LOOKUPS.items():
        op.drop_index(name, table)
    with op.batch_alter_table("profile", schema=None) as batch_op:
        batch_op.drop_column("confidence")
    op.drop_table("dismissal")
    op.drop_table("edit")
    with op.batch_alter_table("user", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_user_cover_id_user"), type_="foreignkey")
        batch_op.drop_column("notified_at")
        batch_op.drop_column("digested_at")
        batch_op.drop_column("cover_id")
        batch_op.drop_column("away_until")
        batch_op.drop_column("preferences")
        batch_op.drop_column("notify")
        batch_op.drop_column("totp_step")
        batch_op.drop_column("totp")
        batch_op.drop_column("password")

    with op.batch_alter_table("prospect", schema=None) as batch_op:
        batch_op.drop_index("ix_prospect_heat")

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_column("despite")

    with op.batch_alter_table("engagement", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_engagement_answer",
            sqlite_where=sa.text("by = 'them' AND kind NOT IN ('post', 'like', 'repost', 'follow')"),
            postgresql_where=sa.text("by = 'them' AND kind NOT IN ('post', 'like', 'repost', 'follow')"),
        )
        for name in STRANGERS:
            batch_op.drop_index(name)
        batch_op.create_index(
            "ix_engagement_stranger",
            ["channel", "actor"],
            unique=False,
            sqlite_where=sa.text("prospect_id IS NULL"),
            postgresql_where=sa.text("prospect_id IS NULL"),
        )

    for name in IN_ORDER:
        op.drop_index(name, table_name="card")
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.create_index(
            "ix_card_queue",
            ["owner_id", "priority"],
            unique=False,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.drop_constraint(batch_op.f("fk_card_run_id_run"), type_="foreignkey")
        batch_op.drop_column("run_id")
        batch_op.drop_index("ix_card_decided")
        batch_op.drop_index(
            "ix_card_due", sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'")
        )
        batch_op.drop_index(
            "ix_card_expires",
            sqlite_where=sa.text("state IN ('open', 'snoozed')"),
            postgresql_where=sa.text("state IN ('open', 'snoozed')"),
        )
        batch_op.drop_index(
            "ix_card_snoozed",
            sqlite_where=sa.text("state = 'snoozed'"),
            postgresql_where=sa.text("state = 'snoozed'"),
        )
        batch_op.drop_index(
            "ix_card_arrived",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.drop_column("opened_at")
        batch_op.drop_column("arrived_at")
        batch_op.drop_column("since")

    with op.batch_alter_table("view", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_view_user_id"))

    op.drop_table("view")
    with op.batch_alter_table("login", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_user_id"))

    op.drop_table("login")
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_attempt_key_at")

    op.drop_table("attempt")
