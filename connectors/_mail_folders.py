"""Read a mailbox over IMAP without changing it, look for a mail, and file a copy (RFC 9051).

Runs in a thread. Nothing is marked as read (BODY.PEEK, EXAMINE), and of each mail only its first
`LIMIT` bytes are fetched, so that a 50 MB attachment costs no more than a page of text.
"""

from __future__ import annotations

import contextlib
import imaplib
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from imap_tools import BaseMailBox, MailBox, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxLoginError

from prospector.mail import LIMIT
from prospector.sdk import Broken, ConnectorError, Later, Unauthorised

from ._mail_submission import Route, trusted

BATCH = 50
_SENT_NAMES = ("sent", "sent items", "sent messages", "sent mail", "gesendet", "inbox.sent", "inbox/sent")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, slots=True)
class Place:
    """How far a mailbox was read: everything up to `uid`, as long as its UIDVALIDITY stays."""

    validity: int
    uid: int

    def __str__(self) -> str:
        return f"{self.validity}:{self.uid}"


@dataclass(frozen=True, slots=True)
class Fetched:
    """One mail as the server gave it; `raw` may be its beginning only, `size` is the whole."""

    uid: int
    size: int
    received: datetime | None
    raw: bytes


def place(cursor: str | None) -> Place | None:
    """Where to go on. Raises `Broken` for a cursor that is not ours."""
    if cursor is None:
        return None
    found = re.fullmatch(r"(\d{1,20}):(\d{1,20})", cursor)
    if found is None:
        raise Broken(f"The mailbox's cursor {cursor[:50]!r} is none; it reads UIDVALIDITY:UID.")
    return Place(int(found.group(1)), int(found.group(2)))


def next_uids(found: list[int], after: int) -> list[int]:
    """The mails to read now, oldest first, one more than a batch if there are more.

    `UID n:*` gives the last mail even where it lies before n (RFC 9051, 6.4.9), hence the filter.
    """
    return sorted({uid for uid in found if uid > after})[: BATCH + 1]


@contextlib.contextmanager
def mailbox(route: Route) -> Iterator[BaseMailBox]:
    """A logged-in mailbox with no folder open. What fails becomes an error of the SDK."""
    with _translated(route):
        box = _connect(route)
        try:
            box.login(route.user, route.password, initial_folder=None)
            yield box
        finally:
            with contextlib.suppress(imaplib.IMAP4.error, ImapToolsError, OSError):
                box.logout()
            _close(box)


def _connect(route: Route) -> BaseMailBox:
    if route.tls == "implicit":
        return MailBox(route.host, route.port, timeout=route.timeout, ssl_context=trusted(route.ca))
    box = MailBoxUnencrypted(route.host, route.port, timeout=route.timeout)
    if route.tls == "starttls":
        try:
            _start_tls(box, route)
        except BaseException:
            _close(box)
            raise
    return box


def _close(box: BaseMailBox) -> None:
    """Let go of the socket. On a broken connection logging out fails before it comes to that."""
    with contextlib.suppress(OSError):
        box.client.shutdown()


def _start_tls(box: BaseMailBox, route: Route) -> None:
    if "STARTTLS" not in box.client.capabilities:
        raise Unauthorised(
            f"{route.host}:{route.port} offers no STARTTLS, so no password was sent to it. "
            'If it speaks TLS from the start, set imap_tls = "implicit".'
        )
    box.client.starttls(trusted(route.ca))


@contextlib.contextmanager
def _translated(route: Route) -> Iterator[None]:
    where = f"{route.host}:{route.port}"
    try:
        yield
    except ConnectorError:
        raise
    except ssl.SSLCertVerificationError as error:
        raise Unauthorised(
            f"The certificate of {where} is not to be trusted ({error.verify_message}); "
            "check imap_host, or name the authority's file in `ca`."
        ) from error
    except MailboxLoginError as error:
        if "UNAVAILABLE" in str(error).upper():  # RFC 5530: a backend is down, the password may be right
            raise Later(f"{where} cannot check passwords at the moment.", 300) from error
        raise Unauthorised(f"{where} refuses the login; renew the account's user and password.") from error
    except (imaplib.IMAP4.abort, OSError) as error:
        raise Later(f"The connection to {where} failed: {error}.", 120) from error
    except (imaplib.IMAP4.error, ImapToolsError) as error:
        raise Broken(f"{where} answered with an error: {str(error)[:300]}.") from error


