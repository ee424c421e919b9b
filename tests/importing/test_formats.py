"""What people bring, in every form: told by its content, read row by row, held to the limits."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.importing.files import CONNECTIONS, NOTES, archive, xlsx

from prospector.importing import archives, delimited, formats, sheet, vcards
from prospector.importing.guard import FORMULA, guarded, unguarded
from prospector.importing.sheet import FormatError, Record, Sheet

CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffd"))


def read(data: bytes, **more: str) -> tuple[Sheet, list[Record]]:
    with formats.opened(io.BytesIO(data), **more) as found:
        return found, list(found.rows)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "Jürgen Weiß"),
        ("utf-8-sig", "Jürgen Weiß"),
        ("utf-16", "Jürgen Weiß"),
        ("utf-16-le", "Renée"),
        ("cp1252", "Jürgen Weiß und Renée Françoise"),
        ("cp1251", "Иван Петров, директор по продажам из Москвы".replace(",", "")),
        ("shift_jis", "山田太郎 株式会社日立製作所"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found_out_and_shown(encoding: str, name: str, delimiter: str) -> None:
    text = f"Name{delimiter}Company\r\n{name}{delimiter}Acme\r\nAda{delimiter}Acme\r\n"
    found, rows = read(text.encode(encoding))
    assert [row.cells for row in rows] == [
        {"Name": name, "Company": "Acme"},
        {"Name": "Ada", "Company": "Acme"},
    ]
    assert found.delimiter == delimiter
    assert found.encoding is not None


def test_a_wrong_guess_is_corrected() -> None:
    data = "name;city\nŁukasz;Łódź\n".encode("cp1250")
    assert read(data, encoding="windows-1250")[1][0].cells == {"name": "Łukasz", "city": "Łódź"}
    found, _ = read(b"a;b,c\n1;2,3\n", delimiter=",")
    assert found.columns == ("a;b", "c")
    with pytest.raises(FormatError, match="no encoding"):
        read(b"a,b\n1,2\n", encoding="zlib")


def test_a_broken_row_costs_itself_alone_and_says_its_line() -> None:
    data = b'name,email\n"Ada\nKing",a@x.example\nx,"never closed\ny,b@x.example\n"a"b,c\nz,c@x.example,1\n'
    _, rows = read(data)
    assert [(row.number, row.cells.get("name"), row.problem) for row in rows] == [
        (2, "Ada\nKing", ""),
        (3, None, "line 4 is no CSV: a quoted cell goes on after its closing quote"),
        (4, "y", ""),
        (5, None, "line 6 is no CSV: a quoted cell goes on after its closing quote"),
        (6, "z", "the row has more cells than there are columns"),
    ]
    _, rows = read(b'name,email\nx,"never closed\ny,b@x.example\n')
    assert [row.problem for row in rows] == ["line 2 is no CSV: a quote is opened and never closed", ""]


def test_one_line_that_is_no_utf8_does_not_change_the_others() -> None:
    lines = "name\n" + "Jürgen\n" * 9
    _, rows = read(lines.encode() + "Zoë\n".encode("cp1252"))
    assert [row.problem for row in rows[:9]] == [""] * 9
    assert "letters that are not of the encoding" in rows[9].problem


@settings(max_examples=150)
@given(st.binary(max_size=400))
def test_any_bytes_give_rows_or_a_sentence(data: bytes) -> None:
    try:
        _, rows = read(data)
    except FormatError:
        return
    assert [row.number for row in rows] == sorted({row.number for row in rows})


@settings(max_examples=60)
@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])), min_size=3, max_size=3)
    )
)
def test_what_a_spreadsheet_writes_is_read_as_it_was(rows: list[list[str]]) -> None:
    lines = [
        ",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [["a", "b", "c"], *rows]
    ]
    _, found = read("\n".join(lines).encode("utf-8-sig"), delimiter=",")
    wanted = [{k: sheet.tidy(v) for k, v in zip("abc", row, strict=True) if sheet.tidy(v)} for row in rows]
    assert [row.cells for row in found if not row.problem] == [
        cells for cells in wanted if cells and "\ufffd" not in str(cells)
    ]


@given(st.text(st.sampled_from([*FORMULA, "'", " ", "a", "1"]), max_size=6))
def test_a_guarded_cell_is_no_formula_and_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).lstrip().startswith(FORMULA)


def test_linkedin_connections_have_notes_above_and_come_in_an_archive() -> None:
    for data in (
        (NOTES + CONNECTIONS).encode(),
        archive({"Profile.csv": "a,b\n", "Connections.csv": NOTES + CONNECTIONS}),
        archive({"Basic_Export/Connections.csv": ("\ufeff" + NOTES + CONNECTIONS).encode()}),
    ):
        found, rows = read(data)
        assert (found.kind, found.columns[0]) == ("linkedin", "First Name")
        assert [row.cells["URL"] for row in rows] == [
            "https://www.linkedin.com/in/ada-king",
            "https://www.linkedin.com/in/jan-low",
        ]
    with pytest.raises(FormatError, match=r"no Connections\.csv"):
        read(archive({"messages.csv": "a,b\n"}))


def test_what_sales_tools_save_is_told_by_its_headings() -> None:
    lead = (
        b"profileUrl,fullName,firstName,lastName,companyName,title,vmid,linkedInProfileUrl,defaultProfileUrl,"
        b"query,timestamp\nhttps://www.linkedin.com/sales/lead/ACwAAA,Ada King,Ada,King,Acme,CTO,1,,,q,t\n"
    )
    assert read(lead)[0].kind == "sales-navigator"
    assert (
        read(b"profileUrl,fullName,firstName,lastName,query,timestamp\na,b,c,d,e,f\n")[0].kind
        == "phantombuster"
    )


def test_a_workbook_is_read_as_people_see_it() -> None:
    data = xlsx(
        [["Name", "Since", "Value"], ["Ada", date(2026, 1, 2), 5000], [], ["Jan", None, 1.5]], at=(2, 1)
    )
    found, rows = read(data)
    assert (found.kind, found.columns) == ("xlsx", ("Name", "Since", "Value"))
    assert [(row.number, row.cells) for row in rows] == [
        (4, {"Name": "Ada", "Since": "2026-01-02", "Value": "5000"}),
        (6, {"Name": "Jan", "Value": "1.5"}),
    ]


def test_bombs_are_refused_before_they_unfold(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FormatError, match="beyond measure"):
        read(archive({"Connections.csv": b"0" * 30_000_000}))
    far = io.BytesIO(xlsx([["a"], ["b"]]))
    with zipfile.ZipFile(far) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    name = "xl/worksheets/sheet1.xml"
    members[name] = members[name].replace(b'r="A2"', b'r="XFD1048576"')
    with pytest.raises(FormatError, match="rows; at most"):
        read(archive(members))
    monkeypatch.setattr(archives, "MOST_UNPACKED", 10)
    with pytest.raises(FormatError, match="unfolds to over"):
        read(archive({"Connections.csv": CONNECTIONS}))


def test_an_archive_that_lies_about_its_size_is_cut_off() -> None:
    data = bytearray(archive({"Connections.csv": b"a,b\n" + b"0123456789" * 100_000}))
    place = data.rfind(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 100)
    with pytest.raises(FormatError, match="damaged"):
        read(bytes(data))


@pytest.mark.parametrize(
    ("name", "value", "data", "said"),
    [
        ("MOST_COLUMNS", 2, b"a,b,c\n1,2,3\n", "3 columns"),
        ("MOST_ROWS", 1, b"a\n1\n2\n", "more than 1 rows"),
        ("MOST_UNREADABLE", 0, b"a\n1,2\n", "cannot be read"),
    ],
)
def test_limits_are_kept(
    monkeypatch: pytest.MonkeyPatch, name: str, value: int, data: bytes, said: str
) -> None:
    monkeypatch.setattr(sheet, name, value)
    with pytest.raises(FormatError, match=said):
        read(data)


def test_a_file_and_a_cell_have_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MOST_BYTES", 2**20)
    with pytest.raises(FormatError, match="larger than 1 MB"):
        read(b"a" * 2**21)
    _, rows = read(b"a,b\n" + b"x" * 10_001 + b",1\n" + b"y,2\n")
    assert [row.problem for row in rows] == ['"a" has 10,001 characters; at most 10,000 can be imported', ""]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n\n",
        b"%PDF-1.7 ...",
        b"\xd0\xcf\x11\xe0\xa1\xb1",
        b"PK\x03\x04junk",
        b"\x89PNG\r\n\x1a\n\x00\x01\x02\x03\x04",
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(FormatError, match=r"\.$"):
        read(data)


def test_a_heading_that_stands_there_twice_is_told_apart() -> None:
    found, rows = read(b"Profile,Profile,\nx,y,z\n")
    assert found.columns == ("Profile", "Profile (2)")
    assert rows[0].problem == "the row has more cells than there are columns"


CARDS = """BEGIN:VCARD
VERSION:4.0
FN:Ada King
N:King;Ada;;;
EMAIL;PREF=2:private@x.example
EMAIL;PREF=1:ada@acme.example
ORG:Acme;Engines
TITLE:CTO
CATEGORIES:fair,vip
URL:https://www.linkedin.com/in/ada
PHOTO;ENCODING=b;TYPE=JPEG:AAAA
 BBBB
