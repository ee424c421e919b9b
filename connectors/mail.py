"""E-mail: hand-approved mails out by SMTP, replies, bounces and opt-outs in by IMAP.

Cursor: `UIDVALIDITY:UID` of the inbox. The first look, and one after UIDVALIDITY has changed, goes
back `first_days`; a mail seen twice has the same key, so nothing is counted twice. A report that
a mail is delayed is left out: nothing has happened yet. docs/connectors/mail.md says more.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field, field_validator

from prospector.mail import HeaderError, Letter, build, classify, dmarc_passed, envelope
from prospector.mail.providers import id_given
from prospector.sdk import (
    YES,
    BaseModel,
    Broken,
    Capabilities,
    Context,
    Gone,
    Identity,
    Intent,
    Page,
    ProfileRef,
    Receipt,
    Refused,
    SecretReference,
    Seen,
)

from . import _mail_folders as folders
from ._mail_meaning import seen_in
from ._mail_submission import Route, check, submit

log = logging.getLogger(__name__)

_FILING_TIMEOUT = 20.0


class Settings(BaseModel):
    """`password` is a secret reference. `authserv` is the name that our own server writes into
    Authentication-Results; without it no mail counts as authenticated."""

    model_config = ConfigDict(extra="forbid")

    address: str
    name: str = ""
    user: str = ""
    password: SecretReference | None = None
    imap_host: str
    imap_port: int = Field(993, gt=0, lt=65536)
    imap_tls: Literal["implicit", "starttls", "none"] = "implicit"
    smtp_host: str
    smtp_port: int = Field(587, gt=0, lt=65536)
    smtp_tls: Literal["implicit", "starttls", "none"] = "starttls"
    ca: str | None = None
    sent_folder: str = ""
    save_to_sent: bool = True
    first_days: int = Field(30, ge=1, le=3650)
    authserv: str = ""
    timeout: float = Field(60, gt=0)
    final_timeout: float = Field(600, gt=0)

    @field_validator("address")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        return envelope(value)


class Mail:
    """One mailbox: its submission server and its IMAP server."""

    name: ClassVar[str] = "mail"
    Settings: ClassVar[type[BaseModel]] = Settings
    can: ClassVar[Capabilities] = Capabilities(interactions=YES, email=YES)
    platforms: ClassVar[frozenset[str]] = frozenset({"email"})

    async def whoami(self, context: Context) -> Identity:
        """Log in to both servers; who we are is what the settings say."""
        settings: Settings = context.settings
        await context.in_thread(_check_inbox, _imap(context))
        await context.in_thread(check, _smtp(context), settings.address)
        return _identity(settings.address, settings.name)

    async def resolve(self, context: Context, ref: ProfileRef) -> Identity:
        """An address stands for itself; whether anybody reads it only a mail can tell."""
        try:
            return _identity(envelope(ref.handle or ref.url.removeprefix("mailto:")))
        except HeaderError as error:
            raise Gone(str(error)) from error

    async def poll(self, context: Context, identity: Identity, cursor: str | None) -> Page:
        """Nobody publishes by e-mail: what they write to us is in the inbox."""
        return Page()

    async def inbox(self, context: Context, cursor: str | None) -> Page:
        settings: Settings = context.settings
        return await context.in_thread(
            _read_inbox, _imap(context), settings, folders.place(cursor), context.now
        )

    async def act(self, context: Context, intent: Intent) -> Receipt:
        """Send one mail. A copy that cannot be filed is logged, and the mail is sent all the same."""
        settings: Settings = context.settings
        if intent.action != "email":
            raise Refused(f"A mailbox cannot {intent.action}; it sends mail.")
        try:
            letter = letter_of(intent, settings, context.now)
            mail, recipient = build(letter), envelope(letter.to)
        except HeaderError as error:
            raise Refused(str(error)) from error
        mark = context.point_of_no_return_from_thread
        reply = await context.in_thread(submit, _smtp(context), settings.address, recipient, mail, mark)
        if settings.save_to_sent:
            try:
                filing = context.in_thread(_file, _imap(context), settings.sent_folder, mail, context.now)
                await asyncio.wait_for(filing, _FILING_TIMEOUT)
            except Exception as error:  # whatever it is, the mail was taken
                log.warning("The mail %s was sent, but no copy was filed: %s", intent.message_id, error)
        return Receipt(uri=id_given(settings.smtp_host, reply) or intent.message_id, reply=reply)

    async def find(self, context: Context, intent: Intent) -> Receipt | None:
        """Look for the mail in the folder of sent mail, by its Message-ID."""
        settings: Settings = context.settings
        where = await context.in_thread(_find, _imap(context), settings.sent_folder, intent.message_id)
        return Receipt(uri=intent.message_id, reply=f"found in {where}") if where else None

    async def read_back(self, context: Context, message_id: str) -> bytes | None:
        """A mail to ourselves, as it came back; None while it has not."""
        return await context.in_thread(_read_back, _imap(context), message_id)


# --- What goes out ------------------------------------------------------------------------------


def letter_of(intent: Intent, settings: Settings, now: datetime) -> Letter:
    """The mail that an intent asks for.

    `attributes`: `references` (the thread's Message-IDs, oldest first), `in_reply_to` (else the
    last of them is answered), `reply_to`, `list_unsubscribe` (the header's value; with an https
    address in it, one click is offered as RFC 8058 wants it), `automatic` for what no person
    approved.
    """
    given = intent.attributes
    earlier = [str(one) for one in given.get("references", ())]
    answered = str(given.get("in_reply_to") or intent.on or (earlier[-1] if earlier else ""))
    thread = tuple(dict.fromkeys([*earlier, *filter(None, [answered])]))
    return Letter(
        sender=settings.address,
        sender_name=settings.name,
        to=intent.to.remote_id or intent.to.handle,
        to_name=intent.to.name or "",
        subject=intent.subject,
        body=intent.body,
        message_id=intent.message_id,
        at=now,
        reply_to=str(given.get("reply_to", "")),
        in_reply_to=answered,
        references=thread,
        unsubscribe=_unsubscribe(str(given.get("list_unsubscribe", ""))),
        automatic=bool(given.get("automatic", False)),
    )


def _unsubscribe(value: str) -> dict[str, str]:
    one_click = {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if "<https://" in value else {}
    return {"List-Unsubscribe": value, **one_click} if value else {}


# --- What comes in ------------------------------------------------------------------------------


def _read_inbox(route: Route, settings: Settings, known: folders.Place | None, now: datetime) -> Page:
    """One batch. A mail is read, understood and let go before the next, so memory stays bounded."""
    with folders.mailbox(route) as box:
        validity, following = folders.examine(box, "INBOX")
        after = known.uid if known is not None and known.validity == validity else None
        uids = folders.waiting(box, after, folders.rescan_from(now, settings.first_days))
        seen = [found for uid in uids[: folders.BATCH] if (found := _read(box, uid, settings, now))]
        more = len(uids) > folders.BATCH
        last = uids[: folders.BATCH][-1] if uids else after or following - 1
        # A server that does not tell its next UID is looked at anew, rather than from its first mail on.
        return Page(tuple(seen), str(folders.Place(validity, last)) if last >= 0 else None, more)


def _read(box: Any, uid: int, settings: Settings, now: datetime) -> Seen | None:
    fetched = folders.fetch(box, uid)
    if fetched is None:
        return None
    domain = settings.address.rpartition("@")[2].lower()
    mail = classify(fetched.raw, fetched.received or now, lambda one: one.lower().endswith(f"@{domain}>"))
    dmarc = dmarc_passed(fetched.raw, settings.authserv)
    return seen_in(mail, fetched, settings.address.lower(), now, dmarc)


# --- The account --------------------------------------------------------------------------------


def _identity(address: str, name: str = "") -> Identity:
    bare = address.lower()
    return Identity("email", bare, bare, f"mailto:{bare}", name or None)


def _imap(context: Context) -> Route:
    s: Settings = context.settings
    return Route(s.imap_host, s.imap_port, s.imap_tls, s.user or s.address, _secret(context), s.ca, s.timeout)


def _smtp(context: Context) -> Route:
    """Without a password nothing is asked for: a relay in one's own network may want none."""
    s: Settings = context.settings
    user = (s.user or s.address) if s.password else ""
    return Route(
        s.smtp_host, s.smtp_port, s.smtp_tls, user, _secret(context), s.ca, s.timeout, s.final_timeout
    )


