"""Searches that somebody keeps: their own, and those that are shared with everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, or_, select

from prospector.models import User, View
from prospector.prospects.search import parse
from prospector.store import by_id

LONGEST_NAME = 60
MOST = 50


class ViewError(Exception):
    """A view cannot be kept like that; the message says why."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A view as the list shows it; `by` is whose it is."""

    id: int
    name: str
    query: str
    shared: bool
    mine: bool
    by: str


def listed(session: Session, user_id: int) -> Sequence[Kept]:
    """This user's views and everybody's, by name."""
    statement = (
        select(View, User.name)
        .join(User, col(User.id) == col(View.user_id))
        .where(or_(col(View.user_id) == user_id, col(View.shared)))
        .order_by(func.lower(col(View.name)), col(View.id))
        .limit(4 * MOST)
    )
    return [
        Kept(view.id, view.name, view.query, view.shared, view.user_id == user_id, name)
        for view, name in session.exec(statement)
    ]


def keep(session: Session, user_id: int, name: str, query: str, shared: bool, now: datetime) -> View:
    """Keep a search under a name; one of this user's that is called the same is replaced. Raises
    `ViewError`, and `SearchError` for a search that means nothing."""
    called, search = " ".join(name.split()), str(parse(query))
    if not 0 < len(called) <= LONGEST_NAME or not called.isprintable():
        raise ViewError(f"Give the view a name of 1 to {LONGEST_NAME} characters.")
    if not search:
        raise ViewError("Search for something first; everybody needs no view.")
    mine = session.exec(select(View).where(View.user_id == user_id)).all()
    view = next((one for one in mine if one.name.casefold() == called.casefold()), None)
    if view is None and len(mine) >= MOST:
        raise ViewError(f"You keep {MOST} views already; delete one first.")
    view = view or View(user_id=user_id, name=called, query=search, created_at=now)
    view.name, view.query, view.shared = called, search, shared
    session.add(view)
    session.flush()
    return view


def remove(session: Session, user_id: int, view_id: int) -> bool:
    """Delete a view of this user's; whether there was one."""
    view = by_id(session, View, view_id)
    if view is None or view.user_id != user_id:
        return False
    session.delete(view)
    session.flush()
    return True
