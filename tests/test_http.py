"""The way out over HTTP, against real servers on loopback that redirect, fail and attack."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import ssl
import tracemalloc
import zlib
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

import httpx
import msgspec
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from prospector import sdk
from prospector.answers import Answer, Missing, Unknown, shown, verdict
from prospector.bodies import Body
from prospector.http import PATIENCE, Http, Network
from prospector.rate_limits import RateLimit
from prospector.sdk import Broken, ConnectorError, Gone, Later, NotSent, Refused, Unauthorised
from prospector.testing import FAULTS, FaultyServer, answering
from prospector.testing.context import no_wait
from prospector.testing.faults import BODY, RETRY_AFTERS, head

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MEMORY_CAP = 64 * 2**20

Scene = Callable[[FaultyServer, Http], Coroutine[Any, Any, None]]


def play(scene: Scene, **options: Any) -> None:
    """A scene with a server that misbehaves, and a way out that may reach it."""

    async def run() -> None:
        async with FaultyServer() as server, Network(per_host=8) as network:
            http = Http(network, private=True, now=lambda: NOW, sleep=no_wait)
            for name, value in options.items():
                setattr(http, name, value)
            await asyncio.wait_for(scene(server, http), 60)

    asyncio.run(run())


def replies(data: bytes) -> Callable[[Callable[[bytes], Any]], Any]:
    async def fault(write: Callable[[bytes], Any]) -> None:
        await write(data)

    return fault


# --- Faults of servers and networks (F9, F10) ---------------------------------------------------

HARMLESS = {"good", "good-gzip", "length-too-short", "hidden-nested-gzip", "two-lengths"}
ENDLESS = {"silence", "body-drips", "head-drips"}
BUSY = {name for name in FAULTS if name.startswith(("429-", "503-"))} | {"status-429", "status-503"}
BY_STATUS = {
    "status-400": Refused,
    "status-401": Unauthorised,
    "status-403": Unauthorised,
    "status-404": Gone,
    "status-410": Gone,
    "redirect-to-file": Refused,
}


@pytest.mark.parametrize("name", sorted(set(FAULTS) - HARMLESS))
def test_each_fault_becomes_the_error_that_it_stands_for(name: str) -> None:
    kind = Later if name in BUSY else BY_STATUS.get(name, Broken)

    async def scene(server: FaultyServer, http: Http) -> None:
        with pytest.raises(kind) as caught:
            await http.request("GET", server.url(name))
        assert server.asked[name] <= (6 if name == "endless-redirect" else 3)
        assert not isinstance(caught.value, NotSent | Unknown)

    play(scene, deadline=0.3 if name in ENDLESS else 20.0)


EXHAUSTING = """
gzip-bomb deflate-bomb nested-gzip hidden-nested-gzip many-gzip-members 200-mb 10-gb-declared chunks-for-ever
100000-headers head-never-ends header-line-never-ends endless-redirect
"""


@pytest.mark.parametrize("name", EXHAUSTING.split())
def test_what_is_meant_to_exhaust_us_costs_little_memory(name: str) -> None:
    async def scene(server: FaultyServer, http: Http) -> None:
        tracemalloc.start()
        try:
            await http.request("GET", server.url(name))
        except Broken:
            pass
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < MEMORY_CAP

    play(scene, deadline=20.0)


def test_a_slow_host_does_not_hold_up_others() -> None:
    async def scene(server: FaultyServer, http: Http) -> None:
        slow = [asyncio.create_task(http.request("GET", server.url("silence"))) for _ in range(8)]
        async with FaultyServer(host="127.0.0.2") as other:
            assert (await http.request("GET", other.url("good"))).content == BODY
        assert not any(task.done() for task in slow)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)

    play(scene)


@pytest.mark.parametrize("text", RETRY_AFTERS.values(), ids=RETRY_AFTERS.keys())
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed_up_to_a_day(status: int, text: str) -> None:
    async def scene(server: FaultyServer, http: Http) -> None:
        server.faults["busy"] = replies(head(status, 0, retry_after=text))
        with pytest.raises(Later) as caught:
            await http.request("GET", server.url("busy"))
        assert 1 <= caught.value.seconds <= 86_400

    play(scene)


@pytest.mark.parametrize(("status", "tries"), [(502, 3), (503, 3), (504, 3), (500, 1), (429, 1), (404, 1)])
def test_only_what_may_pass_in_a_moment_is_tried_again(status: int, tries: int) -> None:
    async def scene(server: FaultyServer, http: Http) -> None:
        with pytest.raises(ConnectorError):
            await http.request("GET", server.url(f"status-{status}"))
        assert server.asked[f"status-{status}"] == tries

    play(scene)


def test_a_second_try_may_do() -> None:
    async def scene(server: FaultyServer, http: Http) -> None:
        async def flaky(write: Callable[[bytes], Any]) -> None:
            await FAULTS["reset-at-9" if server.asked["flaky"] < 3 else "good"](write)

        server.faults["flaky"] = flaky
        assert (await http.request("GET", server.url("flaky"))).content == BODY
        assert server.asked["flaky"] == 3

    play(scene)


def test_the_waits_between_tries_are_short() -> None:
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    async def scene(server: FaultyServer, http: Http) -> None:
        with pytest.raises(Broken):
            await http.request("GET", server.url("status-502"))
        assert len(waits) == 2
        assert 0.2 <= waits[0] <= 0.4 <= waits[1] <= 1.3

    play(scene, sleep=note)


# --- Writes: sent, surely not sent, or nobody knows ----------------------------------------------


@pytest.mark.parametrize(
    "name", ["reset-at-0", "reset-at-40", "truncated-body", "silence", "status-500", "status-502"]
)
def test_a_write_without_an_answer_is_unknown_and_not_repeated(name: str) -> None:
    async def scene(server: FaultyServer, http: Http) -> None:
        with pytest.raises(Unknown):
            await http.request("POST", server.url(name), json={"text": "Hello"})
        assert server.asked[name] == 1

    play(scene, deadline=1.0 if name in ENDLESS else 20.0)


def test_a_write_that_may_be_repeated_is() -> None:
    async def scene(server: FaultyServer, http: Http) -> None:
        with pytest.raises(Unknown):
            await http.request("PUT", server.url("status-502"), json={}, idempotent=True)
        assert server.asked["status-502"] == 3

    play(scene)


@pytest.mark.parametrize("then", ["nobody is there", "no slot is near"])
def test_what_may_have_been_sent_once_is_never_surely_not_sent(then: str) -> None:
    slots = iter([0.0, PATIENCE + 1 if then == "no slot is near" else 0.0, 0.0])

    async def reserve() -> float:
        return next(slots)

    async def scene(server: FaultyServer, http: Http) -> None:
        async def leave(seconds: float) -> None:
            await server.__aexit__()

        http.sleep = leave
        with pytest.raises(Unknown):
            await http.request("PUT", server.url("reset-at-0"), json={}, idempotent=True)

    play(scene, reserve=reserve)


def test_a_write_to_nobody_is_surely_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    async def scene(server: FaultyServer, http: Http) -> None:
        with pytest.raises(NotSent, match="refused the connection"):
            await http.request("POST", f"http://127.0.0.1:{port}/", json={})
        with pytest.raises(Broken, match="refused the connection"):
            await http.request("GET", f"http://127.0.0.1:{port}/")

    play(scene)


def test_a_write_is_not_taken_elsewhere() -> None:
    async def scene(server: FaultyServer, http: Http) -> None:
        for status in (301, 302):
            server.faults["moved"] = replies(head(status, 0, location="/good"))
            with pytest.raises(Refused, match="correct the address"):
                await http.request("POST", server.url("moved"), json={"text": "Hello"})
        server.faults["moved"] = replies(head(307, 0, location="/good"))
        assert (await http.request("POST", server.url("moved"), json={"text": "Hello"})).status == 200
        assert server.heads[-1].startswith(b"POST /good ")
        server.faults["moved"] = replies(head(303, 0, location="/good"))
        assert (await http.request("POST", server.url("moved"), json={"text": "Hello"})).status == 200
        assert server.heads[-1].startswith(b"GET /good ")

    play(scene)


def test_tls_that_fails_says_so() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await reader.read(1000)
        writer.close()

    async def scene(_: FaultyServer, http: Http) -> None:
        async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
            url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            with pytest.raises(Broken, match="TLS"):
                await http.request("GET", url)
            with pytest.raises(NotSent, match="TLS"):
                await http.request("POST", url)

    play(scene)


# --- The guard (X1) -----------------------------------------------------------------------------


class Names(AbstractResolver):
    """A name server of ours: each name's answers in turn, the last for ever."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): turns for name, turns in answers.items()}

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        turns = self.answers[host]
        now = turns.pop(0) if len(turns) > 1 else turns[0]
        return [
            ResolveResult(hostname=host, host=it, port=port, family=socket.AF_INET, proto=0, flags=0)
            for it in now
        ]

    async def close(self) -> None:
        """Nothing is open."""