def _secret(context: Context) -> str:
    settings: Settings = context.settings
    return context.secret(settings.password) if settings.password else ""


def _check_inbox(route: Route) -> None:
    with folders.mailbox(route) as box:
        folders.examine(box, "INBOX")


def _file(route: Route, chosen: str, mail: bytes, at: datetime) -> None:
    with folders.mailbox(route) as box:
        folder = folders.sent_folder(box, chosen)
        if folder is not None and not folders.is_filed(box, folder, _own_id(mail)):
            folders.file_copy(box, folder, mail, at)


def _own_id(mail: bytes) -> str:
    head = mail.partition(b"\r\nMessage-ID: ")[2]
    return head.partition(b"\r\n")[0].decode("ascii", "replace")


def _read_back(route: Route, message_id: str) -> bytes | None:
    with folders.mailbox(route) as box:
        uid = folders.uid_of(box, "INBOX", message_id)
        found = folders.fetch(box, uid) if uid is not None else None
        return found.raw if found is not None else None


def _find(route: Route, chosen: str, message_id: str) -> str | None:
    with folders.mailbox(route) as box:
        folder = folders.sent_folder(box, chosen)
        if folder is None:  # not to be taken for "not there", which may prove that it was not sent
            raise Broken("The mailbox has no folder of sent mail; name it in sent_folder.")
        return folder if folders.is_filed(box, folder, message_id) else None
