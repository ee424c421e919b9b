"""E5: after an erasure the person is found nowhere: twelve planted strings, in everything we store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.colleagues import user
from tests.office import Office, office

from prospector import doctor, merges
from prospector.casework import Casework
from prospector.models import (
    Campaign,
    CampaignVersion,
    Company,
    Consent,
    ImportRow,
    Message,
    Profile,
    Prospect,
    Recipient,
    Run,
    View,
    metadata,
)
from prospector.outreach.leftovers import leftovers
from prospector.overwriting import overwrite
from prospector.prospects import duplicates, erasure, mentions
from prospector.store import Store
from prospector.team.sealing import make_key

CANARIES = (
    "Zebulon Quince",
    "zq@quincework.example",
    "zebulon.old@quincework.example",
    "quincezeb",
    "did:zebquince",
    "Quincework Loom",
    "+49 151 99911222",
    "He hates mornings, says canary",
    "Loomtalk is my canary post",
    "Dear canary Zebulon",
    "Canary objection of March",
    "canary-tag",
)


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    make_key(tmp_path / "key")
    return office(store, tmp_path)


def planted(place: Office) -> int:
    """A person with the twelve strings everywhere: merged, imported, written to, searched for."""
    name, address, old, handle, remote, company, phone, note, post, letter, evidence, tag = CANARIES
    first = place.person(handle, email=address, company=company, tags=[tag], fields={"phone": phone})
    again = place.person(f"{handle}2", email=old, company=company)
    for id_ in (first, again):
        place.change(Prospect, id_, name=name)
    place.change(Profile, place.one(Profile, prospect_id=first).id, remote_id=remote)
    place.follow(place.seen("post", first, text=post), place.seen("reply", again, text=post))
    message = place.approved(first)
    place.change(Message, message, body=letter, state="sent", sent_at=place.now)
    somebody = user(place.store, "admin")

    def work(session: Any) -> None:
        casework = Casework(place.runtime.consequences)
        casework.log(session, session.get_one(Prospect, first), "note", note, place.now)
        campaign = Campaign(name="spring", created_at=place.now, source=f"met {name} at a fair")
        run = Run(
            kind="import", at=place.now, detail={"filename": f"{name}.vcf", "samples": [{"a": address}]}
        )
        review = Run(kind="review", at=place.now, detail={"given": {"value": f"{handle}!", "named": [name]}})
        session.add_all([campaign, run, review])
        session.flush()
        text = f"Subject: As {name.upper()} said\n\nAsk {address}, or me."
        steps = [{"wait": 0, "variants": [{"name": "A", "texts": {"en": text}}]}]
        session.add(CampaignVersion(campaign_id=campaign.id, number=1, steps=steps, created_at=place.now))
        session.add(Recipient(campaign_id=campaign.id, prospect_id=first, at=place.now))
        session.add(
            Consent(prospect_id=first, kind="express", evidence=evidence, at=place.now, created_at=place.now)
        )
        mine = {"prospect_id": first, "cells": {"Phone": phone, "Name": name}}
        session.add(ImportRow(run_id=run.id, number=1, **mine))
        session.add(ImportRow(run_id=run.id, number=2, cells={"Mail": address.upper(), "Note": note}))
        session.add(ImportRow(run_id=run.id, number=3, cells={"Mail": "bert@b.example"}))
        session.add(View(user_id=somebody.id, name="Z", query=f'"{name}"', created_at=place.now))
        session.add(View(user_id=somebody.id, name="mine", query="stage:cold", created_at=place.now))

    place.write(work)
    place.write(lambda s: duplicates.set_apart(s, first, again, None, place.now))
    place.write(lambda s: merges.merge(s, place.runtime.consequences, first, again, None, place.now))
    return first


def erase(place: Office, id_: int) -> erasure.Erased:
    case = Casework(place.runtime.consequences)
    done: erasure.Erased = place.write(lambda s: case.erase(s, s.get_one(Prospect, id_), place.now))
    return done


def in_tables(place: Office) -> list[str]:
    """What of the strings is left in any table, as text."""
    with place.store.reading() as session:
        rows = [
            str(tuple(row)) for table in metadata.tables.values() for row in session.execute(table.select())
        ]
    everything = "\n".join(rows).lower()
    return [word for word in CANARIES if word.lower() in everything]


def in_files(folder: Path, words: tuple[str, ...]) -> list[str]:
    """What is left in the database's files, byte for byte, as plain text or as JSON escapes it."""
    content = b"".join(file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file()).lower()
    forms = {word: {word.lower(), json.dumps(word)[1:-1].lower()} for word in words}
    return [word for word, some in forms.items() if any(form.encode() in content for form in some)]


