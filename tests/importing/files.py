"""Files that people bring, made here, and an office to bring them into."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

import xlsxwriter
from tests.office import Office

from prospector.importing import applying, listing, planning, staging

NOTES = 'Notes:\n"When exporting your connection data, you may notice that some are missing."\n\n'
CONNECTIONS = (
    "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
    "Ada,King,https://www.linkedin.com/in/ada-king,,Acme Ltd,CTO,12 Mar 2019\n"
    'Jan,"Löw, PhD",https://www.linkedin.com/in/jan-low,jan@low.example,Löw GmbH,CEO,1 Jan 2020\n'
)


def xlsx(rows: Sequence[Sequence[object]], *, at: tuple[int, int] = (0, 0)) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(at[0] + number, at[1], row)
    return stream.getvalue()


def archive(members: Mapping[str, bytes | str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return stream.getvalue()


def staged(place: Office, text: str | bytes, **more: object) -> int:
    data = text.encode() if isinstance(text, str) else text
    return staging.stage(place.store, io.BytesIO(data), "people.csv", now=place.now, **more)  # type: ignore[arg-type]


def planned(place: Office, text: str | bytes, *, overwrite: bool = False, **more: object) -> int:
    run_id = staged(place, text, **more)
    planning.plan(place.store, place.runtime.consequences, run_id, lambda: place.now, overwrite=overwrite)
    return run_id


def imported(place: Office, text: str | bytes, *, overwrite: bool = False, **more: object) -> int:
    run_id = planned(place, text, overwrite=overwrite, **more)
    applying.apply(place.store, place.runtime.consequences, run_id, lambda: place.now)
    return run_id


def counts(place: Office, run_id: int) -> dict[str, int]:
    with place.store.reading() as session:
        found = listing.counts(session, run_id)
    return {name: number for name, number in found.items() if number}


def reasons(place: Office, run_id: int, plan: str = "refuse") -> dict[int, str]:
    with place.store.reading() as session:
        return {row.number: row.why for row in listing.rows(session, run_id, plan, 0, 1000)}
