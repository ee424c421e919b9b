"""Whose people are whose: when somebody gets another owner, their open cards go along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlmodel import Session, col, select, update

from prospector.models import Card, User

LIVING = ("open", "snoozed")


def move_cards(session: Session, owners: Mapping[int, int | None]) -> int:
    """Give the open and the snoozed cards of these prospects to the owners; how many. Who has one
    of them open loses the hold, since it is no longer theirs to decide."""
    by_owner: dict[int | None, list[int]] = {}
    for prospect_id, owner_id in sorted(owners.items()):
        by_owner.setdefault(owner_id, []).append(prospect_id)
    return sum(_move(session, ids, owner_id) for owner_id, ids in by_owner.items())


def _move(session: Session, prospect_ids: Sequence[int], owner_id: int | None) -> int:
    return session.exec(
        update(Card)
        .where(col(Card.prospect_id).in_(prospect_ids), col(Card.state).in_(LIVING))
        .values(owner_id=owner_id, held_by=None, held_until=None)
        .execution_options(synchronize_session=False)
    ).rowcount


def names(session: Session) -> dict[int, str]:
    """What each user is called, also those who have left."""
    return dict(session.exec(select(User.id, User.name)).all())
