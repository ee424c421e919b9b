"""Who is kept too long is erased only when ticked, counted and typed; who has answered since stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.web.desk import HOSTILE, Desk, at_the_desk, unharmed

from prospector.models import Prospect, Suppression

OLD = timedelta(days=900)


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    with at_the_desk(sqlite_template, tmp_path) as made:
        yield made


def old(desk: Desk, name: str) -> int:
    id_ = desk.place.person(name)
    at = desk.place.now - OLD
    desk.place.change(Prospect, id_, created_at=at, stage_at=at, tracked_from=at, source=HOSTILE)
    return id_


def test_who_is_ticked_and_counted_is_erased(desk: Desk) -> None:
    gone, kept = old(desk, "anna"), old(desk, "bert")
    desk.place.person("new")
    page = desk.ana.get("/retention").text
    assert (page.count('name="ids"'), "for 24 months" in page) == (2, True)
    unharmed(page)
    done = desk.ana.post("/retention/erase", data={"ids": [gone], "number": "1"}).text
    assert "1 person was erased for good" in done
    assert [one.id for one in desk.place.rows(Prospect)] == [kept, kept + 1]
    assert "email:anna@anna.example" in {one.key for one in desk.place.rows(Suppression)}


def test_nobody_is_erased_by_mistake(desk: Desk) -> None:
    ids = [old(desk, "anna"), old(desk, "bert")]
    for number in ("", "1", "3", "yes"):
        answer = desk.ana.post("/retention/erase", data={"ids": ids, "number": number})
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
        assert answer.text.count(" checked") == 2
    assert desk.ana.post("/retention/erase", data={"number": "0"}).status_code == 422
    assert desk.rep.post("/retention/erase", data={"ids": ids, "number": "2"}).status_code == 403
    assert len(desk.place.rows(Prospect)) == 2


def test_who_has_answered_since_stays(desk: Desk) -> None:
    id_ = old(desk, "anna")
    desk.place.follow(desk.place.seen("reply", id_))
    done = desk.ana.post("/retention/erase", data={"ids": [id_], "number": "1"}).text
    assert "0 people were erased" in done
    assert "something was heard of them since" in done
    assert len(desk.place.rows(Prospect)) == 1


def test_the_export_is_also_a_page_to_read(desk: Desk) -> None:
    id_ = old(desk, "anna")
    answer = desk.ana.get(f"/p/{id_}/export?form=html")
    assert answer.headers["content-disposition"].endswith(f'-{id_}.html"')
    assert "What is stored about Anna Weber" in answer.text
    assert "<script" not in answer.text
    assert f'href="/p/{id_}/export?form=html"' in desk.ana.get(f"/p/{id_}").text
