"""Tables behind links: Google's addresses, what is no table, and what must not be fetched."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from prospector.http import Network
from prospector.importing import links
from prospector.importing.sheet import FormatError

ID = "1AbCdEfGhIjKlMnOp_qRsT"


@pytest.mark.parametrize(
    ("link", "wanted"),
    [
        (f"d/{ID}/edit#gid=7", f"d/{ID}/export?format=csv&gid=7"),
        (f"d/{ID}/edit?usp=sharing", f"d/{ID}/export?format=csv"),
        (f"u/1/d/{ID}", f"d/{ID}/export?format=csv"),
        (f"d/e/2PACX-{ID}/pubhtml", f"d/e/2PACX-{ID}/pub?output=csv"),
        (f"d/{ID}/edit#gid=7%26x", f"d/{ID}/export?format=csv"),
    ],
)
def test_the_link_of_a_sheet_becomes_that_of_its_csv(link: str, wanted: str) -> None:
    sheets = "https://docs.google.com/spreadsheets/"
    assert links.table_url(sheets + link) == sheets + wanted
    assert links.name_of(sheets + link).startswith("Google Sheet ")


def test_another_link_is_its_own() -> None:
    assert links.table_url("https://x.example/people.csv") == "https://x.example/people.csv"
    assert links.name_of("https://x.example/a/people.csv") == "people.csv"
    assert not links.is_link("people.csv")


def fetched(url: str, answer: httpx.Response) -> tuple[bytes, str]:
    asked: list[str] = []

    async def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return answer

    async def work() -> bytes:
        async with Network(handler=handler) as network:
            return (await links.fetch(network, url)).stream.read()

    return asyncio.run(work()), asked[0]


def test_a_sheet_is_fetched() -> None:
    url = f"https://docs.google.com/spreadsheets/d/{ID}/edit#gid=3"
    content, asked = fetched(url, httpx.Response(200, content=b"name\nAda\n"))
    assert (content, asked.endswith("export?format=csv&gid=3")) == (b"name\nAda\n", True)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(200, content=b"<!DOCTYPE html><html>Sign in"), "everybody with the link"),
        (httpx.Response(404, content=b"gone"), "cannot be read"),
    ],
)
def test_what_is_no_table_says_what_to_do(answer: httpx.Response, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        fetched(f"https://docs.google.com/spreadsheets/d/{ID}/edit", answer)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/x.csv", "http://[::1]/x", "http://10.0.0.1/a", "http://0x7f.1/"]
)
def test_no_link_leads_into_our_own_network(url: str) -> None:
    async def work() -> None:
        async with Network() as network:
            await links.fetch(network, url)

    with pytest.raises(FormatError, match="cannot be read"):
        asyncio.run(work())