def public(address: object) -> bool:
    """127.0.0.2 stands for the public internet, all else for our own network."""
    return address == ip_address("127.0.0.2")


def guarded(scene: Callable[[FaultyServer, FaultyServer, Http], Any], **names: list[list[str]]) -> None:
    """A scene with a server on the "public" side and one on ours, which nobody may reach."""

    async def run() -> None:
        network = Network(per_host=8, rule=public, lookup=Names(**names))
        async with FaultyServer("127.0.0.2") as outside, FaultyServer("127.0.0.1") as inside, network:
            await scene(outside, inside, Http(network, now=lambda: NOW, sleep=no_wait))
            assert inside.connections == 0

    asyncio.run(run())


HOSTS = [
    "127.0.0.1",
    "localhost",
    "0",
    "0.0.0.0",
    "127.1",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "017700000001",
]
HOSTS += [
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "127.0.0.1.",
    "localhost.",
    "１２７.0.0.1",
]
HOSTS += [
    "127。0。0。1",
    "user@127.0.0.1",
    "user:secret@localhost",
    "[::1%25lo]",
    "inside.example",
    "127%2e0.0.1",
]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("through", ["directly", "by redirect"])
def test_no_url_leads_into_our_own_network(host: str, through: str) -> None:
    async def scene(outside: FaultyServer, inside: FaultyServer, http: Http) -> None:
        target = f"http://{host}:{inside.port}/good"
        outside.faults["hop"] = replies(
            b"HTTP/1.1 302 x\r\ncontent-length: 0\r\nlocation: %s\r\n\r\n" % target.encode()
        )
        with pytest.raises((Refused, Broken)):
            await http.request("GET", target if through == "directly" else outside.url("hop"))

    local = [["127.0.0.1"]]
    guarded(scene, localhost=local, localhost_=local, inside_example=local)


