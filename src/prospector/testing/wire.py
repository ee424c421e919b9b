"""The recorded answers of a connector's platform, and what a test does to them on their way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import respx


@dataclass
class Wire:
    """A router of recorded answers, any of which may be replaced."""

    router: respx.MockRouter
    status: int | None = None
    since: int = 0
    content: bytes | None = None
    only: int | None = None
    asked: int = 0
    bodies: list[bytes] = field(default_factory=list)

    async def answer(self, request: Any) -> Any:
        """With `status` every answer from number `since` on has it and no body; with `content` the body
        is replaced, of the answer number `only` or of all."""
        index, self.asked = self.asked, self.asked + 1
        if self.status is not None and index >= self.since:
            return respx.MockResponse(self.status, json={"error": "injected by the test"})
        recorded = await self.router.async_handler(request)
        self.bodies.append(recorded.content)
        if self.content is None or self.only not in (None, index):
            return recorded
        kind = recorded.headers.get("content-type", "application/json")
        return respx.MockResponse(200, headers={"content-type": kind}, content=self.content)
