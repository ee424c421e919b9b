"""Imports on both databases: what was planned is done, exactly once, and by whoever goes on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.importing.files import counts, imported, planned, reasons
from tests.office import Office, office

from prospector import runs
from prospector.engagements import Entry, log
from prospector.importing import applying, listing, planning, staging
from prospector.importing.staging import ImportingError
from prospector.models import (
    Company,
    Engagement,
    ImportRow,
    Profile,
    Prospect,
    Run,
    Suppression,
    User,
)
from prospector.outreach import suppression
from prospector.prospects import erasure
from prospector.sdk import Seen
from prospector.store import Store
from prospector.work import resume

PEOPLE = "Name,E-Mail,Firma,Job title,Land,LinkedIn,Tags,City\n" + "".join(
    f"P{n} Weber,p{n}@weber.example,Weber GmbH,CTO,Deutschland,https://linkedin.com/in/p{n},fair,Köln\n"
    for n in range(7)
)


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (planning, applying, staging):
        monkeypatch.setattr(module, "PAGE", 3)


@pytest.mark.usefixtures("small_pages")
def test_everybody_comes_in_with_what_the_file_says(place: Office) -> None:
    run_id = imported(place, PEOPLE, source="fair 2026", basis="legitimate interest")
    assert counts(place, run_id) == {"add": 7}
    one = place.rows(Prospect)[0]
    assert (one.name, one.email, one.title, one.country, one.tags) == (
        "P0 Weber",
        "p0@weber.example",
        "CTO",
        "DE",
        ["fair"],
    )
    assert (one.source, one.legal_basis, one.fields) == ("fair 2026", "legitimate interest", {"city": "Köln"})
    assert [company.domain for company in place.rows(Company)] == ["weber.example"]
    assert {profile.url for profile in place.rows(Profile)} == {
        f"https://www.linkedin.com/in/p{n}" for n in range(7)
    }
    said = {row.attributes["field"] for row in place.rows(Engagement, prospect_id=one.id)}
    assert said == {"email", "title", "country", "company", "source", "tags", "city"}
    assert imported(place, PEOPLE, source="another") == run_id + 1
    assert counts(place, run_id + 1) == {"same": 7}


@pytest.mark.usefixtures("small_pages")
def test_an_import_that_stopped_half_way_is_gone_on_with_once(place: Office) -> None:
    run_id, consequences = planned(place, PEOPLE), place.runtime.consequences
    place.write(lambda session: applying.begin(session, run_id, place.now))
    place.write(lambda session: applying.apply_page(session, consequences, run_id, place.now))
    assert len(place.rows(Prospect)) == 3
    with place.store.reading() as session:
        assert listing.progress(session, run_id).done == 3
        assert runs.unfinished(session, place.now) == []
    place.later(minutes=2)
    place.run(lambda: resume(place.runtime))
    assert sorted(one.email for one in place.rows(Prospect)) == [f"p{n}@weber.example" for n in range(7)]
    assert place.one(Run).detail["state"] == "done"
    assert applying.go_on(place.store, consequences, run_id, lambda: place.now) == 0
    with pytest.raises(ImportingError, match="is done"):
        applying.apply(place.store, consequences, run_id, lambda: place.now)


def test_whoever_was_added_between_plan_and_act_is_not_added_twice(place: Office) -> None:
    run_id = planned(place, PEOPLE)
    place.person("p3", email="p3@weber.example")
    applying.apply(place.store, place.runtime.consequences, run_id, lambda: place.now)
    assert counts(place, run_id) == {"add": 6, "conflict": 1}
    assert len(place.rows(Prospect, email="p3@weber.example")) == 1


def test_an_import_fills_what_was_empty_and_argues_with_nothing(place: Office) -> None:
    anna = place.person("anna", title="Head of Sales", tags=["vip"])
    text = (
        "name,email,title,country,bluesky,tags\n"
        "Anna Weber,ANNA@anna.example,CEO,at,https://bsky.app/profile/anna2.example,fair; VIP\n"
    )
    run_id = imported(place, text)
    one = place.one(Prospect)
    assert (one.title, one.country, one.tags) == ("Head of Sales", "AT", ["vip", "fair"])
    assert len(place.rows(Profile, prospect_id=anna)) == 2
    assert reasons(place, run_id, "conflict") == {2: "title is Head of Sales, the file says CEO"}
    again = imported(place, text, overwrite=True)
    assert counts(place, again) == {"change": 1}
    assert place.one(Prospect).title == "CEO"


def test_one_row_that_names_two_people_changes_neither(place: Office) -> None:
    anna, ben = place.person("anna"), place.person("ben.example")
    text = "email,profile,title\nanna@anna.example,https://bsky.app/profile/ben.example,CEO\n"
    run_id = imported(place, text, overwrite=True)
    assert reasons(place, run_id, "conflict") == {
        2: f"it names Anna Weber ({anna}) and Ben.Example Weber ({ben}), "
        "who are two people here; merge them first"
    }
    assert {one.title for one in place.rows(Prospect)} == {None}


def test_no_import_reaches_who_must_not_be_written_to(place: Office) -> None:
    place.person("anna")
    keys = ["email:no@x.example", "domain:never.example", "person:1"]
    place.write(
        lambda session: suppression.suppress(session, keys, "they asked us not to", "test", place.now)
    )
    before = place.rows(Suppression)
    text = (
        "name,email,title\nNo,no@x.example,CEO\nNever,a@never.example,CEO\nAnna,anna@anna.example,CEO\n"
        "Yes,yes@x.example,CEO\n"
    )
    run_id = imported(place, text)
    assert counts(place, run_id) == {"add": 1, "refuse": 3}
    assert set(reasons(place, run_id).values()) == {"never written to: they asked us not to"}
    assert [one.name for one in place.rows(Prospect)] == ["Anna Weber", "Yes"]
    assert [row.key for row in place.rows(Suppression)] == [row.key for row in before]
    runs.take_back(place.store, place.runtime.consequences, run_id, lambda: place.now)
    assert [row.key for row in place.rows(Suppression)] == [row.key for row in before]


@pytest.mark.parametrize("secret", [None, b"s" * 32])
def test_who_was_erased_does_not_come_back_by_address_or_profile(place: Office, secret: bytes | None) -> None:
    if secret is not None:
        (place.installation.workspace.root / "key").write_bytes(secret)
    anna = place.person("anna.example", email="anna@anna.example")
    place.write(
        lambda session: erasure.erase(session, session.get_one(Prospect, anna), secret, "test", place.now)
    )
    text = (
        "name,email,profile\nA,anna@anna.example,\nB,,https://bsky.app/profile/anna.example\nC,c@c.example,\n"
    )
    run_id = imported(place, text)
    assert counts(place, run_id) == {"add": 1, "refuse": 2}
    assert set(reasons(place, run_id).values()) == {
        "they asked to be forgotten on 24 Nov 2026; they stay out"
    }
    refused = place.rows(ImportRow, run_id=run_id, plan="refuse")
    assert [(row.cells, row.before, row.after) for row in refused] == [({}, {}, {})] * 2


def test_what_strangers_did_by_mail_becomes_theirs_an_opt_out_too(place: Office) -> None:
    seen = Seen("email_reply", "ada@x.example", "<1@x>", place.now - timedelta(hours=1), text="Tell me more")
    place.write(lambda session: log(session, [Entry("email", seen, place.now, None)]))
    imported(place, "name,email\nAda King,ada@x.example\nJan,jan@x.example\n")
    ada = place.one(Prospect, email="ada@x.example")
    assert [one.text for one in place.happened() if one.prospect_id == ada.id] == ["Tell me more"]


def test_rows_that_name_the_same_person_are_told_and_done_once(place: Office) -> None:
    text = (
        "name,email,profile\nAda,ada@x.example,https://bsky.app/profile/ada.example\n"
        "Ada again,ADA@x.example,\nThird,t@x.example,bsky.app/profile/ada.example\n,,\n"
        "Nobody,,\n,no address,\n"
    )
    run_id = imported(place, text)
    assert counts(place, run_id) == {"add": 2, "refuse": 3}
    assert reasons(place, run_id) == {
        3: "the same person as row 2",
        4: "the same person as row 2",
        7: '"no address" is no e-mail address',
    }


def test_an_owner_is_one_of_us_by_address_or_name(place: Office) -> None:
    user = User(email="ana@us.example", name="Ana Sommer", role="rep", created_at=place.now)
    place.write(lambda session: session.add(user))
    run_id = imported(place, "name,owner\nA,ANA@us.example\nB,ana sommer\nC,Nobody Here\n")
    assert [one.owner_id for one in place.rows(Prospect)] == [1, 1, None]
    assert reasons(place, run_id, "add")[4] == 'nobody of us is "Nobody Here", so nobody is the owner'