def test_a_name_with_one_address_of_ours_is_refused_whole() -> None:
    async def scene(outside: FaultyServer, inside: FaultyServer, http: Http) -> None:
        with pytest.raises(Refused, match="in a private network"):
            await http.request("GET", f"http://mixed.example:{inside.port}/good")
        assert outside.connections == 0

    guarded(scene, mixed_example=[["127.0.0.2", "127.0.0.1"]])


def test_a_name_that_changes_its_answer_is_dialled_where_it_was_checked() -> None:
    async def scene(outside: FaultyServer, inside: FaultyServer, http: Http) -> None:
        url = f"http://rebinding.example:{outside.port}/good"
        assert (await http.request("GET", url)).status == 200
        inside.faults["good"] = replies(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        with pytest.raises(Refused):
            await http.request("GET", f"http://rebinding.example:{inside.port}/good")

    guarded(scene, rebinding_example=[["127.0.0.2"], ["127.0.0.1"]])


def test_an_address_that_slips_past_the_parser_is_refused_where_the_socket_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene(outside: FaultyServer, inside: FaultyServer, http: Http) -> None:
        with pytest.raises(Refused):
            await http.request("GET", inside.url("good"))

    monkeypatch.setattr("prospector.addresses.literal", lambda host: None)
    guarded(scene)


def test_an_account_that_may_reaches_a_private_network_and_others_still_do_not() -> None:
    async def scene(outside: FaultyServer, inside: FaultyServer, http: Http) -> None:
        assert (await Http(http.network, private=True).request("GET", inside.url("good"))).status == 200
        inside.connections = 0
        with pytest.raises(Refused):
            await http.request("GET", inside.url("good"))

    guarded(scene)


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(outside: FaultyServer, inside: FaultyServer, http: Http) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{inside.port}")
        assert (await http.request("GET", outside.url("good"))).status == 200

    guarded(scene)


# --- Redirects and credentials ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [([301], True), ([308, 301], True), ([302], False), ([301, 302], False), ([307, 308], False)],
)
def test_moved_is_where_every_redirect_was_permanent(statuses: list[int], moved: bool) -> None:
    async def scene(server: FaultyServer, http: Http) -> None:
        for index, status in enumerate(statuses):
            there = f"/hop{index + 1}" if index + 1 < len(statuses) else "/good"
            server.faults[f"hop{index}"] = replies(head(status, 0, location=there))
        answer = await http.request("GET", server.url("hop0"))
        assert answer.url == server.url("good")
        assert answer.moved == (server.url("good") if moved else None)

    play(scene)


