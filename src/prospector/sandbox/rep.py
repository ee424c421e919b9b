"""A scripted user: looks into the queue, approves two drafts, and watches the answers come back.

Everything goes through the public command line, each command a process of its own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Say = Callable[[str], None]
PAUSE = 1.0
SOCIAL = ("reply", "like", "dm")


class CommandError(Exception):
    """A command of the product failed; the message is what it said."""


class Rep:
    """`command` is the product's command line with its workspace. `expected` are the names of those
    whose mail a person answers; `say` tells what happens."""

    def __init__(self, command: Sequence[str], expected: frozenset[str], say: Say) -> None:
        self._command, self._expected, self._say = command, expected, say

    async def morning(self) -> None:
        """The whole way twice: from a card with a draft to the answer. Raises `CommandError`."""
        mail = await self._until(lambda cards: ready(cards, ("email",), self._expected))
        await self._approve(mail)
        social = await self._until(lambda cards: ready(cards, SOCIAL))
        await self._approve(social)
        for card, kinds in ((mail, ("email_reply",)), (social, ("reply", "dm"))):
            await self._answered(card, kinds)

    async def _approve(self, card: Mapping[str, Any]) -> None:
        name, draft = card["prospect"]["name"], card["draft"]
        reasons = ", ".join(f"{why['reason']} {why['points']}" for why in card["why"])
        self._say(f"the queue has a draft for {name} ({draft['action']}), because: {reasons}")
        await self._ask("approve", str(draft["id"]))
        self._say(f"approved it: prospector approve {draft['id']}")

    async def _until(
        self, choose: Callable[[Sequence[Mapping[str, Any]]], Mapping[str, Any] | None]
    ) -> Mapping[str, Any]:
        while True:
            if (card := choose(await self._ask("queue", "--limit", "200"))) is not None:
                return card
            await asyncio.sleep(PAUSE)

    async def _answered(self, card: Mapping[str, Any], kinds: Sequence[str]) -> None:
        """Wait until what they answered to our message is an engagement, and say what it moved."""
        who, name = str(card["prospect"]["id"]), card["prospect"]["name"]
        while True:
            found = await self._ask("engagements", "--prospect", who, "--limit", "20")
            if (answer := answer_in(found, kinds)) is not None:
                break
            await asyncio.sleep(PAUSE)
        self._say(f"{name} answered: “{' '.join(answer['text'].split())[:80]}”")
        for move in (await self._ask("moves", "--prospect", who))[:1]:
            if move.get("after"):
                self._say(f"{name} went from {move['before']} to {move['after']} by “{move['rule']}”")

    async def _ask(self, *arguments: str) -> Any:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *arguments,
            "--json",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        if process.returncode:
            said = (err or out).decode(errors="replace").strip()
            raise CommandError(f"`prospector {' '.join(arguments)}` failed: {said}")
        return json.loads(out)


def ready(
    cards: Sequence[Mapping[str, Any]], actions: Sequence[str], names: frozenset[str] | None = None
) -> Mapping[str, Any] | None:
    """The first card whose draft could go out as it is, by one of these actions."""
    for card in cards:
        draft = card["draft"]
        if draft is None or draft["action"] not in actions or draft["by_hand"] or draft["state"] != "draft":
            continue
        if not draft["problems"] and (names is None or card["prospect"]["name"] in names):
            return card
    return None


def answer_in(rows: Sequence[Mapping[str, Any]], kinds: Sequence[str]) -> Mapping[str, Any] | None:
    """What they did of these kinds since our last act; rows are the newest first."""
    for row in rows:
        if row["by"] == "us" and row["kind"] != "stage_set":
            return None
        if row["kind"] in kinds:
            return row
    return None
