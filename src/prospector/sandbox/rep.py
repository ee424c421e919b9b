"""A scripted user: looks into the queue, approves two drafts, and watches the answers come back.

Everything goes through the public command line, each command a process of its own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Say = Callable[[str], None]
PAUSE = 1.0
RECENT = "200"
SOCIAL = ("reply", "dm")
SENT = frozenset({"email", *SOCIAL})
ANSWERS = frozenset({"email_reply", "reply", "dm", "comment"})


class CommandError(Exception):
    """A command of the product failed; the message is what it said."""


class Rep:
    """`command` is the product's command line with its workspace. `expected` are the names of those
    whose mail a person answers; `say` tells what happens."""

    def __init__(self, command: Sequence[str], expected: frozenset[str], say: Say) -> None:
        self._command, self._expected, self._say = command, expected, say

    async def morning(self) -> None:
        """The whole way twice: from a card with a draft to the answer. Raises `CommandError`."""
        cards = await self._drafts()
        since = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        await self._approve(cards)
        waiting = {card["prospect"]["id"]: card for card in cards}
        while waiting:
            await asyncio.sleep(PAUSE)
            rows = await self._ask("engagements", "--limit", RECENT)
            recent = [row for row in rows if row["at"] >= since]
            answers = {who: answer_in([row for row in recent if row["prospect"] == who]) for who in waiting}
            for who, answer in answers.items():
                if answer is not None:
                    name = waiting.pop(who)["prospect"]["name"]
                    self._say(f"{name} answered ({answer['kind']}): “{answer['text'][:80]}”")
        await self._tell_moves([card["prospect"]["name"] for card in cards])

    async def _drafts(self) -> Sequence[Mapping[str, Any]]:
        """A card with a mail and one with something social, as soon as the queue has both."""
        while True:
            cards = await self._ask("queue", "--limit", RECENT)
            mail, social = ready(cards, ("email",), self._expected), ready(cards, SOCIAL)
            if mail is not None and social is not None:
                return mail, social
            await asyncio.sleep(PAUSE)

    async def _approve(self, cards: Sequence[Mapping[str, Any]]) -> None:
        for card in cards:
            reasons = ", ".join(f"{why['reason']} {why['points']}" for why in card["why"])
            name, draft = card["prospect"]["name"], card["draft"]
            self._say(f"the queue has a draft for {name} ({draft['action']}), because: {reasons}")
        ids = [str(card["draft"]["id"]) for card in cards]
        await self._ask("approve", *ids)
        self._say(f"approved both: prospector approve {' '.join(ids)}")

    async def _tell_moves(self, names: Sequence[str]) -> None:
        """The last move of each, with the rule that made it."""
        moves = await self._ask("moves", "--limit", RECENT)
        for name in names:
            own = (move for move in moves if move["prospect"] == name and move["after"])
            if (last := next(own, None)) is not None:
                self._say(f"{name} went from {last['before']} to {last['after']} by '{last['rule']}'")

    async def _ask(self, *arguments: str) -> Any:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *arguments,
            "--json",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C is for us alone: we end what is under way
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


def answer_in(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """What they said after our message; rows are one person's, the newest first."""
    ours = next((place for place, row in enumerate(rows) if row["by"] == "us" and row["kind"] in SENT), 0)
    return next((row for row in rows[:ours] if row["kind"] in ANSWERS), None)