def test_credentials_do_not_follow_to_another_origin_nor_come_back() -> None:
    async def scene(server: FaultyServer, http: Http) -> None:
        async with FaultyServer("127.0.0.2") as other:
            server.faults["away"] = replies(head(302, 0, location=other.url("back")))
            other.faults["back"] = replies(head(302, 0, location=server.url("good")))
            headers = {"Cookie": "session=s3cret", "X-Api-Key": "s3cret", "If-None-Match": '"tag"'}
            await http.request("GET", server.url("away"), bearer="s3cret", headers=headers)
            assert server.heads[0].count(b"s3cret") == 3
            assert b"s3cret" not in other.heads[0] + server.heads[1]
            assert b'"tag"' in other.heads[0]

    play(scene)


def test_credentials_stay_on_the_same_origin() -> None:
    async def scene(server: FaultyServer, http: Http) -> None:
        server.faults["here"] = replies(head(302, 0, location="/good"))
        await http.request("GET", server.url("here"), bearer="token")
        assert b"authorization: Bearer token" in server.heads[1].replace(b"Authorization", b"authorization")

    play(scene)


def test_cookies_are_not_kept() -> None:
    async def scene(server: FaultyServer, http: Http) -> None:
        server.faults["set"] = replies(head(200, 0, set_cookie="who=ann; Path=/"))
        await http.request("GET", server.url("set"))
        await http.request("GET", server.url("good"))
        assert b"cookie" not in server.heads[1].lower()

    play(scene)


def test_https_does_not_become_http() -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"location": "http://plain.example/"})

    with pytest.raises(Broken, match="from https to http"):
        asyncio.run(answering(handler).request("GET", "https://safe.example/"))


def test_we_say_who_we_are() -> None:
    async def run() -> bytes:
        async with FaultyServer() as server, Network(contact="https://us.example/bot") as network:
            await Http(network, private=True).request("GET", server.url("good"))
            return server.heads[0]

    told = asyncio.run(run())
    assert b"prospector/" in told
    assert b"(+https://us.example/bot)" in told
    assert b"gzip, deflate\r\n" in told


# --- Pace and turns -----------------------------------------------------------------------------


def test_a_near_slot_is_waited_for_and_a_far_one_is_later() -> None:
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    async def scene(server: FaultyServer, http: Http) -> None:
        async def near() -> float:
            return PATIENCE

        async def far() -> float:
            return PATIENCE + 1

        http.reserve = near
        await http.request("GET", server.url("good"))
        assert waits == [PATIENCE]
        http.reserve = far
        with pytest.raises(Later) as caught:
            await http.request("GET", server.url("good"))
        assert caught.value.seconds == PATIENCE + 1
        assert server.asked["good"] == 1

    play(scene, sleep=note)


def test_each_try_takes_a_slot() -> None:
    taken: list[int] = []

    async def reserve() -> float:
        taken.append(1)
        return 0.0

    async def scene(server: FaultyServer, http: Http) -> None:
        with pytest.raises(Broken):
            await http.request("GET", server.url("status-502"))
        assert len(taken) == 3

    play(scene, reserve=reserve)


def test_one_host_gets_so_many_requests_at_a_time() -> None:
    async def run() -> int:
        under_way, most = 0, 0

        async def handler(request: httpx.Request) -> httpx.Response:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1
            return httpx.Response(200)

        http = Http(Network(per_host=3, handler=handler))
        await asyncio.gather(*(http.request("GET", "https://one.example/") for _ in range(20)))
        return most

    assert asyncio.run(run()) == 3


def test_rate_limits_are_noticed() -> None:
    seen: list[RateLimit] = []

    async def scene(server: FaultyServer, http: Http) -> None:
        server.faults["nearly"] = replies(head(200, 0, x_ratelimit_limit="300", x_ratelimit_remaining="0"))
        await http.request("GET", server.url("nearly"))
        assert seen == [RateLimit(300, 0)]

    play(scene, notice=seen.append)


# --- Requests and answers -----------------------------------------------------------------------


