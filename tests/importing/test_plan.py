"""What a row says and what it does, for any row and anybody who is known."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.importing import mapping, places, plan, rows
from prospector.importing.plan import ADD, CHANGE, CONFLICT, REFUSE, SAME, Known, Obstacle, decide
from prospector.importing.rows import House, RefusedError, Said
from prospector.importing.sheet import FormatError
from prospector.prospects.urls import canonical

USD = {"currency": "USD"}
HOUSE = House({"ana@us.example": 1, "ana": 1}, ("cold", "engaged"), "EUR")
FIELDS = ("name", "title", "country", "company", "fields.city", "value", "owner_id")
VALUES = st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(["", "A", "b", "Acme GmbH"]))
REF = canonical("https://bsky.app/profile/ada.example")
assert REF is not None


def read(**cells: str) -> Said:
    return rows.read(cells, {name: name.replace("__", ".") for name in cells}, HOUSE)


@given(VALUES, VALUES, st.booleans())
def test_nothing_that_is_known_is_lost_unless_somebody_overwrites(
    said: dict[str, Any], known: dict[str, Any], overwrite: bool
) -> None:
    told = {name: value for name, value in said.items() if value}
    made = decide(Said({"email": "a@x.example", **told}), [Known(7, "A", known)], Obstacle(), overwrite)
    assert made.prospect_id == 7
    assert made.plan == (CONFLICT if made.conflicts else CHANGE if made.writes else SAME)
    assert not set(made.after) & set(made.conflicts)
    assert dict(made.before) == {name: known.get(name) for name in made.after}
    for name, (old, new) in made.conflicts.items():
        assert (old, new) == (known.get(name), told[name])
    if not overwrite:
        assert not any(known.get(name) for name in made.after)
    after = {**known, **made.after}
    again = decide(Said({"email": "a@x.example", **told}), [Known(7, "A", after)], Obstacle(), overwrite)
    assert again.plan == (CONFLICT if made.conflicts else SAME) or "email" in again.after


@given(VALUES, st.lists(st.just(Known(1, "A")), max_size=1), st.booleans())
def test_whoever_must_not_be_reached_is_refused_whatever_the_row_says(
    said: dict[str, Any], known: list[Known], overwrite: bool
) -> None:
    row = Said({"email": "a@x.example", **said})
    for obstacle in (Obstacle(erased_on="1 Jan 2026"), Obstacle(suppressed="no"), Obstacle(earlier=3)):
        made = decide(row, known, obstacle, overwrite)
        assert (made.plan, made.writes) == (REFUSE, False)
    assert decide(row, known, Obstacle("1 Jan 2026", "no", 3)).erased


def test_a_new_person_is_called_by_their_address_where_no_name_is_known() -> None:
    made = decide(Said({"email": "a@x.example"}), [], Obstacle())
    assert (made.plan, made.after["name"]) == (ADD, "a@x.example")
    named = Known(1, "a@x.example", {"name": "a@x.example", "email": "a@x.example"}, unnamed=True)
    assert decide(read(name="Ada", email="a@x.example"), [named], Obstacle()).after == {"name": "Ada"}


def test_the_legal_form_of_a_company_and_a_second_address_are_no_conflict() -> None:
    known = Known(1, "A", {"company": "Acme", "email": "a@x.example"}, frozenset({"mailto:b@x.example"}))
    made = decide(Said({"company": "ACME GmbH", "email": "b@x.example"}), [known], Obstacle())
    assert made.plan == SAME


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        ({"name": "Nan Goldin", "email": "N/A", "title": "null"}, {"name": "Nan Goldin"}),
        ({"first_name": "Ada", "last_name": "King"}, {"name": "Ada King"}),
        ({"name": "Dr. Ada King", "first_name": "Ada"}, {"name": "Dr. Ada King"}),
        ({"name": "A. King", "first_name": "Ada"}, {"name": "A. King", "fields.first_name": "Ada"}),
        (
            {"name": "Ada de la Torre", "last_name": "Torre"},
            {"name": "Ada de la Torre", "fields.last_name": "Torre"},
        ),
        ({"email": "Ada King <mailto:ADA@x.example>"}, {"email": "ada@x.example"}),
        ({"name": "A", "value": "€ 18.000,50"}, {"name": "A", "value": 1_800_050, "currency": "EUR"}),
        (
            {"name": "A", "value": "18,000", "currency": "$"},
            {"name": "A", "value": 1_800_000, "currency": "USD"},
        ),
        (
            {"name": "A", "country": "Österreich", "language": "de-AT"},
            {"name": "A", "country": "AT", "fields.language": "de"},
        ),
        ({"name": "A", "domain": "https://www.acme.example/x"}, {"name": "A", "domain": "acme.example"}),
        ({"name": "A", "domain": "gmail.com"}, {"name": "A"}),
        ({"name": "A", "stage": "Engaged", "owner": "ANA"}, {"name": "A", "stage": "engaged", "owner_id": 1}),
        ({"name": "A", "fields__note": "two\nlines"}, {"name": "A", "fields.note": "two\nlines"}),
    ],
)
def test_values_are_stored_in_one_form(cells: dict[str, str], wanted: dict[str, Any]) -> None:
    found = read(**cells)
    assert found.values == wanted
    assert found.remarks == ()


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"name": "-", "email": "n/a"}, "no name, no address and no profile"),
        ({"name": "A", "email": "ada at x"}, '"ada at x" is no e-mail address'),
        ({"profile": "https://www.linkedin.com/sales/lead/ACw,x"}, "no name, no address and no profile"),
        ({"name": "x" * 201}, "the name has more than 200 characters"),
    ],
)
def test_a_row_of_nobody_is_refused(cells: dict[str, str], why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        read(**cells)


@pytest.mark.parametrize("field", ["country", "timezone", "language", "owner", "value", "stage", "domain"])
def test_a_value_that_means_nothing_is_left_out_and_said(field: str) -> None:
    found = read(name="A", **{field: "!?nonsense"})
    assert found.values == {"name": "A"}
    assert len(found.remarks) == 1
    assert "nonsense" in found.remarks[0]


def test_of_linkedin_addresses_the_readable_one_is_taken() -> None:
    cells = {"a": "https://www.linkedin.com/sales/lead/ACwAAA,x", "b": "linkedin.com/in/ACwAAAB8xyz123"}
    found = rows.read(
        {**cells, "c": "https://de.linkedin.com/in/Ada-King/"}, dict.fromkeys("abc", "profile"), HOUSE
    )
    assert [ref.url for ref in found.refs] == ["https://www.linkedin.com/in/ada-king"]
    assert found.remarks == ()


@given(st.dictionaries(st.sampled_from(list("abcdef")), st.text(max_size=40)), st.data())
def test_any_cells_are_read_or_refused(cells: dict[str, str], data: st.DataObject) -> None:
    fields = st.sampled_from([*mapping.SINGLE, *mapping.SEVERAL, "fields.x"])
    chosen = {column: data.draw(fields) for column in cells}
    try:
        found = rows.read(cells, chosen, HOUSE)
    except RefusedError:
        return
    assert found.values.get("name") or found.email or found.refs


def test_columns_are_known_by_their_headings_else_by_what_is_in_them() -> None:
    columns = [
        "Vorname",
        "Nachname",
        "E-Mail-Adresse",
        "Firma",
        "Webseite",
        "URL",
        "Kontakt",
        "Score",
        "vmid",
    ]
    samples = [
        {"Kontakt": "a@x.example", "URL": "https://bsky.app/profile/a.example", "Webseite": "acme.example"}
    ]
    assert mapping.guess(columns, samples) == {
        "Vorname": "first_name",
        "Nachname": "last_name",
        "E-Mail-Adresse": "email",
        "Firma": "company",
        "Webseite": "domain",
        "URL": "profile",
        "Kontakt": "fields.kontakt",
        "Score": "fields.score",
    }
    assert mapping.guess(["Wer", "Kontakt"], samples)["Kontakt"] == "email"


@given(st.lists(st.text(max_size=12), unique=True, min_size=1, max_size=8))
def test_a_guess_can_always_be_used_but_for_who_it_is(columns: list[str]) -> None:
    found = mapping.guess(columns, [])
    wrong = mapping.problems(found, columns)
    assert [one for one in wrong if "No column says who" not in one] == []
    assert mapping.signature(columns) == mapping.signature(columns[::-1])


def test_what_a_person_says_of_a_column_goes_before_the_guess() -> None:
    columns = ("Name", "Mail", "Other")
    guess = mapping.guess(columns, [])
    assert mapping.corrected(guess, ["email=other", "=Mail", "fields.nick=Name"], columns) == {
        "Name": "fields.nick",
        "Other": "email",
    }
    for said in ("email", "email=Nothing"):
        with pytest.raises(FormatError, match="write field=column"):
            mapping.corrected(guess, [said], columns)
    assert mapping.problems({"Name": "nome", "Gone": "name"}, columns)[0].startswith(
        'There is no field "nome"'
    )
    assert "cannot both be email" in mapping.problems({"Mail": "email", "Other": "email"}, columns)[0]


def test_countries_by_code_and_name() -> None:
    said = ["de", "Germany", "USA", "United Kingdom", "Côte d'Ivoire", "South Korea", "Trinidad and Tobago"]
    assert [places.country(one) for one in said] == ["DE", "DE", "US", "GB", "CI", "KR", "TT"]
    assert places.country("Atlantis") is None
    assert (places.language("Deutsch"), places.language("pt-BR"), places.language("?")) == ("de", "pt", None)
    assert plan.PLANS == (ADD, CHANGE, SAME, CONFLICT, REFUSE)
