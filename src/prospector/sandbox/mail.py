"""A world of mailboxes in memory, with a submission server and an IMAP server over it.

`prospector demo` runs its people's mail in it, and the tests of the mail connector make it fail
at a chosen word of either protocol. Everything listens on loopback only.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType

from prospector.mail import read

Clock = Callable[[], datetime]


@dataclass
class StoredMail:
    """One mail in a folder."""

    uid: int
    raw: bytes
    at: datetime
    flags: set[str] = field(default_factory=set)


@dataclass
class Folder:
    """A folder of a mailbox. `special` is its use (RFC 6154); renumbering it makes every UID invalid."""

    name: str
    special: str = ""
    validity: int = 1
    next_uid: int = 1
    mails: list[StoredMail] = field(default_factory=list)
    watchers: set[Callable[[], None]] = field(default_factory=set)

    def add(self, raw: bytes, at: datetime, flags: frozenset[str] = frozenset()) -> StoredMail:
        mail = StoredMail(self.next_uid, raw, at, set(flags))
        self.next_uid += 1
        self.mails.append(mail)
        for watcher in list(self.watchers):
            watcher()
        return mail

    def renumber(self) -> None:
        """What a restored or moved mailbox does: another UIDVALIDITY and other UIDs for the same mails."""
        self.validity += 1
        for uid, mail in enumerate(self.mails, start=1):
            mail.uid = uid
        self.next_uid = len(self.mails) + 1


@dataclass
class Mailbox:
    """One address with its password and folders."""

    address: str
    password: str
    folders: dict[str, Folder] = field(
        default_factory=lambda: {"INBOX": Folder("INBOX"), "Sent": Folder("Sent", "\\Sent")}
    )

    @property
    def inbox(self) -> Folder:
        return self.folders["INBOX"]

    @property
    def sent(self) -> Folder:
        return self.folders["Sent"]


@dataclass
class Fault:
    """What goes wrong at a verb, so many times.

    Verbs of SMTP: CONNECT, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, BODY (after the 354), DOT (after the
    final dot); of IMAP: its commands. `answer` is said in the place of doing it, and empty it
    drops the connection. `after` does the work first and withholds only the server's answer.
    """

    verb: str
    answer: str = ""
    after: bool = False
    times: int = 1


@dataclass(frozen=True)
class Delivery:
    """A mail that was accepted for a recipient; `world` is there to answer through."""

    world: MailWorld
    sender: str
    recipient: str
    raw: bytes


class MailWorld:
    """Mailboxes by address, who answers for whom, and what was accepted how often. With `files_copies`
    the server puts what it takes into the sender's folder of sent mail itself, as Gmail does."""

    def __init__(self, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self.clock = clock
        self.mailboxes: dict[str, Mailbox] = {}
        self.accepted: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self.files_copies = False
        self.lock = threading.RLock()
        self._answering: dict[str, Callable[[Delivery], None]] = {}

    def open(self, address: str, password: str) -> Mailbox:
        """A new mailbox."""
        box = Mailbox(address.lower(), password)
        with self.lock:
            self.mailboxes[box.address] = box
        return box

    def on_message(self, recipient: str, answer: Callable[[Delivery], None]) -> None:
        """Call `answer` for each mail to this address; "*" stands for all who have no mailbox."""
        self._answering[recipient.lower()] = answer

    def fail(self, fault: Fault) -> None:
        """Let something go wrong the next time."""
        with self.lock:
            self.faults.append(fault)

    def fault(self, verb: str) -> Fault | None:
        """The fault that strikes at this verb now, if any; it counts as used."""
        with self.lock:
            struck = next((one for one in self.faults if one.verb == verb and one.times > 0), None)
            if struck is not None:
                struck.times -= 1
            return struck

    def accept(self, sender: str, recipients: list[str], raw: bytes) -> None:
        """Take a submitted mail: count it, put it into mailboxes, and let people answer."""
        ids = read.message_ids(read.raw_header(read.parse(raw), "Message-ID"))
        with self.lock:
            self.accepted[ids[0] if ids else ""] += 1
            box = self.mailboxes.get(sender.lower())
            if self.files_copies and box is not None:
                box.sent.add(raw, self.clock())
        for recipient in recipients:
            self.deliver(raw, recipient)
            address = recipient.lower()
            silent = None if address in self.mailboxes else self._answering.get("*")
            if answer := self._answering.get(address, silent):
                answer(Delivery(self, sender, address, raw))

    def deliver(self, raw: bytes, recipient: str) -> bool:
        """Put a mail into somebody's inbox; False if there is no such mailbox."""
        with self.lock:
            box = self.mailboxes.get(recipient.lower())
            if box is not None:
                box.inbox.add(raw, self.clock())
            return box is not None

    def login(self, user: str, password: str) -> Mailbox | None:
        """The mailbox whose password this is."""
        box = self.mailboxes.get(user.lower())
        return box if box is not None and box.password == password else None


class MailServers:
    """Both servers on loopback, in one thread with its own event loop, for as long as the `with` lasts."""

    def __init__(self, world: MailWorld, tls: ssl.SSLContext | None = None, implicit: bool = False) -> None:
        self.world, self.tls, self.implicit = world, tls, implicit
        self.smtp_port = self.imap_port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox-mail", daemon=True)
        self._servers: list[asyncio.Server] = []

    def __enter__(self) -> MailServers:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> None:
        from prospector.sandbox.mail_imap import serve
        from prospector.sandbox.mail_smtp import Submission

        around = self.tls if self.implicit else None
        offered = None if self.implicit else self.tls
        smtp = await self._loop.create_server(
            lambda: Submission(self.world, self._loop, offered), "127.0.0.1", 0, ssl=around
        )
        imap = await asyncio.start_server(
            lambda reader, writer: serve(self.world, reader, writer, offered), "127.0.0.1", 0, ssl=around
        )
        self._servers = [smtp, imap]
        self.smtp_port, self.imap_port = (server.sockets[0].getsockname()[1] for server in self._servers)

    async def _stop(self) -> None:
        for server in self._servers:
            server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # one round of the loop, in which closed transports let go of their sockets
