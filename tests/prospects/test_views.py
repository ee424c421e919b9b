"""Kept searches on both databases: one's own, everybody's, and never somebody else's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from prospector.models import User
from prospector.prospects import views
from prospector.prospects.search import SearchError
from prospector.prospects.views import ViewError
from prospector.store import Store

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def team(store: Store) -> Store:
    for name in ("ana", "jonas"):
        user = User(email=f"{name}@us.example", name=name.title(), role="rep", created_at=NOW)
        store.write(lambda session, user=user: session.add(user))
    return store


def keep(store: Store, user: int, name: str, query: str, shared: bool = False) -> int:
    return store.write(lambda session: views.keep(session, user, name, query, shared, NOW).id)


def names(store: Store, user: int) -> list[str]:
    with store.reading() as session:
        return [one.name for one in views.listed(session, user)]


def test_own_and_shared(team: Store) -> None:
    mine = keep(team, 1, "  Warm   ones ", "quiet:14d stage:engaged")
    keep(team, 1, "fair", "tag:fair", shared=True)
    keep(team, 2, "Acme", "company:acme")
    assert (names(team, 1), names(team, 2)) == (["fair", "Warm ones"], ["Acme", "fair"])
    assert keep(team, 1, "warm ONES", "tag:x") == mine
    assert not team.write(lambda session: views.remove(session, 2, mine))
    assert team.write(lambda session: views.remove(session, 1, mine))
    assert not team.write(lambda session: views.remove(session, 1, mine))
    assert names(team, 1) == ["fair"]


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [("", "tag:x", "1 to 60"), ("x" * 61, "tag:x", "1 to 60"), ("all", " ", "first")],
)
def test_what_cannot_be_kept_is_said(team: Store, name: str, query: str, said: str) -> None:
    with pytest.raises(ViewError, match=said):
        keep(team, 1, name, query)
    with pytest.raises(SearchError):
        keep(team, 1, "x", "colour:red")
