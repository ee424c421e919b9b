"""All people as a table: CSV, XLSX or JSON lines, streamed; what others wrote cannot act as a formula.

Our own import reads the CSV and XLSX again: the headings are those that it knows, and what is worked
out of the rest (score, last touch) is not taken for a field.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import IO, Any

import xlsxwriter
from sqlmodel import Session, col, select

from prospector.importing.guard import guarded
from prospector.importing.mapping import EXPORTED, OWN_FIELD, slug
from prospector.models import Company, Prospect
from prospector.prospects import listing
from prospector.prospects.scope import EVERYBODY, Scope
from prospector.rules.ruleset import Ruleset

PAGE = 500
FORMATS = ("csv", "xlsx", "jsonl")
COLUMNS = (
    *("Id", "Name", "E-mail", "Title", "Company", "Domain", "Country", "Time zone", "Owner", "Stage"),
    *("Stage since", "Score", "Fit", "Last touch", "Last touch was", "Next", "Value", "Currency", "Tags"),
    *("Profiles", "Source", "Lawful basis", "Paused until", "Archived"),
)
assert set(COLUMNS) >= EXPORTED
_LIVING = col(Prospect.merged_into_id).is_(None)

_LISTS = (("tags", ", "), ("profiles", " "))

Row = Mapping[str, Any]


def columns(session: Session, scope: Scope = EVERYBODY) -> list[str]:
    """The headings: the known ones, and one for each field that somebody has of their own."""
    found: dict[str, None] = {}
    fields = select(Prospect.fields).where(_LIVING, scope.where(Prospect.owner_id))
    for own in session.exec(fields.execution_options(yield_per=PAGE)):
        found |= dict.fromkeys(own)
    return [*COLUMNS, *(f"fields.{name}" for name in sorted(found))]


def rows(session: Session, rules: Ruleset | None, now: datetime, scope: Scope = EVERYBODY) -> Iterator[Row]:
    """Everybody whom the scope has, by number, the archived too; read page by page."""
    last = 0
    while True:
        page = select(Prospect.id).where(_LIVING, col(Prospect.id) > last, scope.where(Prospect.owner_id))
        ids = list(session.exec(page.order_by(col(Prospect.id)).limit(PAGE)))
        if not ids:
            return
        people = {one.id: one for one in session.exec(select(Prospect).where(col(Prospect.id).in_(ids)))}
        wanted = {one.company_id for one in people.values() if one.company_id is not None}
        companies = {one.id: one for one in session.exec(select(Company).where(col(Company.id).in_(wanted)))}
        for listed in listing.listed(session, ids, rules, now):
            one = people[listed.id]
            yield _row(one, companies.get(one.company_id or 0), listed)
        last = ids[-1]
        session.expunge_all()


def _row(one: Prospect, company: Company | None, listed: listing.Listed) -> Row:
    last = listed.last
    return {
        "Id": one.id,
        "Name": one.name,
        "E-mail": one.email,
        "Title": one.title,
        "Company": company.name if company else None,
        "Domain": company.domain if company else None,
        "Country": one.country,
        "Time zone": one.timezone,
        "Owner": listed.owner,
        "Stage": one.stage,
        "Stage since": one.stage_at,
        "Score": listed.score,
        "Fit": one.fit,
        "Last touch": last.at if last else None,
        "Last touch was": f"{last.kind} by {last.by} on {last.channel}" if last else None,
        "Next": listed.next.label if listed.next else None,
        "Value": one.value / 100 if one.value is not None else None,
        "Currency": one.currency,
        "Tags": ", ".join(one.tags) or None,
        "Profiles": " ".join(url for _, url in listed.profiles) or None,
        "Source": one.source,
        "Lawful basis": one.legal_basis,
        "Paused until": one.paused_until,
        "Archived": one.archived_at,
        **{f"fields.{name}": value for name, value in one.fields.items()},
    }


def as_csv(names: Sequence[str], people: Iterable[Row]) -> Iterator[str]:
    """The lines of a CSV (RFC 4180), every cell in quotes."""
    yield _line(names)
    for row in people:
        yield _line([_cell(row.get(name)) for name in names])


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(cells)
    return text.getvalue()


def _cell(value: Any) -> str:
    """A value as a cell; numbers stay numbers, since no text of others is one."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return f"{value:.2f}".removesuffix(".00")
    return guarded(_plain(value))


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def as_jsonl(people: Iterable[Row]) -> Iterator[str]:
    """One JSON object a line; lists and own fields as such, times in ISO 8601 UTC."""
    for row in people:
        own = {name.removeprefix(OWN_FIELD): row[name] for name in row if name.startswith(OWN_FIELD)}
        plain = {slug(name): row[name] for name in COLUMNS} | {"fields": own}
        plain |= {name: (plain[name] or "").split(mark) for name, mark in _LISTS if plain[name]}
        yield json.dumps(plain, ensure_ascii=False, default=_plain) + "\n"


def write_xlsx(stream: IO[bytes], names: Sequence[str], people: Iterable[Row]) -> None:
    """An XLSX of one sheet, written row by row."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(stream, options) as book:
        sheet = book.add_worksheet("People")
        sheet.freeze_panes(1, 0)
        bold = book.add_format({"bold": True})
        for column, name in enumerate(names):
            sheet.write_string(0, column, name, bold)
        for number, row in enumerate(people, 1):
            for column, name in enumerate(names):
                _write(sheet, number, column, row.get(name))


def _write(sheet: Any, number: int, column: int, value: Any) -> None:
    if isinstance(value, int | float):
        sheet.write_number(number, column, value)
    elif value is not None:
        sheet.write_string(number, column, guarded(_plain(value))[:32_000])
