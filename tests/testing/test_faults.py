"""Servers that misbehave do so as told, and by the same seed in the same way."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from typing import Any

import pytest
import uvicorn

from prospector.http import Http, Network
from prospector.sdk import ConnectorError, NotSent
from prospector.testing import FAULTS, Faults, FaultyServer
from prospector.testing.context import no_wait
from prospector.testing.faults import BODY, Message, Scope


class Counting:
    """An ASGI app that counts what it was asked and answers well."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        self.asked += 1
        headers = [(b"content-length", str(len(BODY)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": BODY})


async def outcomes(faults: Faults, times: int) -> list[str]:
    """What the app's callers see, without a network: the status or the exception's name."""

    async def once() -> str:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        try:
            await faults({"type": "http"}, receive, send)
        except ConnectionError as error:
            return type(error).__name__
        return str(sent[0]["status"])

    return [await once() for _ in range(times)]


def test_the_same_seed_gives_the_same_faults() -> None:
    runs = [asyncio.run(outcomes(Faults(Counting(), 0.5, seed), 200)) for seed in (7, 7, 8)]
    assert runs[0] == runs[1] != runs[2]


def test_about_as_many_requests_fail_as_asked_for_and_in_every_way() -> None:
    app = Counting()
    faults = Faults(app, 0.25, seed=1)
    seen = Counter(asyncio.run(outcomes(faults, 1000)))
    assert 200 < sum(faults.struck.values()) < 300
    assert len(faults.struck) == 5
    done_nonetheless = faults.struck["cut"] + faults.struck["lost-answer"]
    assert app.asked == 1000 - sum(faults.struck.values()) + done_nonetheless
    assert seen["Dropped"] == done_nonetheless


def test_without_probability_nothing_fails() -> None:
    assert set(asyncio.run(outcomes(Faults(Counting(), 0.0), 100))) == {"200"}


def test_a_client_of_a_real_server_sees_each_fault_as_an_error_of_the_sdk() -> None:
    async def run() -> tuple[Faults, int, list[ConnectorError]]:
        faults = Faults(Counting(), 0.5, seed=3)
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(faults, log_level="critical", lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        good, errors = 0, []
        async with Network() as network:
            http = Http(network, private=True, sleep=no_wait)
            for _ in range(60):
                try:
                    good += len((await http.request("POST", url)).content) == len(BODY)
                except ConnectorError as error:
                    errors.append(error)
        server.should_exit = True
        await serving
        return faults, good, errors

    faults, good, errors = asyncio.run(run())
    assert good > 10
    assert sum(faults.struck.values()) - faults.struck["garbage"] == len(errors)
    assert not any(isinstance(error, NotSent) for error in errors)


@pytest.mark.parametrize("path", ["good", "reset-at-9", "status-404"])
def test_a_faulty_server_writes_just_these_bytes(path: str) -> None:
    async def run() -> tuple[bytes, bytes]:
        wanted = bytearray()

        async def collect(data: bytes) -> None:
            wanted.extend(data)

        await FAULTS[path](collect)
        async with FaultyServer() as server:
            reader, writer = await asyncio.open_connection(server.host, server.port)
            writer.write(b"GET /%s HTTP/1.1\r\n\r\n" % path.encode())
            got = await reader.read()
            writer.close()
            assert (server.connections, server.asked[path]) == (1, 1)
        return bytes(wanted), got

    wanted, got = asyncio.run(run())
    assert got == wanted
