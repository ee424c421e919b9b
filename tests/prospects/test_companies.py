"""Companies on both databases: finding them, what is told of them, and whose eyes see what."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from tests.office import Office, office

from prospector.models import Company, Prospect, User
from prospector.prospects import companies
from prospector.prospects.people import NotFoundError
from prospector.prospects.scope import EVERYBODY, Scope
from prospector.store import Store


@pytest.fixture
def opened(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def users(opened: Office, *names: str) -> list[int]:
    def work(session: Session) -> list[int]:
        rows = [User(email=f"{name}@us.example", name=name.title(), created_at=opened.now) for name in names]
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]

    return opened.write(work)


def names(opened: Office, scope: Scope = EVERYBODY, text: str = "", limit: int = 50) -> list[str]:
    """The names of all companies, page by page."""
    found: list[str] = []
    after: tuple[str, int] | None = None
    with opened.store.reading() as session:
        while True:
            page = companies.listed(session, scope, text, after, limit)
            found += [row.name for row in page.rows]
            if (after := page.after) is None:
                return found


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_the_list_holds_every_company_once_by_name(opened: Office, limit: int) -> None:
    for name in ("cora", "anna", "bert"):
        opened.person(name)
    opened.write(lambda s: s.add_all([Company(name="Anna", domain=f"{n}.example") for n in range(3)]))
    assert names(opened, limit=limit) == ["Anna"] * 4 + ["Bert", "Cora"]


def test_a_search_finds_parts_of_names_and_domains_and_nothing_by_wildcard(opened: Office) -> None:
    opened.write(
        lambda s: s.add_all([Company(name="100% Port", domain="quay.example"), Company(name="Other_One")])
    )
    assert names(opened, text="port") == ["100% Port"]
    assert names(opened, text="QUAY") == ["100% Port"]
    assert names(opened, text="%") == ["100% Port"]
    assert names(opened, text="_") == ["Other_One"]
    assert names(opened, text="\\") == []
    assert names(opened, text="\x00port") == ["100% Port"]


def test_a_rep_sees_companies_of_their_own_people_only(opened: Office) -> None:
    ana, jonas = users(opened, "ana", "jonas")
    mine, other = opened.person("mine", owner_id=ana), opened.person("other", owner_id=jonas)
    scope = Scope(frozenset({ana}))
    assert names(opened, scope) == ["Mine"]
    theirs = opened.one(Prospect, id=other).company_id
    with opened.store.reading() as session:
        with pytest.raises(NotFoundError):
            companies.find(session, scope, theirs)
        found = companies.find(session, scope, opened.one(Prospect, id=mine).company_id)
        assert found.name == "Mine"


def test_what_is_told_of_a_company(opened: Office) -> None:
    ana, jonas = users(opened, "ana", "jonas")
    first = opened.person(
        "anna", company="Quay", domain="quay.example", owner_id=ana, value=100, currency="EUR"
    )
    second = opened.person(
        "bert", company="Quay", domain="quay.example", owner_id=jonas, value=50, currency="EUR"
    )
    opened.later(hours=1)
    opened.follow(opened.seen("post", first, object="1"), opened.seen("post", second, object="2"))
    entry = opened.seen("email", second, by="us", actor="us", channel="email")
    opened.follow(type(entry)("email", entry.seen, opened.now, second, user_id=jonas))
    company_id = opened.one(Prospect, id=first).company_id
    with opened.store.reading() as session:
        everybody = companies.people(session, EVERYBODY, company_id)
        assert {(one.name, one.owner, one.channels) for one in everybody} == {
            ("Anna Weber", "Ana", ("bluesky",)),
            ("Bert Weber", "Jonas", ("bluesky",)),
        }
        assert [one.id for one in companies.people(session, Scope(frozenset({ana})), company_id)] == [first]
        assert [one.id for one in companies.people(session, EVERYBODY, company_id, but=first)] == [second]
        assert companies.deals(session, EVERYBODY, company_id) == [companies.Deal("cold", "EUR", 2, 150)]
        assert companies.deals(session, Scope(frozenset({ana})), company_id)[0].value == 100
        signals = companies.signals(session, [first, second], opened.now)
        assert [(one.kind, one.times) for one in signals] == [("post", 2)]
        assert companies.signals(session, [first], opened.now + timedelta(days=31)) == []
        assert [(one.name, one.times) for one in companies.writers(session, company_id)] == [("Jonas", 1)]


def test_a_pause_ends_in_the_future_and_can_be_taken_back(opened: Office) -> None:
    company = Company(name="Quay")
    with pytest.raises(companies.PauseError):
        companies.pause(company, opened.now, "", opened.now)
    companies.pause(company, opened.now + timedelta(days=1), " ", opened.now)
    assert company.paused_why == "paused by hand"
    companies.resume(company)
    assert (company.paused_until, company.paused_why) == (None, None)
