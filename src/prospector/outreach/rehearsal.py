"""A mail of a campaign to one of us, with the facts of a real person: to see it in a mail client.

It leaves at once, by the mailbox that would send it, and is no message of anybody: nothing is logged
with the person, no cap counts it, and it has neither a token nor the header to unsubscribe.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from email.utils import make_msgid

from prospector.installation import Installation
from prospector.runtime import Runtime
from prospector.sdk import ConnectorError, Identity, Intent, Receipt


class RehearsalError(Exception):
    """No test was sent; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What is tried: by which mailbox, to which of us, and the whole text."""

    account_id: int
    to: str
    to_name: str
    subject: str
    text: str


def refuse_theirs(to: str, theirs: str | None) -> None:
    """A test goes to one of us, never to the person whose facts it uses. Raises `RehearsalError`."""
    if "@" not in to:
        raise RehearsalError("Your account has no e-mail address. Set one, then try again.")
    if theirs is not None and to.strip().lower() == theirs.strip().lower():
        raise RehearsalError("This is the prospect's own address. Choose another person for the test.")


def send(installation: Installation, rehearsal: Rehearsal) -> str:
    """Send it now; the server's own words. Raises `RehearsalError`."""
    return asyncio.run(_send(installation, rehearsal)).reply


async def _send(installation: Installation, rehearsal: Rehearsal) -> Receipt:
    runtime = Runtime(installation)

    async def mark() -> bool:
        return True

    to = rehearsal.to
    address = getattr(installation.account(rehearsal.account_id).settings, "address", "")
    intent = Intent(
        message_id=make_msgid("test", domain=address.rpartition("@")[2] or None),
        action="email",
        to=Identity("email", to, to, f"mailto:{to}", rehearsal.to_name),
        approved_at=runtime.now(),
        body=rehearsal.text,
        subject=rehearsal.subject,
    )
    try:
        context = runtime.context(rehearsal.account_id, mark)
        return await runtime.connector(rehearsal.account_id).act(context, intent)
    except (ConnectorError, OSError) as error:
        raise RehearsalError(f"The mailbox did not send it: {error}") from error
    finally:
        await runtime.aclose()
