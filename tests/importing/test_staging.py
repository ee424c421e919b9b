"""A file becomes rows: its mapping is remembered and corrected, what nobody imports is forgotten."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from tests.importing.files import counts, imported, planned, staged
from tests.office import Office, office

from prospector.importing import listing, planning, staging
from prospector.importing.sheet import FormatError
from prospector.importing.staging import ImportingError
from prospector.models import ImportRow, Run
from prospector.store import Store
from prospector.work import keep

ODD = 'Wer;Kontakt;Rang\nAda;a@x.example;CTO\n"broken;x\n=Jan;b@x.example;CEO\n'


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def preview(place: Office, run_id: int) -> staging.Preview:
    with place.store.reading() as session:
        return staging.preview(session, run_id)


def test_a_file_is_shown_as_it_was_read_and_its_mapping_is_remembered(place: Office) -> None:
    run_id = staged(place, ODD)
    shown = preview(place, run_id)
    assert (shown.kind, shown.encoding, shown.delimiter, shown.state) == ("csv", "utf-8", ";", "staged")
    assert (shown.rows_read, shown.errors, shown.remembered) == (3, 1, False)
    assert shown.mapping == {"Wer": "fields.wer", "Kontakt": "email", "Rang": "fields.rang"}
    assert shown.samples[0] == {"Wer": "Ada", "Kontakt": "a@x.example", "Rang": "CTO"}
    with pytest.raises(FormatError, match="no field"):
        staging.remap(place.store, run_id, {"Wer": "nome"}, place.now)
    chosen = {"Wer": "name", "Kontakt": "email", "Rang": "title"}
    staging.remap(place.store, run_id, chosen, place.now)
    again = preview(place, staged(place, "Rang;Wer;Kontakt\n;B;b@x.example\n"))
    assert (dict(again.mapping), again.remembered) == (chosen, True)


def test_a_plan_is_made_anew_for_another_mapping(place: Office) -> None:
    run_id = planned(place, ODD, mapping={"Kontakt": "name"})
    assert counts(place, run_id) == {"add": 2, "refuse": 1}
    staging.remap(place.store, run_id, {"Rang": "email", "Wer": "name"}, place.now)
    planning.plan(place.store, place.runtime.consequences, run_id, lambda: place.now)
    assert counts(place, run_id) == {"refuse": 3}
    with place.store.reading() as session:
        table = list(csv.reader(io.StringIO("".join(listing.errors_csv(session, run_id)))))
    assert table == [
        ["row", "reason", "Wer", "Kontakt", "Rang"],
        ["2", '"CTO" is no e-mail address', "Ada", "a@x.example", "CTO"],
        ["3", "line 3 is no CSV: a quote is opened and never closed", "", "", ""],
        ["4", '"CEO" is no e-mail address', "'=Jan", "b@x.example", "CEO"],
    ]


def test_nothing_is_left_of_a_file_that_cannot_be_read(place: Office) -> None:
    for text in ("", "a,b\n", "name\n" + "x,y\n" * 1001):
        with pytest.raises(FormatError):
            staged(place, text)
    assert (place.rows(Run), place.rows(ImportRow)) == ([], [])


def test_a_file_that_nobody_imports_is_forgotten_in_a_week(place: Office) -> None:
    done, waiting = imported(place, ODD), planned(place, ODD)
    place.later(days=6)
    place.run(lambda: keep(place.runtime))
    assert len(place.rows(Run)) == 2
    place.now += timedelta(days=2)
    place.run(lambda: keep(place.runtime))
    assert [run.id for run in place.rows(Run)] == [done]
    with place.store.reading() as session, pytest.raises(ImportingError, match="no import"):
        staging.find(session, waiting)
