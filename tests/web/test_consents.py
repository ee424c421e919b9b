"""E3: a reason to write is noted with its evidence on the person's page, and seen there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.desk import HOSTILE, Desk, at_the_desk

from prospector.models import Consent

PAGE = {"source": "https://acme.example/team", "relevance": "she buys such tools", "clear": "yes"}


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    with at_the_desk(sqlite_template, tmp_path) as made:
        yield made


def test_a_consent_is_noted_seen_and_taken_back(desk: Desk) -> None:
    person = desk.place.person(country="CA")
    assert "may not go: Canada asks for a consent" in desk.ana.get(f"/p/{person}").text
    given = {"kind": "inquiry", "at": "2026-10-01", "evidence": f"their mail {HOSTILE}"}
    answer = desk.ana.post(f"/p/{person}/consents", data=given)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/p/{person}#permission")
    page = desk.ana.get(f"/p/{person}").text
    assert "may go: they have asked us about what we sell" in page
    assert "until 1 Apr 2027" in page
    assert "<script src=" not in page.replace('<script src="/static', "")
    kept = desk.place.one(Consent)
    assert desk.ana.post(f"/p/{person}/consents/{kept.id}/end").status_code == 303
    assert "may not go" in desk.ana.get(f"/p/{person}").text
    assert desk.place.one(Consent).evidence.startswith("their mail"), "it stays for who asks"
    assert desk.ana.post(f"/p/{desk.place.person('ben')}/consents/{kept.id}/end").status_code == 404


def test_a_publication_is_put_together_from_its_parts(desk: Desk) -> None:
    person = desk.place.person(country="CA")
    given = {"kind": "publication", "at": "2026-10-01", "evidence": "", **PAGE}
    without = desk.ana.post(f"/p/{person}/consents", data={**given, "clear": ""})
    assert without.status_code == 422
    assert "she buys such tools" in without.text, "what was entered is still there"
    assert 'aria-invalid="true"' in without.text
    assert desk.ana.post(f"/p/{person}/consents", data=given).status_code == 303
    evidence = desk.place.one(Consent).evidence
    assert evidence.startswith("https://acme.example/team, seen 2026-10-01, nothing there against")


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": "yesterday"},
        {"at": "2027-01-01"},
        {"evidence": " "},
        {"kind": "hope"},
        {"kind": "publication"},
        {"kind": "publication", **PAGE, "source": "javascript:alert(1)"},
    ],
)
def test_what_is_no_proof_is_not_kept(desk: Desk, wrong: dict[str, str]) -> None:
    person = desk.place.person()
    given = {"kind": "express", "at": "2026-10-01", "evidence": "her mail", **wrong}
    assert desk.ana.post(f"/p/{person}/consents", data=given).status_code == 422
    assert desk.place.rows(Consent) == []
