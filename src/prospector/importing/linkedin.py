"""What comes out of LinkedIn: the member's own data export, and lists that tools save from its pages.

Told by their headings. `Connections.csv` of the export begins with some lines of notes
(linkedin.com/help/linkedin/answer/a566336); its e-mail column is mostly empty, since members choose
whether their address is exported. Sales Navigator's own addresses (`/sales/lead/…`) name nobody outside
of it, so that of a row with several addresses the one under `/in/` is taken.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence

from prospector.importing.sheet import FormatError

CONNECTIONS = "connections.csv"
_OWN = {"first name", "last name", "company", "position", "connected on"}
_SALES = {"vmid", "linkedinprofileurl", "defaultprofileurl", "isopenlink", "sharedconnectionscount"}
_PHANTOM = {"profileurl", "fullname", "firstname", "lastname", "timestamp", "query", "linkedinprofileurl"}
_NO_PEOPLE = ("messages.csv", "invitations.csv", "shares.csv", "comments.csv", "reactions.csv")
LONGEST_PREAMBLE = 12


def kind_of(columns: Sequence[str]) -> str:
    """Where a table with these headings is from: linkedin, sales-navigator, phantombuster or csv."""
    names = {re.sub(r"\s+", " ", name.strip().lower()) for name in columns}
    if names >= _OWN:
        return "linkedin"
    plain = {name.replace(" ", "").replace("_", "") for name in names}
    if len(plain & _SALES) >= 2:
        return "sales-navigator"
    return "phantombuster" if len(plain & _PHANTOM) >= 4 and plain & {"timestamp", "query"} else "csv"


def preamble(rows: Sequence[Sequence[str] | str]) -> int:
    """How many of the first rows stand above the headings: the notes of `Connections.csv`, or 0."""
    for place, cells in enumerate(rows[:LONGEST_PREAMBLE]):
        if not isinstance(cells, str) and {cell.strip().lower() for cell in cells} >= _OWN:
            return place
    return 0


def connections(archive: zipfile.ZipFile) -> str | None:
    """The name of the file of connections in the member's export; None where it is no such export.
    Raises `FormatError` for an export that lacks it."""
    names = {name.rpartition("/")[2].lower(): name for name in archive.namelist()}
    if CONNECTIONS in names:
        return names[CONNECTIONS]
    if any(name in names for name in _NO_PEOPLE):
        raise FormatError(
            "This LinkedIn export has no Connections.csv. Ask LinkedIn for one with your connections: "
            "Settings, Data privacy, Get a copy of your data."
        )
    return None
