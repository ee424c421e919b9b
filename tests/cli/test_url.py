"""`prospector url`: rows as the contract says, whatever the input holds."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from prospector.cli import url as cli

app = typer.Typer()
app.command()(cli.url)
JACK = {"input": "twitter.com/Jack", "platform": "x", "url": "https://x.com/jack", "handle": "jack"}


def run(*arguments: str, given: bytes = b"") -> str:
    result = CliRunner().invoke(app, arguments, input=given)
    assert result.exit_code == 0, result.output
    return result.stdout


def rows(given: bytes) -> list[dict[str, str | None]]:
    answer: list[dict[str, str | None]] = json.loads(run("-", "--json", given=given))
    return answer


def test_the_rows_are_as_the_contract_says() -> None:
    nobody = {"input": "https://x.com/home", "platform": None, "url": None, "handle": None}
    assert json.loads(run("twitter.com/Jack", "https://x.com/home", "--json")) == [JACK, nobody]


def test_each_line_of_the_input_is_a_row() -> None:
    assert [row["platform"] for row in rows(b"x.com/jack\r\n\nnonsense\ngithub.com/jane")] == [
        "x",
        None,
        None,
        "github",
    ]


def test_no_input_is_an_empty_array() -> None:
    assert rows(b"") == []


def test_bytes_that_are_not_utf_8_are_no_profile() -> None:
    (row,) = rows(b"https://www.linkedin.com/in/jos\xe9\n")
    assert row == {
        "input": "https://www.linkedin.com/in/jos\ufffd",
        "platform": None,
        "url": None,
        "handle": None,
    }


def test_a_line_of_a_megabyte_is_one_row_in_full() -> None:
    long = b"https://x.com/" + b"a" * 1_000_000
    first, second = rows(long + b"\nx.com/jack\n")
    assert (first["input"], first["platform"]) == (long.decode(), None)
    assert second["platform"] == "x"


def test_of_an_endless_line_only_the_beginning_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "LONGEST_LINE", 10)
    assert list(cli.lines(io.BytesIO(b"a" * 35 + b"\nx.com/jack"))) == ["a" * 10, "x.com/jack"]
    assert list(cli.lines(io.BytesIO(b"123456789\n1234567890\nb"))) == ["123456789", "1234567890", "b"]


def test_rows_come_while_the_input_goes_on() -> None:
    read: list[str] = []

    def typed() -> Iterator[str]:
        for line in ("x.com/jack", "github.com/jane"):
            read.append(line)
            yield line

    pieces = cli.as_array(cli.row(text) for text in typed())
    assert '"jack"' in next(pieces)
    assert read == ["x.com/jack"]


def test_a_terminal_gets_no_escape_sequences() -> None:
    shown = run("-", given=b"https://x.com/\x1b[2J\x07jack\n")
    assert "\x1b" not in shown
    assert shown.startswith("-\t-\t")


def test_without_a_url_it_says_what_to_do() -> None:
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 2
    assert "prospector url https://" in result.stderr


@given(st.lists(st.binary(max_size=60).filter(lambda line: b"\n" not in line), min_size=1, max_size=5))
def test_any_bytes_make_as_many_rows_as_lines(given: list[bytes]) -> None:
    source = io.BytesIO(b"\n".join(given) + b"\n")
    answer = json.loads("".join(cli.as_array(cli.row(text) for text in cli.lines(source))))
    assert len(answer) == len(given)
