"""A process that only sends: what the engines' `send` job does, and nothing beside it.

Started by the nursery as `sender`; with `PROSPECTOR_DIE_AT` it dies at a named moment of its delivery
number `PROSPECTOR_DIE_IN`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.crash import points

from prospector import work
from prospector.installation import open_installation
from prospector.outreach import deliver, outbox
from prospector.runtime import Runtime


def main(arguments: Sequence[str]) -> None:
    """Recover what the one before left, say so, and send until nothing is due."""
    if (name := os.environ.get("PROSPECTOR_DIE_AT")) is not None:
        points.arm(name, int(os.environ["PROSPECTOR_DIE_IN"]))
    asyncio.run(_send_all(Path(arguments[0])))


async def _send_all(workspace: Path) -> None:
    installation = open_installation(workspace)
    installation.store.start_writer()
    runtime, now = Runtime(installation), datetime.now(UTC)
    # Whatever is `sending` belongs to a process that is dead: there is one sender at a time.
    installation.store.write(lambda session: deliver.recover(session, runtime.consequences, now, now))
    print('{"event": "started"}', flush=True)
    while due := await installation.store.read_async(
        lambda session: outbox.due(session, runtime.now(), runtime.limits)
    ):
        await asyncio.gather(*(work.send(runtime, message_id) for message_id in due))
    await runtime.aclose()
    installation.close()
