"""Taking out people whom only an import made, with all that came of them, as if they had never been.

Not the erasure that a person may ask for: nothing bars them from coming again, and what they did towards
us before goes back to being a stranger's.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, update
from sqlmodel import Session, SQLModel, col, select

from prospector.models import (
    Card,
    Company,
    Consent,
    Edit,
    Effect,
    Engagement,
    ImportRow,
    Message,
    Move,
    Poll,
    Profile,
    Prospect,
    Recipient,
    table_of,
)

# In the order that foreign keys allow.
_THEIRS: tuple[type[SQLModel], ...] = (Message, Recipient, Effect, Move, Card, Consent, Edit)


def remove(session: Session, ids: Sequence[int], adopted: Sequence[int]) -> None:
    """Take these prospects out; `adopted` are the engagements that become strangers' again."""
    session.flush()
    give_back(session, adopted)
    theirs = select(Engagement.id).where(col(Engagement.prospect_id).in_(ids))
    _run(session, update(Message).where(col(Message.engagement_id).in_(theirs)).values(engagement_id=None))
    for model in _THEIRS:
        table = table_of(model)
        _run(session, delete(table).where(table.c.prospect_id.in_(ids)))
    _run(session, delete(Engagement).where(col(Engagement.prospect_id).in_(ids)))
    remove_profiles(session, session.exec(select(Profile.id).where(col(Profile.prospect_id).in_(ids))).all())
    _run(session, update(ImportRow).where(col(ImportRow.prospect_id).in_(ids)).values(prospect_id=None))
    _run(session, delete(Prospect).where(col(Prospect.id).in_(ids)))


def give_back(session: Session, adopted: Sequence[int]) -> None:
    """Make these engagements strangers' again."""
    back = update(Engagement).where(col(Engagement.id).in_(adopted))
    _run(session, back.values(prospect_id=None, profile_id=None))


def remove_profiles(session: Session, ids: Sequence[int]) -> None:
    """Take profiles out with the looks at them; what others' rows say of them goes."""
    _run(session, delete(Poll).where(col(Poll.profile_id).in_(ids)))
    for model in (Engagement, Message):
        table = table_of(model)
        _run(session, update(table).where(table.c.profile_id.in_(ids)).values(profile_id=None))
    _run(session, delete(Profile).where(col(Profile.id).in_(ids)))


def remove_companies(session: Session, ids: Sequence[int]) -> None:
    """Take out those of these companies that have nobody any more, and of which nobody has said
    anything."""
    peopled = select(Prospect.company_id).where(col(Prospect.company_id).in_(ids))
    empty = select(Company).where(col(Company.id).in_(ids), col(Company.id).not_in(peopled))
    gone = [one.id for one in session.exec(empty) if not one.fields and one.paused_until is None]
    _run(session, delete(Company).where(col(Company.id).in_(gone)))


def _run(session: Session, statement: object) -> None:
    session.execute(statement.execution_options(synchronize_session=False))  # type: ignore[attr-defined]