def test_what_is_accepted_is_no_error() -> None:
    async def scene(server: FaultyServer, http: Http) -> None:
        answer = await http.request("GET", server.url("status-404"), accept=frozenset({404}))
        assert answer.status == 404
        client: sdk.HttpClient = http
        with pytest.raises(Missing) as caught:
            await client.request("GET", server.url("status-410"), accept=frozenset({404}))
        assert caught.value.status == 410

    play(scene)


@pytest.mark.parametrize(
    "url", ["ftp://x.example/", "example.org", "http://", "", "http://[::1", "http://x:99999/", "\0"]
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    async def scene(server: FaultyServer, http: Http) -> None:
        with pytest.raises(Refused):
            await http.request("GET", url)

    play(scene)


def test_a_header_cannot_smuggle_another() -> None:
    async def scene(server: FaultyServer, http: Http) -> None:
        for value in ("a\r\nx-evil: 1", "a\nb", "a\0"):
            with pytest.raises(Refused):
                await http.request("GET", server.url("good"), headers={"x-name": value})
        assert server.connections == 0

    play(scene)


def test_secrets_are_in_no_message_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    canary = "c4n4ry0123456789abcdef"

    async def scene(server: FaultyServer, http: Http) -> None:
        told = []
        for name in ("good", "status-401", "status-500", "silence", "reset-at-0", "gzip-bomb", "not-http"):
            http.deadline = 0.5 if name == "silence" else 20.0
            for method in ("GET", "POST"):
                try:
                    answer = await http.request(
                        method, server.url(name), params={"key": canary}, bearer=canary
                    )
                    told.append(repr(answer))
                except ConnectorError as error:
                    told.append(f"{error} {error!r}")
        for url in (f"http://{canary}:{canary}@x.example/", f"http://0x7f.1/hooks/{canary}?{canary}"):
            with pytest.raises(Refused) as caught:
                await http.request("GET", url)
            told.append(str(caught.value))
        assert len(told) > 10
        assert canary not in "".join(told)

    with caplog.at_level(logging.DEBUG):
        play(scene)
    assert canary not in caplog.text


@given(st.text(max_size=200))
def test_any_url_can_be_shown_and_keeps_its_query_to_itself(text: str) -> None:
    assert "c4n4ry" not in shown(f"https://x.example/{text.partition('#')[0]}?token=c4n4ry")
    shown(text)


class Note(msgspec.Struct):
    id: int


GARBLED = {
    "malformed": b'{"id": 1',
    "wrong-type": b'{"id": "one"}',
    "deep": b"[" * 10**6,
    "deep-in-an-unknown-field": b'{"x":' + b"[" * 10**6 + b"]" * 10**6 + b"}",
    "nan": b'{"id": NaN}',
    "huge-integer": b'{"id": ' + b"9" * 10_000 + b"}",
    "lone-surrogate": b'{"id": 1, "x": "\\ud800"}',
    "utf-16": '{"id": 1}'.encode("utf-16"),
    "latin-1-in-a-used-key": '{"é": 1}'.encode("latin-1"),
    "nul": b'{"id": 1}\x00',
    "empty": b"",
    "page": b"<html>Sign in</html>",
    "two": b'{"id": 1}{"id": 2}',
}


@pytest.mark.parametrize("body", GARBLED.values(), ids=GARBLED.keys())
def test_json_that_cannot_be_used_is_broken(body: bytes) -> None:
    with pytest.raises(Broken, match=r"https://x\.example"):
        Answer(200, "https://x.example/a?key=secret", {}, body).json(Note)


def test_json_says_where_it_went_wrong() -> None:
    with pytest.raises(Broken, match=r"\$\[1\]\.id"):
        Answer(200, "https://x.example/", {}, b'[{"id": 1}, {"id": "one"}]').json(list[Note])


def test_json_is_read_with_a_bom_and_without_nul_characters() -> None:
    assert Answer(200, "", {}, b'\xef\xbb\xbf{"id": 1}').json(Note) == Note(1)
    assert Answer(200, "", {}, rb'["a\u0000b", "c\\u0000d"]').json() == ["ab", "c\\u0000d"]


@given(st.binary(max_size=300))
def test_any_body_is_text_and_is_json_or_broken(body: bytes) -> None:
    for kind in (
        "",
        "text/xml; charset=latin-1",
        'text/plain; charset="no-such"',
        "text/html; charset=utf-16",
    ):
        answer = Answer(200, "https://x.example/", {"content-type": kind}, body)
        assert isinstance(answer.text, str)
        try:
            answer.json()
        except Broken:
            continue


# --- Bodies -------------------------------------------------------------------------------------


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "x-gzip": gzip.compress}
ENCODINGS |= {"deflate": zlib.compress, "Deflate ": bare_deflate, "": bytes, "identity": bytes}


