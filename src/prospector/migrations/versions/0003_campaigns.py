"""Cold e-mail in bulk: campaigns with their versions and recipients, imports, consents."""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# New columns that may not be empty: what the rows that are there get, which no new row may rely on.
DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "account": ("held_times", "troubles", "authentication"),
    "message": ("shape", "footer"),
}


def upgrade() -> None:
    op.create_table(
        "column_mapping",
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("signature", name=op.f("pk_column_mapping")),
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("account_ids", sa.JSON(), nullable=False),
        sa.Column("schedule", sa.JSON(), nullable=False),
        sa.Column("stops", sa.JSON(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("reply_to", sa.String(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_why", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('draft', 'running', 'paused', 'done')", name=op.f("ck_campaign_state")),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_campaign_created_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("name", name=op.f("uq_campaign_name")),
    )
    op.create_table(
        "campaign_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("fallbacks", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_version_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_campaign_version_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_version")),
        sa.UniqueConstraint("campaign_id", "number", name=op.f("uq_campaign_version_campaign_id_number")),
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prospect_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('express', 'relationship', 'inquiry', 'publication', 'opt_in', 'interest')",
            name=op.f("ck_consent_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["prospect_id"], ["prospect.id"], name=op.f("fk_consent_prospect_id_prospect")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_consent_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consent_prospect_id"), ["prospect_id"], unique=False)

    op.create_table(
        "import_row",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=True),
        sa.Column("prospect_id", sa.Integer(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left", sa.String(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "plan IN ('read', 'add', 'change', 'same', 'conflict', 'refuse')", name=op.f("ck_import_row_plan")
        ),
        sa.ForeignKeyConstraint(
            ["prospect_id"], ["prospect.id"], name=op.f("fk_import_row_prospect_id_prospect")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_import_row_run_id_run")),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_import_row")),
    )
    with op.batch_alter_table("import_row", schema=None) as batch_op:
        batch_op.create_index("ix_import_row_plan", ["run_id", "plan", "number"], unique=False)
        batch_op.create_index(batch_op.f("ix_import_row_prospect_id"), ["prospect_id"], unique=False)

    op.create_table(
        "recipient",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("prospect_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('added', 'drafted', 'active', 'stopped', 'skipped', 'done')",
            name=op.f("ck_recipient_state"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_recipient_account_id_account")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_recipient_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["prospect_id"], ["prospect.id"], name=op.f("fk_recipient_prospect_id_prospect")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_recipient_run_id_run")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["campaign_version.id"], name=op.f("fk_recipient_version_id_campaign_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient")),
        sa.UniqueConstraint("campaign_id", "prospect_id", name=op.f("uq_recipient_campaign_id_prospect_id")),
    )
    with op.batch_alter_table("recipient", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recipient_account_id"), ["account_id"], unique=False)
        batch_op.create_index("ix_recipient_campaign_state", ["campaign_id", "state", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_recipient_prospect_id"), ["prospect_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_recipient_run_id"), ["run_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_recipient_version_id"), ["version_id"], unique=False)

    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("held_why", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("held_times", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("troubles", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("first_sent_on", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("authentication", sa.JSON(), nullable=False, server_default="{}"))

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("campaign_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("recipient_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("step", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("variant", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("shape", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("address", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("footer", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("token", sa.String(), nullable=True))
        batch_op.create_index(
            "ix_message_campaign",
            ["campaign_id", "step", "state"],
            unique=False,
            sqlite_where=sa.text("campaign_id IS NOT NULL"),
            postgresql_where=sa.text("campaign_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_message_recipient",
            ["recipient_id", "step"],
            unique=False,
            sqlite_where=sa.text("recipient_id IS NOT NULL"),
            postgresql_where=sa.text("recipient_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_message_run",
            ["run_id"],
            unique=False,
            sqlite_where=sa.text("run_id IS NOT NULL"),
            postgresql_where=sa.text("run_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_message_token",
            ["token"],
            unique=True,
            sqlite_where=sa.text("token IS NOT NULL"),
            postgresql_where=sa.text("token IS NOT NULL"),
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_message_recipient_id_recipient"), "recipient", ["recipient_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_message_campaign_id_campaign"), "campaign", ["campaign_id"], ["id"]
        )

    for table, columns in DEFAULTS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.alter_column(column, server_default=None)

    with op.batch_alter_table("prospect", schema=None) as batch_op:
        batch_op.add_column(sa.Column("merged_into_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_prospect_merged_into_id"), ["merged_into_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_prospect_merged_into_id_prospect"), "prospect", ["merged_into_id"], ["id"]
        )


def downgrade() -> None:
    with op.batch_alter_table("prospect", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_prospect_merged_into_id_prospect"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_prospect_merged_into_id"))
        batch_op.drop_column("merged_into_id")

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_message_recipient_id_recipient"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_message_campaign_id_campaign"), type_="foreignkey")
        for name in ("uq_message_token", "ix_message_run", "ix_message_recipient", "ix_message_campaign"):
            batch_op.drop_index(name)
        for column in (
            "token",
            "footer",
            "address",
            "shape",
            "variant",
            "step",
            "recipient_id",
            "campaign_id",
        ):
            batch_op.drop_column(column)

    with op.batch_alter_table("account", schema=None) as batch_op:
        for column in ("authentication", "first_sent_on", "troubles", "held_times", "held_why", "held_until"):
            batch_op.drop_column(column)

    for table in ("recipient", "import_row", "consent", "campaign_version", "campaign", "column_mapping"):
        op.drop_table(table)
