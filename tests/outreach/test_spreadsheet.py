"""A CSV file's rows as facts: columns by any usual name, and every odd file said in a sentence."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.outreach.spreadsheet import SpreadsheetError, rows

SENDER = {"name": "Ana"}


def read(text: str) -> list[dict[str, object]]:
    return [dict(facts["prospect"] or {}) for facts in rows(io.StringIO(text, newline=""), SENDER)]


def test_columns_are_known_by_the_names_that_exports_use() -> None:
    (person,) = read(
        "First Name,Last Name,E-Mail,Company,Position,City\nJo,Weber,jo@w.example,Weber AG,CEO,Ulm\n"
    )
    assert person["name"] == "Jo Weber"
    assert (person["first_name"], person["email"], person["title"]) == ("Jo", "jo@w.example", "CEO")
    assert person["fields"] == {"city": "Ulm"}


def test_a_company_and_the_sender_are_groups_of_their_own() -> None:
    (facts,) = rows(["name,company\n", "Jo Weber,Weber GmbH\n"], SENDER)
    assert facts["company"] == {"name": "Weber GmbH", "short_name": "Weber"}
    assert facts["sender"] == SENDER


def test_a_whole_name_gives_the_first_one() -> None:
    assert read("name\nJo Weber\n")[0]["first_name"] == "Jo"


def test_empty_cells_are_unknown_and_empty_rows_are_nobody() -> None:
    (person,) = read("name,email,city\nJo Weber,,\n,,\n\n")
    assert person["email"] is None
    assert person["fields"] == {"city": None}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The file is empty"),
        ("name,Name\nJo,Jo\n", 'Two columns are called "name"'),
        ("e-mail,Email\n", 'Two columns are called "email"'),
        ("name\nJo,extra\n", "Line 2 has more cells"),
        ('name\n"Jo\n', "Line 2 is no CSV"),
        ('name\n"Jo"x\n', "Line 2 is no CSV"),
        ("name\n" + "x" * 200_000 + "\n", "Line 2 is no CSV: field larger"),
        (",".join(f"c{n}" for n in range(301)) + "\n", "more than 300 columns"),
    ],
)
def test_what_is_no_table_is_said(text: str, said: str) -> None:
    with pytest.raises(SpreadsheetError, match=said):
        read(text)


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(SpreadsheetError, match="more than 200000 rows"):
        for _ in rows(iter(["name\n"] + ["Jo\n"] * 200_001), SENDER):
            pass


@given(st.lists(st.tuples(*[st.text(st.characters(exclude_categories=["Cs"]), max_size=9)] * 2), max_size=5))
def test_whatever_a_writer_writes_is_read_back(cells: list[tuple[str, str]]) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["email", "city"])
    writer.writerows(cells)
    told = [(person["email"], person["fields"]) for person in read(file.getvalue())]
    kept = [(email.strip() or None, city.strip() or None) for email, city in cells]
    assert told == [(email, {"city": city}) for email, city in kept if email or city]
