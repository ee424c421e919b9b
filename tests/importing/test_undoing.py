"""An import is taken back exactly, on both databases; what has happened since stays, and is said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session
from tests.importing.files import imported
from tests.office import RULES, Office, office

from prospector import merges, parting, runs
from prospector.engagements import Entry, log
from prospector.importing import applying, undoing
from prospector.models import (
    Card,
    Company,
    Engagement,
    ImportRow,
    Message,
    Profile,
    Prospect,
    Run,
    table_of,
)
from prospector.prospects import details, profiles
from prospector.prospects.urls import canonical
from prospector.rules import live
from prospector.runs import RunError
from prospector.sdk import Seen
from prospector.store import Store
from prospector.work import resume

TWO = "name,email,bluesky\nAda King,ada@acme.example,bsky.app/profile/ada.example\nJan,jan@low.example,\n"
KEPT = (Prospect, Profile, Engagement, Company, Card, Message)
FOLDED = {"horizon", "stage_at", "next_timer_at"}


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    made = office(store, tmp_path)
    made.write(lambda session: live.go_live(session, RULES, "", None, made.now - timedelta(days=1)))
    return made


def everything(place: Office) -> list[Any]:
    """All rows of the people, as they are, without when the fold looked last."""
    found = []
    with place.store.reading() as session:
        for model in KEPT:
            table = table_of(model)
            rows = session.execute(table.select().order_by(table.c.id)).mappings()
            found += [
                (table.name, {name: value for name, value in row.items() if name not in FOLDED})
                for row in rows
            ]
    return found


def take_back(place: Office, run_id: int) -> runs.Undoing:
    with place.store.reading() as session:
        plan = runs.undoing(session, run_id)
    runs.take_back(place.store, place.runtime.consequences, run_id, lambda: place.now)
    return plan


def stranger(place: Office, actor: str) -> None:
    seen = Seen("email_reply", actor, f"<{actor}>", place.now - timedelta(hours=1), text="Tell me more")
    place.write(lambda session: log(session, [Entry("email", seen, place.now, None)]))


def test_what_an_import_added_goes_with_all_that_came_of_it(
    place: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (applying, undoing):
        monkeypatch.setattr(module, "PAGE", 1)
    place.person("anna")
    stranger(place, "ada@acme.example")
    before = everything(place)
    run_id = imported(place, TWO)
    assert place.one(Card).prospect_id == 2  # what Ada wrote as a stranger asks for an answer
    looked = Seen("post", "did:ada", "at://1", place.now, text="Hello")
    profile = place.one(Profile, prospect_id=2)
    place.follow(Entry("bluesky", looked, place.now, 2, profile.id))
    place.draft(2)
    place.later(minutes=1)
    plan = take_back(place, run_id)
    assert (plan.restored, plan.removed, plan.left) == (2, 2, ())
    assert everything(place) == before
    with pytest.raises(RunError, match="taken back already"):
        take_back(place, run_id)
    assert imported(place, TWO) == run_id + 1
    assert len(place.rows(Prospect)) == 3


def test_a_changed_person_has_what_they_had(place: Office) -> None:
    anna = place.person("anna.example", title="CTO", email=None, tags=["vip"], fields={"city": "Wien"})
    stranger(place, "anna@new.example")
    before = everything(place)
    text = (
        "name,email,title,country,bluesky,linkedin,tags,domain,city,language\n"
        "Anna M. Weber,anna@new.example,CEO,AT,bsky.app/profile/anna.example,https://linkedin.com/in/anna,"
        "fair,new.example,Graz,de\n"
    )
    run_id = imported(place, text, overwrite=True, source="fair")
    one = place.one(Prospect)
    assert (one.name, one.email, one.title, one.tags, one.fields) == (
        "Anna M. Weber",
        "anna@new.example",
        "CEO",
        ["vip", "fair"],
        {"city": "Graz", "language": "de"},
    )
    assert place.one(Engagement, kind="email_reply").prospect_id == anna
    place.later(minutes=1)
    plan = take_back(place, run_id)
    assert (plan.restored, plan.removed, plan.left) == (1, 0, ())
    cards = [row for row in everything(place) if row[0] in ("card", "message")]
    assert [row for row in everything(place) if row not in cards] == before


def _edit(place: Office) -> None:
    def work(session: Session) -> None:
        person = session.get_one(Prospect, 1)
        log(session, details.apply(session, person, details.Changes({"title": "CEO"}), None, place.now))

    place.write(work)


def _profile(place: Office) -> None:
    def work(session: Session) -> None:
        ref = canonical("https://bsky.app/profile/another.example")
        assert ref is not None
        profiles.attach(session, session.get_one(Prospect, 1), ref, {}, place.now)

    place.write(work)


def _decide(place: Office) -> None:
    moments = dict.fromkeys(("since", "due_on", "created_at", "arrived_at", "decided_at"), place.now)
    place.write(lambda session: session.add(Card(prospect_id=1, state="done", **moments)))


SINCE: dict[str, Callable[[Office], object]] = {
    "a message to them was approved": lambda place: place.approved(1),
    "they did something since": lambda place: place.follow(place.seen("reply", 1)),
    "there is a note": lambda place: place.follow(place.seen("note", 1, by="us", channel="ui")),
    "somebody edited them": _edit,
    "the name changed": lambda place: place.change(Prospect, 1, name="Ada Lovelace"),
    "the pause changed": lambda place: place.change(
        Prospect, 1, paused_until=place.now + timedelta(days=3), paused_why="paused by hand"
    ),
    "the tags changed": lambda place: place.change(Prospect, 1, tags=["vip"]),
    "the profiles changed": _profile,
    "a card of theirs was decided": _decide,
    "run 2 changed them": lambda place: imported(place, "email,title\nada@acme.example,CEO\n"),
}


@pytest.mark.parametrize("why", SINCE)
def test_whoever_something_has_happened_with_since_stays(place: Office, why: str) -> None:
    run_id = imported(place, TWO)
    place.later(minutes=5)
    SINCE[why](place)
    plan = take_back(place, run_id)
    assert (plan.removed, [name for name, _ in plan.left]) == (1, [place.one(Prospect).name])
    assert why in plan.left[0][1]
    assert why in place.one(ImportRow, run_id=run_id, prospect_id=1).left


def test_of_a_changed_person_only_what_nobody_touched_goes_back(place: Office) -> None:
    place.person("anna")
    run_id = imported(place, "email,title,country,tags\nanna@anna.example,CTO,AT,fair\n")
    place.change(Prospect, 1, title="CEO")
    plan = take_back(place, run_id)
    assert plan.left == (("Anna Weber", "the title changed since"),)
    one = place.one(Prospect)
    assert (one.title, one.country, one.tags) == ("CEO", None, [])


def test_who_was_merged_since_is_left_alone(place: Office) -> None:
    anna, again = place.person("anna"), place.person("anna.b", email="b@firm.example")
    run_id = imported(place, "email,title,linkedin\nb@firm.example,CTO,https://linkedin.com/in/annab\n")
    consequences = place.runtime.consequences
    merged = place.write(lambda s: merges.merge(s, consequences, anna, again, None, place.now))
    before = everything(place)
    plan = take_back(place, run_id)
    assert (plan.restored, plan.left) == (
        0,
        (("Anna.B Weber", "they were merged with somebody; take that back first"),),
    )
    assert everything(place) == before
    place.write(lambda s: parting.take_back(s, consequences, merged, place.now))
    assert place.one(Profile, platform="linkedin").prospect_id == again


def test_taking_back_goes_on_after_a_death_and_stops_what_was_begun(
    place: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (applying, undoing):
        monkeypatch.setattr(module, "PAGE", 2)
    text = "name\n" + "".join(f"P{n}\n" for n in range(8))
    run_id, consequences = imported(place, text), place.runtime.consequences
    place.write(lambda session: undoing.begin(session, run_id, place.now))
    place.write(lambda session: undoing.undo_page(session, consequences, run_id, place.now))
    assert len(place.rows(Prospect)) == 6
    place.later(minutes=2)
    assert place.run(lambda: resume(place.runtime)) == 6
    assert place.rows(Prospect) == []
    assert place.one(Run).detail["state"] == "undone"
