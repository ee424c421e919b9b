"""One chain of migrations for both databases; `Store.migrate` runs it on its own connection."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from prospector.models import UTCDateTime, metadata


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Plain SQLAlchemy types in migrations, so that they do not change when ours do."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and type(item).__module__.startswith("sqlmodel"):
        return "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=render_item,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
