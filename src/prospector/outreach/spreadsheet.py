"""The rows of a CSV file as facts for templates: each row a person, each column a fact."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from prospector.outreach import naming
from prospector.outreach.facts import VOCABULARY, Facts

DELIMITERS = ",;\t|"
MOST_ROWS, MOST_COLUMNS = 200_000, 300
# Names that exports use for the facts that templates know.
ALIASES: Mapping[str, str] = {
    "firstname": "first_name",
    "given_name": "first_name",
    "lastname": "last_name",
    "surname": "last_name",
    "family_name": "last_name",
    "full_name": "name",
    "e_mail": "email",
    "email_address": "email",
    "mail": "email",
    "company_name": "company",
    "organization": "company",
    "organisation": "company",
    "position": "title",
    "job_title": "title",
    "time_zone": "timezone",
}
OWN = VOCABULARY["prospect"] - {"fields", "tags", "stage"}


class SpreadsheetError(Exception):
    """The file cannot be read as a table; the message says where and why."""


def rows(lines: Iterable[str], sender: Mapping[str, object]) -> Iterator[Facts]:
    """The facts of each row. The first line names the columns, and shows what parts the cells; columns
    that templates do not know become `prospect.fields.NAME`, in lower case. Raises `SpreadsheetError`."""
    rest = iter(lines)
    first = next(rest, "")
    whole = chain((first,), rest) if first else rest
    reader = csv.reader(whole, delimiter=delimiter_of(first), strict=True)
    names: list[str] | None = None
    try:
        for number, row in enumerate(reader):
            if names is None:
                names = _columns(row)
            elif number > MOST_ROWS:
                raise SpreadsheetError(f"There are more than {MOST_ROWS} rows; split the file.")
            elif any(cell.strip() for cell in row):
                if len(row) > len(names):
                    raise SpreadsheetError(f"Line {reader.line_num} has more cells than there are columns.")
                yield facts(dict(zip(names, row, strict=False)), sender)
    except csv.Error as error:
        raise SpreadsheetError(f"Line {reader.line_num} is no CSV: {error}.") from None
    if names is None:
        raise SpreadsheetError("The file is empty; its first line names the columns.")


def delimiter_of(header: str) -> str:
    """What parts the cells of a table with these headings: the mark that is there most often."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=bare.count)


def facts(row: Mapping[str, str], sender: Mapping[str, object]) -> Facts:
    """What a template may say about the person of one row."""
    cells = {name: value.strip() or None for name, value in row.items()}
    person: dict[str, object] = {name: value for name, value in cells.items() if name in OWN}
    person["fields"] = {name: value for name, value in cells.items() if name not in OWN}
    if not person.get("name"):
        parts = (cells.get("first_name"), cells.get("last_name"))
        person["name"] = " ".join(part for part in parts if part) or None
    elif not person.get("first_name"):
        person["first_name"] = naming.first_name_of(str(person["name"]))
    company = cells.get("company")
    return {
        "prospect": person,
        "company": {"name": company, "short_name": naming.short_name(company)} if company else None,
        "engagement": None,
        "sender": sender,
    }


def _columns(header: list[str]) -> list[str]:
    if len(header) > MOST_COLUMNS:
        raise SpreadsheetError(f"There are more than {MOST_COLUMNS} columns.")
    names = [_column(cell) for cell in header]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise SpreadsheetError(f'Two columns are called "{twice[0]}"; rename one.')
    return names


def _column(cell: str) -> str:
    name = re.sub(r"\W+", "_", cell.strip().lower()).strip("_")
    return ALIASES.get(name, name)
