"""The timeline on both databases: its filters add up, and its pages hold everything once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.office import START, Office, office

from prospector.casework import Casework
from prospector.models import Prospect
from prospector.prospects import timeline
from prospector.prospects.timeline import SHOWS, Item, Place, Show
from prospector.store import Store


@pytest.fixture
def opened(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def busy(opened: Office, name: str = "anna") -> int:
    """A person with entries of every filter, several of them in the same second."""
    id_ = opened.person(name, title="Head of Platform", country="DE")
    for number in range(5):
        opened.later(hours=3)
        opened.follow(
            opened.seen("post", id_, object=f"at://{name}/post/{number}"),
            opened.seen("reply", id_, object=f"at://{name}/reply/{number}"),
            opened.seen("email", id_, by="us", actor="us", channel="email", object=f"<{name}{number}@us>"),
        )
    case = Casework(opened.runtime.consequences)
    opened.write(lambda s: case.move(s, s.get_one(Prospect, id_), "won", opened.later(hours=1)))
    opened.write(lambda s: case.log(s, s.get_one(Prospect, id_), "call", "Spoke", opened.later(hours=1)))
    return id_


def everything(opened: Office, ids: list[int], show: Show, limit: int) -> list[Item]:
    found: list[Item] = []
    before: Place | None = None
    with opened.store.reading() as session:
        while True:
            page = timeline.page(session, ids, show, before, limit)
            found += page.items
            if page.older is None:
                return found
            before = Place.parse(str(page.older))


def test_the_filters_add_up_to_everything(opened: Office) -> None:
    id_ = busy(opened)
    with opened.store.reading() as session:
        counts = timeline.counts(session, [id_])
    assert counts.them == 10
    assert counts.us == 6
    assert counts.all == counts.them + counts.us + counts.changes
    for show in SHOWS:
        assert len(everything(opened, [id_], show, 50)) == counts.of(show)


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_pages_hold_everything_once_and_in_order(opened: Office, limit: int) -> None:
    ids = [busy(opened), busy(opened, "bert")]
    for show in SHOWS:
        whole, paged = everything(opened, ids, show, 500), everything(opened, ids, show, limit)
        assert paged == whole
        assert [item.place for item in whole] == sorted((item.place for item in whole), reverse=True)
        assert len({item.place for item in whole}) == len(whole)


def test_a_move_by_hand_can_be_undone_and_one_by_a_rule_not(opened: Office) -> None:
    moves = [item for item in everything(opened, [busy(opened)], "changes", 50) if item.kind == "move"]
    assert [(item.before, item.after, item.undo is not None) for item in moves if item.after] == [
        ("engaged", "won", True),
        ("cold", "engaged", False),
    ]
    assert moves[-1].rule == "answered"


def test_entries_stand_by_the_day_of_the_readers_zone(opened: Office) -> None:
    id_ = opened.person()
    late = START.replace(hour=15)
    opened.now = START + timedelta(days=2)
    opened.follow(
        opened.seen("post", id_, at=late, object="a"), opened.seen("reply", id_, at=late, object="b")
    )
    with opened.store.reading() as session:
        page = timeline.page(session, [id_], "them")
    assert [at.astimezone(ZoneInfo("Asia/Tokyo")).day for at, _ in page.days(ZoneInfo("Asia/Tokyo"))] == [25]
    assert [at.day for at, _ in page.days(ZoneInfo("Europe/Berlin"))] == [24]


@pytest.mark.parametrize("text", ["", "x", "2026-11-24T09:00:00~e1", "2026-11-24T09:00:00+00:00~q1", "~e1"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Place.parse(text)
