"""What is stored about a person, as a page: each field with its source and date, and nothing that acts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.office import Office, office

from prospector.casework import Casework
from prospector.models import Prospect
from prospector.prospects import details, disclosure, erasure
from prospector.prospects.details import Changes
from prospector.store import Store

HOSTILE = '<script src="//evil.example/x.js"></script><img src=x onerror=alert(1)>'


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def exported(place: Office, id_: int) -> dict[str, Any]:
    with place.store.reading() as session:
        return erasure.export(session, session.get_one(Prospect, id_), place.now)


def test_each_field_has_its_source_and_its_date(place: Office) -> None:
    id_ = place.person("anna", source="the fair in May", fields={"team": "ops"})
    added = place.now
    later = place.later(days=3)
    case = Casework(place.runtime.consequences, who="Ana")
    place.write(lambda s: case.edit(s, s.get_one(Prospect, id_), Changes({"title": "CTO"}), later))
    fields = {
        one["field"]: (one["value"], one["source"], one["at"]) for one in exported(place, id_)["fields"]
    }
    assert fields["email"] == ("anna@anna.example", "the fair in May", added)
    assert fields["team"] == ("ops", "the fair in May", added)
    assert fields["company"][0] == "Anna"
    assert fields["title"] == ("CTO", "set by us", later)
    assert "timezone" not in fields
    assert len(details.FIELDS) > len(fields)


def test_the_page_is_text_whatever_others_wrote(place: Office) -> None:
    id_ = place.person("anna", title=HOSTILE, fields={HOSTILE: HOSTILE}, tags=[HOSTILE])
    place.follow(place.seen("reply", id_, text=f"first line\n{HOSTILE}"))
    page = disclosure.page(exported(place, id_))
    assert "<script" not in page
    assert "<img" not in page
    assert "first line<br>&lt;script" in page
    assert page.count("<h2>") >= 4
    assert not re.search(r'(?:src|href)="', page)


@given(st.recursive(st.text(), lambda some: st.lists(some) | st.dictionaries(st.text(), some), max_leaves=5))
def test_no_value_can_open_a_tag(value: Any) -> None:
    cell = disclosure._said(value).replace("<br>", "")
    assert "<" not in cell
    assert '"' not in cell
