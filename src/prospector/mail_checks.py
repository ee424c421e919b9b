"""Whether the world will believe our mail: asked of DNS, and of a mail to ourselves that comes back.

What is found is kept with the mailbox, for the page that shows it.
"""

from __future__ import annotations

import asyncio
import email
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from prospector.config import AccountSettings
from prospector.domain_records import Names
from prospector.installation import Installation
from prospector.models import Account
from prospector.outreach import authentication
from prospector.outreach.authentication import Finding
from prospector.outreach.domains import domain_of
from prospector.runtime import Runtime
from prospector.sdk import ConnectorError, Identity, Intent

ARRIVES = 60.0
"""Seconds that a mail to ourselves may take."""
BETWEEN = 2.0


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An account that sends mail, with its row."""

    name: str
    row: int
    account: AccountSettings

    @property
    def address(self) -> str:
        return str(getattr(self.account.settings, "address", ""))

    @property
    def host(self) -> str:
        return str(getattr(self.account.settings, "smtp_host", ""))


def mailboxes(installation: Installation) -> list[Mailbox]:
    """The accounts of config.toml that send mail from an address."""
    found = [
        Mailbox(name, installation.account_ids[name], account)
        for name, account in installation.settings.accounts.items()
        if account.connector.can.email.itself
    ]
    return [one for one in found if one.address]


def published(installation: Installation, mailbox: Mailbox, now: datetime) -> list[Finding]:
    """What DNS says of a mailbox's domain, asked now; empty for a domain of examples.

    Raises `NoAnswerError`.
    """
    server = installation.settings.file.outreach.resolver
    if not server and authentication.is_reserved(domain_of(mailbox.address)):
        return []
    names = Names(server)
    findings = authentication.published(mailbox.address, mailbox.host, names.texts, names.mail_hosts)
    _keep(installation, mailbox, "dns", findings, now)
    return findings


def mailed(installation: Installation, mailbox: Mailbox, now: datetime) -> list[Finding]:
    """Send a mail from the mailbox to itself, read it back, and tell what it says of DKIM.

    Raises `ConnectorError` where it cannot be sent or does not come back.
    """
    raw = asyncio.run(_there_and_back(installation, mailbox, now))
    authserv = str(getattr(mailbox.account.settings, "authserv", ""))
    findings = authentication.returned(mailbox.address, email.message_from_bytes(raw), authserv)
    _keep(installation, mailbox, "mail", findings, now)
    return findings


async def _there_and_back(installation: Installation, mailbox: Mailbox, now: datetime) -> bytes:
    runtime = Runtime(installation)
    connector: Any = runtime.connector(mailbox.row)
    read_back = getattr(connector, "read_back", None)
    if read_back is None:
        raise ConnectorError(f"The connector {connector.name} cannot read a mail back.")
    intent = trial(mailbox.address, installation.settings.file.outreach.public_url, now)
    try:
        await connector.act(runtime.context(mailbox.row, _unmarked), intent)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ARRIVES
        while (raw := await read_back(runtime.context(mailbox.row), intent.message_id)) is None:
            if loop.time() > deadline:
                words = f"The mail to {mailbox.address} did not come back within {ARRIVES:.0f} seconds"
                raise ConnectorError(f"{words}. Look into the folder of spam.")
            await asyncio.sleep(BETWEEN)
        return bytes(raw)
    finally:
        await runtime.aclose()


def trial(address: str, public_url: str, now: datetime) -> Intent:
    """A mail to ourselves with every header that a signature must cover."""
    one_click = f"{public_url or 'https://unsubscribe.invalid'}/u/trial"
    return Intent(
        message_id=f"<{uuid.uuid4().hex}@{domain_of(address)}>",
        action="email",
        to=Identity("email", address, address, f"mailto:{address}"),
        approved_at=now,
        subject="A trial of prospector doctor",
        body="This mail was sent to see how it is signed. It can be deleted.\n",
        attributes={"list_unsubscribe": f"<{one_click}>, <mailto:{address}?subject=unsubscribe>"},
    )


async def _unmarked() -> bool:
    """No message of the outbox stands behind a trial: there is nothing to mark."""
    return True


def _keep(
    installation: Installation, mailbox: Mailbox, source: str, findings: Sequence[Finding], now: datetime
) -> None:
    def work(session: Any) -> None:
        account = session.get_one(Account, mailbox.row, with_for_update=True)
        account.authentication = authentication.kept(account.authentication, source, findings, now)

    installation.store.write(work)
