"""Doorbells: an engine has one duty, "run this job for this row soon". It may lose a ring, double
it or delay it, and nothing goes wrong, because what is due is in the tables."""

from __future__ import annotations

from typing import Any, Protocol


class Engine(Protocol):
    """What rings the jobs of `work.JOBS`."""

    def submit(self, job: str, *args: Any) -> None:
        """Run the job soon; nothing happens if the same one waits or runs already."""

    async def start(self) -> None: ...

    async def stop(self) -> None:
        """Begin nothing more, let what runs finish for a moment, and give up the rest."""