@given(st.binary(max_size=2000), st.sampled_from(sorted(ENCODINGS)), st.integers(1, 50))
def test_a_body_is_what_was_packed_however_it_is_cut(data: bytes, encoding: str, size: int) -> None:
    packed = ENCODINGS[encoding](data)
    body = Body(encoding)
    for start in range(0, len(packed), size):
        body.feed(packed[start : start + size])
    assert body.whole() == data


@given(st.lists(st.binary(max_size=100), max_size=5), st.integers(1, 30))
def test_a_body_of_several_gzip_members_is_their_sum(parts: list[bytes], size: int) -> None:
    packed = b"".join(gzip.compress(part) for part in parts) + b"\0" * 8 * bool(parts)
    body = Body("gzip")
    for start in range(0, len(packed), size):
        body.feed(packed[start : start + size])
    assert body.whole() == b"".join(parts)


@given(st.integers(0, 3000), st.sampled_from(["gzip", "deflate", ""]))
def test_the_cap_on_what_is_decoded_is_exact(size: int, encoding: str) -> None:
    body = Body(encoding, decoded_cap=1000)
    packed = ENCODINGS[encoding](bytes(size))
    if size > 1000:
        with pytest.raises(Broken):
            body.feed(packed)
    else:
        body.feed(packed)
        assert len(body.whole()) == size


# --- Status and error ---------------------------------------------------------------------------


@given(
    st.integers(100, 999), st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD"]), st.binary(max_size=50)
)
def test_every_status_has_its_verdict(status: int, method: str, body: bytes) -> None:
    error = verdict(
        method, "https://x.example/?k=s3cret", status, {"content-type": "application/json"}, body, NOW
    )
    assert (error is None) == (status < 400)
    assert not isinstance(error, NotSent)
    assert "s3cret" not in str(error)
    if error is not None and status >= 500 and method not in ("GET", "HEAD"):
        assert isinstance(error, Unknown)


def test_a_write_was_turned_away_only_where_the_server_says_when_to_come_back() -> None:
    """Gateways say 503 too when the server behind them, which may have done it, took too long."""
    asked = {"retry-after": "30"}
    assert isinstance(verdict("POST", "https://x.example/", 503, {}, b"", NOW), Unknown)
    assert isinstance(verdict("POST", "https://x.example/", 503, asked, b"", NOW), Later)
    assert isinstance(verdict("GET", "https://x.example/", 503, {}, b"", NOW), Later)


@pytest.mark.parametrize("charset", ["punycode", "unicode_escape", "idna", "hex"])
def test_a_page_in_no_charset_of_the_web_is_read_as_utf_8(charset: str) -> None:
    """Python's codec for punycode takes the square of the length: minutes for a page of a megabyte."""
    body = "größe-\\u0041".encode() + b"z" * 1_000_000
    answer = Answer(200, "https://x.example/", {"content-type": f"text/html; charset={charset}"}, body)
    assert answer.text == body.decode()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"error":"InvalidRequest","message":"Profile not found"}', "Profile not found"),
        (b'{"error":"Validation failed: Text is too long."}', "Validation failed: Text is too long"),
        (b'{"title":"x","detail":"Not allowed\\r\\nhere"}', "Not allowed  here"),
    ],
)
def test_a_refusal_tells_the_servers_reason(body: bytes, reason: str) -> None:
    error = verdict("POST", "https://x.example/", 422, {"content-type": "application/json"}, body, NOW)
    assert isinstance(error, Refused)
    assert str(error).endswith(f"{reason}.")


def test_githubs_403_for_too_often_is_no_matter_of_access() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 90)}
    error = verdict("GET", "https://x.example/", 403, headers, b"", NOW)
    assert isinstance(error, Later)
    assert error.seconds == 90
    assert isinstance(verdict("GET", "https://x.example/", 403, {}, b"", NOW), Unauthorised)


def test_an_untrusted_certificate_is_named() -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("x") from ssl.SSLCertVerificationError("self-signed")

    with pytest.raises(Broken, match="certificate"):
        asyncio.run(answering(handler).request("GET", "https://x.example/"))