# --- The inbox ----------------------------------------------------------------------------------


def examine(box: BaseMailBox, folder: str) -> tuple[int, int]:
    """Open a folder for reading; its UIDVALIDITY and the UID that the next mail will get."""
    box.folder.set(folder, readonly=True)
    return _number(box, "UIDVALIDITY"), _number(box, "UIDNEXT")


def _number(box: BaseMailBox, name: str) -> int:
    data = box.client.response(name)[1]
    found = re.search(rb"\d+", data[-1] or b"") if data else None
    return int(found.group()) if found else 0


def waiting(box: BaseMailBox, after: int | None, since: datetime) -> list[int]:
    """The UIDs to read: those after one that is known, else those of mails that came since a day."""
    day = f"{since.day:02}-{_MONTHS[since.month - 1]}-{since.year}"
    criteria = f"SINCE {day}" if after is None else f"UID {after + 1}:*"
    found = [int(uid) for uid in box.uids(criteria, charset=None) if uid.isdecimal()]
    return next_uids(found, after or 0)


def fetch(box: BaseMailBox, uid: int) -> Fetched | None:
    """The beginning of one mail; None where it is no longer there."""
    wanted = f"(UID RFC822.SIZE INTERNALDATE BODY.PEEK[]<0.{LIMIT}>)"
    kind, data = box.client.uid("FETCH", str(uid), wanted)
    if kind != "OK":
        raise Broken(f"The mail server did not give mail {uid}: {str(data)[:200]}.")
    literals = [item for item in data if isinstance(item, tuple)]
    if not literals:
        return None
    about = b" ".join(b" ".join(item[:1]) if isinstance(item, tuple) else item or b"" for item in data)
    size = re.search(rb"RFC822\.SIZE (\d{1,15})", about)
    raw = bytes(literals[0][1])[:LIMIT]
    return Fetched(uid, int(size.group(1)) if size else len(raw), _received(about), raw)


def _received(about: bytes) -> datetime | None:
    found = re.search(rb'INTERNALDATE "([^"]{1,40})"', about)
    try:
        return parsedate_to_datetime(found.group(1).decode()) if found else None
    except (ValueError, TypeError):
        return None


def rescan_from(now: datetime, days: int) -> datetime:
    """How far back to look where no cursor helps. A day more, since SINCE goes by the server's own days."""
    return now - timedelta(days=days + 1)


# --- Sent mail ----------------------------------------------------------------------------------


def sent_folder(box: BaseMailBox, chosen: str) -> str | None:
    """The folder of sent mail: as configured, else marked \\Sent (RFC 6154), else by its usual names."""
    if chosen:
        return chosen
    folders = box.folder.list()
    marked = [folder.name for folder in folders if "\\sent" in {flag.lower() for flag in folder.flags}]
    named = [folder.name for folder in folders if folder.name.lower() in _SENT_NAMES]
    return next(iter([*marked, *named]), None)


def is_filed(box: BaseMailBox, folder: str, message_id: str) -> bool:
    """Whether a mail with this Message-ID lies in the folder."""
    return uid_of(box, folder, message_id) is not None


def uid_of(box: BaseMailBox, folder: str, message_id: str) -> int | None:
    """The mail with this Message-ID in a folder. Gmail is asked in its own, exact way."""
    if not re.fullmatch(r'<[^<>\s"\\]{1,250}>', message_id):
        return None
    box.folder.set(folder, readonly=True)
    criteria = f'HEADER Message-ID "{message_id}"'
    if "X-GM-EXT-1" in box.client.capabilities:
        criteria = f'X-GM-RAW "rfc822msgid:{message_id[1:-1]}"'
    return next((int(uid) for uid in box.uids(criteria, charset=None) if uid.isdecimal()), None)


def file_copy(box: BaseMailBox, folder: str, mail: bytes, at: datetime) -> None:
    """Put a copy of a sent mail into the folder, read, as a mail client would."""
    box.append(mail, folder, dt=at, flag_set=["\\Seen"])