def test_nothing_of_an_erased_person_is_left_in_any_table(place: Office) -> None:
    id_ = planted(place)
    before = place.person("bert", email="bert@b.example")
    assert set(in_tables(place)) == set(CANARIES)
    done = erase(place, id_)
    assert in_tables(place) == []
    assert [one.id for one in place.rows(Prospect)] == [before]
    assert [one.cells for one in place.rows(ImportRow)] == [{"Mail": "bert@b.example"}]
    assert [one.name for one in place.rows(View)] == ["mine"]
    assert place.one(Run, kind="review").detail["given"] == {
        "value": mentions.ERASED,
        "named": [mentions.ERASED],
    }
    (step,) = place.one(CampaignVersion).steps
    left = step["variants"][0]["texts"]["en"]
    assert left == "Subject: As [[erased]] said\n\nAsk [[erased]], or me."
    assert leftovers("Ask [[erased]], or me.")
    assert place.one(Run, kind="import").detail == {
        "filename": mentions.ERASED,
        "samples": [{"a": mentions.ERASED}],
    }
    assert [one.name for one in place.rows(Company)] == ["Bert"]
    assert (done.rows["consents"], done.rows["recipients"], done.rows["imports"]) == (1, 1, 2)
    with place.store.reading() as session:
        assert all(check.ok for check in doctor.invariants(session, place.now))


def test_nor_in_the_files_of_the_database(place: Office, tmp_path: Path, capfd: Any) -> None:
    if not place.store.sqlite:
        # PostgreSQL's files are its own: what it deletes its VACUUM frees.
        assert overwrite(place.store)
        return
    data = tmp_path / "prospector.db"
    id_ = planted(place)
    overwrite(place.store)
    assert set(in_files(tmp_path, CANARIES)) == set(CANARIES)
    erase(place, id_)
    assert overwrite(place.store)
    assert in_files(tmp_path, CANARIES) == []
    connection = place.store.engine.raw_connection()
    connection.cursor().execute("VACUUM")
    connection.close()
    assert data.is_file()
    assert in_files(tmp_path, CANARIES) == []
    said = capfd.readouterr()
    assert [word for word in CANARIES if word in said.out + said.err] == []


def test_an_erased_person_is_known_again_under_every_address(place: Office) -> None:
    erase(place, planted(place))
    secret = place.runtime.consequences.secret
    for address in CANARIES[1:3]:
        with pytest.raises(erasure.ErasedError):
            place.write(lambda s, address=address: erasure.refuse_erased(s, [], address, secret))


def test_the_row_that_was_merged_leads_to_the_person(place: Office) -> None:
    planted(place)
    empty = next(one for one in place.rows(Prospect) if one.merged_into_id is not None)
    erase(place, empty.id)
    assert in_tables(place) == []


def test_an_export_tells_of_both_rows(place: Office) -> None:
    id_ = planted(place)
    with place.store.reading() as session:
        told = erasure.export(session, session.get_one(Prospect, id_), place.now)
    text = str(told)
    assert [word for word in CANARIES if word not in text] == []
    assert len(told["merged"]) == 1
    assert len(told["imports"]) == 1


@pytest.mark.parametrize(
    ("value", "blank"),
    [
        ("to A@b.example today", mentions.ERASED),
        (["x", {"a@b.example": 1}], ["x", {mentions.ERASED: 1}]),
        (7, 7),
    ],
)
def test_words_are_taken_out_of_what_runs_note(value: Any, blank: Any) -> None:
    assert mentions.without(value, ["a@b.example"]) == blank


def test_a_short_name_takes_nothing_of_others() -> None:
    assert mentions.needles([Prospect(name="Li", email=None)], []) == []