END:VCARD
BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:L=C3=B6w;Jan
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Jan L=C3=B6w
EMAIL;INTERNET;PREF:jan@low.example
END:VCARD
BEGIN:VCARD
this is damaged
END:VCARD
begin:vcard
VERSION:3.0
FN:Renée
ADR:;;Street 1;Wien;;1010;Austria
end:vcard
BEGIN:VCARD
FN:Cut off
"""


def test_cards_of_all_versions_are_rows_and_a_broken_one_costs_itself() -> None:
    found, rows = read(CARDS.encode())
    assert (found.kind, found.columns) == ("vcard", vcards.COLUMNS)
    ada, jan, broken, renee, cut = rows
    assert (ada.cells["Name"], ada.cells["E-mail"], ada.cells["Company"]) == (
        "Ada King",
        "ada@acme.example",
        "Acme",
    )
    assert (ada.cells["Profile"], ada.cells["Tags"]) == ("https://www.linkedin.com/in/ada", "fair vip")
    assert (jan.cells["Name"], jan.cells["Last name"], jan.cells["E-mail"]) == (
        "Jan Löw",
        "Löw",
        "jan@low.example",
    )
    assert broken.problem
    assert renee.cells["Country"] == "Austria"
    assert cut.problem == "the card has no end"


def test_a_name_from_elsewhere_is_no_path() -> None:
    assert formats.plain_name("../../etc/pass\nwd") == "passwd"
    assert formats.plain_name("C:\\Users\\me\\people.csv") == "people.csv"
    assert delimited.known_encoding("UTF8") == "utf-8"


def test_an_open_quote_costs_no_more_than_so_many_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "MOST_LETTERS", 1_000)
    looked: list[int] = []
    inner = delimited._taken

    def taken(*given: object) -> list[str]:
        found = inner(*given)  # type: ignore[arg-type]
        looked.append(sum(map(len, found)))
        return found

    monkeypatch.setattr(delimited, "_taken", taken)
    line = '",' + '"a",' * 20 + '"\n'
    found, rows = read(f"Email,Name\n{line * 100}".encode())
    assert found.columns == ("Email", "Name")
    assert rows
    assert max(looked) < 1_000 + len(line)
