"""People entered twice are found by addresses and names, and stay apart where somebody said so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.office import Office, office

from prospector.models import Prospect
from prospector.prospects import duplicates, resemblance
from prospector.prospects.duplicates import DistinctError, Found
from prospector.prospects.resemblance import Resemblance, Someone, alike, mailbox_of, parts_of
from prospector.prospects.scope import EVERYBODY, Scope
from prospector.store import Store

ALIKE = [
    ("Jan Novak", "Jan Novák", "the same name"),
    ("Novak, Jan", "Jan Novak", "the same name"),
    ("Dr. Anna Weiß", "Anna Weiss", "the same name"),
    ("J. Novak", "Jan Novak", "the same last name and initial"),
    ("Alex Kim", "Alexander Kim", "the same last name and a short form of the first"),
    ("Anna Maria Rossi", "Anna Rossi", "the same first and last name"),
    ("Jan Novak", "Jonas Novak", None),
    ("Jan Novak", "Jan Nowak", None),
    ("Anna", "Anna", None),
    ("Al Kim", "Albert Kim", None),
]
MAILBOXES = [
    ("Anna+news@B.example", "anna@b.example"),
    ("j.o.e+x@googlemail.com", "joe@gmail.com"),
    ("j.o.e@b.example", "j.o.e@b.example"),
    ("+x@b.example", "+x@b.example"),
]


@pytest.mark.parametrize(("one", "two", "how"), ALIKE)
def test_names(one: str, two: str, how: str | None) -> None:
    assert alike(parts_of(one), parts_of(two)) == how
    assert alike(parts_of(two), parts_of(one)) == how


@pytest.mark.parametrize(("address", "mailbox"), MAILBOXES)
def test_the_forms_of_an_address(address: str, mailbox: str) -> None:
    assert mailbox_of(address) == mailbox
    assert mailbox_of(mailbox) == mailbox


names = st.sampled_from(
    ["Jan Novak", "J. Novak", "Novak Jan", "Anna Rossi", "Ann Rossi", "A. Rossi", "Bo Li"]
)
someone = st.builds(Someone, st.integers(1, 50), names, st.none() | st.emails(), st.just(1))


@given(st.lists(someone, unique_by=lambda one: one.id, max_size=12))
def test_within_a_company_every_pair_that_is_alike_is_found(several: list[Someone]) -> None:
    found = {(pair.first, pair.second) for pair in resemblance.in_company(several)}
    wanted = {
        (min(one.id, two.id), max(one.id, two.id))
        for one in several
        for two in several
        if one.id != two.id and alike(parts_of(one.name), parts_of(two.name)) is not None
    }
    assert found == wanted


@given(
    st.lists(
        st.builds(Resemblance, st.integers(1, 3), st.integers(4, 6), st.integers(0, 100), st.just(("a",)))
    )
)
def test_each_pair_once_and_the_strongest_first(several: list[Resemblance]) -> None:
    pairs = resemblance.together(several)
    assert len({(pair.first, pair.second) for pair in pairs}) == len(pairs)
    assert [pair.strength for pair in pairs] == sorted((pair.strength for pair in pairs), reverse=True)
    assert all(pair.strength <= 100 for pair in pairs)


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def found(place: Office, **more: Any) -> Found:
    with place.store.reading() as session:
        return duplicates.duplicates(session, more.pop("scope", EVERYBODY), 10, **more)


def test_who_was_entered_twice(place: Office) -> None:
    anna = place.person("anna", email="anna.w@gmail.com", company="Acme")
    again = place.person("hanna", email="annaw+x@googlemail.com", company="Other")
    same = place.person("jan", email="jan@b.example", company="B")
    twin = place.person("jan2", email="j2@b.example", company="B")
    place.change(Prospect, twin, name="J. Weber")
    pairs = found(place).pairs
    assert [(pair.first.id, pair.second.id) for pair in pairs] == [(anna, again), (same, twin)]
    assert pairs[0].reasons == ("both addresses are the mailbox annaw@gmail.com",)
    assert pairs[1].reasons == (
        "the same last name and initial",
        "the same company",
        "both addresses at b.example",
    )
    assert pairs[0].strength > pairs[1].strength
    assert found(place, scope=Scope(frozenset({7}))).pairs == ()


def test_not_the_same_stays_away_until_it_is_taken_back(place: Office) -> None:
    one, two = place.person("a", email="a@b.example"), place.person("b", email="a+1@b.example")
    assert len(found(place).pairs) == 1
    run = place.write(lambda session: duplicates.set_apart(session, two, one, None, place.now))
    assert found(place).pairs == ()
    place.write(lambda session: duplicates.bring_together(session, run, place.now))
    assert len(found(place).pairs) == 1
    with pytest.raises(DistinctError):
        place.write(lambda session: duplicates.bring_together(session, run, place.now))
    with pytest.raises(DistinctError):
        place.write(lambda session: duplicates.set_apart(session, one, one, None, place.now))


def test_part_by_part_nobody_is_left_out(place: Office) -> None:
    for number in range(6):
        for half in ("x", "y"):
            person = place.person(f"{half}{number}", company=f"C{number}", email=f"{half}@c{number}.example")
            place.change(Prospect, person, name="Jan Novak" if half == "x" else "J. Novak")
    whole, after, parts = 0, 0, 0
    while True:
        part = found(place, after=after, most=5)
        whole, parts = whole + len(part.pairs), parts + 1
        if part.next is None:
            break
        after = part.next
    assert (whole, parts) == (6, 3)
