"""Somebody with a mailbox: writes, answers and reads by plain SMTP and IMAP, without our code."""

from __future__ import annotations

import email
import email.policy
import imaplib
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from tests.live.mail_servers import PASSWORD, MailServers
from tests.live.processes import until

PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class MailPerson:
    """The owner of one mailbox on the servers."""

    servers: MailServers
    address: str

    @property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.servers.certificate)

    def send(self, to: str, subject: str, body: str, **headers: str) -> str:
        """Send a mail and return its Message-ID; `In_Reply_To="…"` sets a header In-Reply-To."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.address, to, subject
        mail["Date"] = formatdate(localtime=True)
        mail["Message-ID"] = make_msgid(domain=self.address.partition("@")[2])
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(body)
        with smtplib.SMTP(self.servers.host, self.servers.submission) as smtp:
            smtp.starttls(context=self._tls)
            smtp.login(self.address, PASSWORD)
            smtp.send_message(mail)
        return str(mail["Message-ID"])

    def reply(self, to: EmailMessage, body: str) -> str:
        """Answer as a mail program does: threaded, and with the other's words below."""
        quoted = "".join(f"> {line}\n" for line in to.get_content().splitlines())
        references = f"{to.get('References', '')} {to['Message-ID']}".strip()
        return self.send(
            to.get("Reply-To", to["From"]),
            f"Re: {to['Subject']}",
            f"{body}\n\nOn {to['Date']}, {to['From']} wrote:\n{quoted}",
            In_Reply_To=to["Message-ID"],
            References=references,
        )

    def mails(self, folder: str = "INBOX", criterion: str = "ALL") -> list[EmailMessage]:
        """The mails of a folder that meet an IMAP search criterion, left unread."""
        with imaplib.IMAP4_SSL(self.servers.host, self.servers.imaps, ssl_context=self._tls) as imap:
            imap.login(self.address, PASSWORD)
            imap.select(folder, readonly=True)
            numbers = imap.search(None, criterion)[1][0].split()
            if not numbers:
                return []
            parts = imap.fetch(b",".join(numbers).decode(), "(BODY.PEEK[])")[1]
        return [_parsed(part[1]) for part in parts if isinstance(part, tuple)]

    def wait_for(self, wanted: Callable[[EmailMessage], bool], folder: str = "INBOX") -> EmailMessage:
        """The first mail that is as wanted, as soon as it is there."""

        def look() -> list[EmailMessage]:
            return [mail for mail in self.mails(folder) if wanted(mail)]

        return until(look, PATIENCE, f"a mail in {self.address}'s {folder}", pause=0.2)[0]


def _parsed(data: bytes) -> EmailMessage:
    return email.message_from_bytes(data, policy=email.policy.default)
