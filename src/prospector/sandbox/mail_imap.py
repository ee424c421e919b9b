"""The sandbox's IMAP server: as much of IMAP4rev1 (RFC 3501) as mail clients ask of a mailbox."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase

from prospector.sandbox import mail_imap_items as items
from prospector.sandbox.mail import Folder, Mailbox, MailWorld

_LITERAL = re.compile(rb"\{(\d{1,9})(\+?)\}\r?\n$")
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|\([^()]*(?:\([^()]*\)[^()]*)*\)|[^\s()"]+')
_LARGEST = 60_000_000


class Refusal(Exception):
    """A command that cannot be done; its text is the tagged answer."""


class Dropped(Exception):
    """A fault has struck: say no more."""


@dataclass(frozen=True)
class Command:
    """One command; its literals ({n}) are apart from its text, in order."""

    tag: str
    verb: str
    text: str
    literals: tuple[bytes, ...]

    @property
    def words(self) -> list[str]:
        """The arguments: atoms, strings without their quotes, lists with their parentheses."""
        return [
            re.sub(r"\\(.)", r"\1", found.group(1)) if found.group(1) is not None else found.group()
            for found in _WORD.finditer(self.text)
        ]


async def serve(
    world: MailWorld,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    tls: ssl.SSLContext | None,
) -> None:
    """Speak with one client until it leaves."""
    session = Session(world, reader, writer, tls)
    with contextlib.suppress(Dropped, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
        await session.run()
    writer.close()


class Session:
    """What one client has opened. Each `do_…` does a command and gives its tagged answer."""

    def __init__(
        self,
        world: MailWorld,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        tls: ssl.SSLContext | None,
    ) -> None:
        self.world, self.reader, self.writer, self.tls = world, reader, writer, tls
        self.box: Mailbox | None = None
        self.folder: Folder | None = None
        self.writable = False
        self.commands: dict[str, Callable[[Command], Awaitable[str]]] = {
            "CAPABILITY": self.do_capability,
            "NOOP": self.do_nothing,
            "CHECK": self.do_nothing,
            "STARTTLS": self.do_starttls,
            "LOGIN": self.do_login,
            "LOGOUT": self.do_logout,
            "LIST": self.do_list,
            "SELECT": self.do_select,
            "EXAMINE": self.do_select,
            "STATUS": self.do_status,
            "CLOSE": self.do_close,
            "APPEND": self.do_append,
            "SEARCH": self.do_search,
            "UID SEARCH": self.do_search,
            "FETCH": self.do_fetch,
            "UID FETCH": self.do_fetch,
            "STORE": self.do_store,
            "UID STORE": self.do_store,
            "EXPUNGE": self.do_expunge,
            "IDLE": self.do_idle,
        }

    async def run(self) -> None:
        await self.say(f"* OK [CAPABILITY {self.capabilities()}] sandbox ready")
        verb = ""
        while verb != "LOGOUT":
            command = await self.read_command()
            if command is None:
                return
            await self.obey(command)
            verb = command.verb

    async def obey(self, command: Command) -> None:
        fault = self.world.fault(command.verb.removeprefix("UID "))
        if fault is not None and not fault.after:
            if not fault.answer:
                raise Dropped
            await self.say(f"{command.tag} {fault.answer}")
            return
        try:
            done = await self.commands.get(command.verb, self.do_unknown)(command)
        except Refusal as refusal:
            done = str(refusal)
        except (ValueError, IndexError):
            done = "BAD the arguments make no sense"
        if fault is not None:
            raise Dropped
        if command.verb != "STARTTLS":
            await self.say(f"{command.tag} {done}")

    # --- The wire ---------------------------------------------------------------------------

    async def say(self, line: str) -> None:
        await self.send(line.encode() + b"\r\n")

    async def send(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    async def read_command(self) -> Command | None:
        """The next command with its literals; None when the client has left."""
        text = ""
        literals: list[bytes] = []
        while line := await self.reader.readline():
            literal = _LITERAL.search(line)
            text += line[: literal.start()].decode() if literal else line.decode("utf-8", "replace").strip()
            if literal is None:
                return _command(text, tuple(literals))
            size = int(literal.group(1))
            if size > _LARGEST:
                raise Dropped
            if not literal.group(2):
                await self.say("+ go ahead")
            literals.append(await self.reader.readexactly(size))
        return None

    def capabilities(self) -> str:
        return "IMAP4rev1 LITERAL+ SPECIAL-USE IDLE" + (" STARTTLS" if self.tls else "")

    # --- Any state --------------------------------------------------------------------------

    async def do_unknown(self, command: Command) -> str:
        raise Refusal(f"BAD {command.verb[:20]} is not known here")

    async def do_capability(self, command: Command) -> str:
        await self.say(f"* CAPABILITY {self.capabilities()}")
        return "OK done"

    async def do_nothing(self, command: Command) -> str:
        if self.folder is not None:
            await self.say(f"* {len(self.folder.mails)} EXISTS")
        return "OK done"

    async def do_starttls(self, command: Command) -> str:
        if self.tls is None:
            raise Refusal("BAD no certificate here")
        await self.say(f"{command.tag} OK begin")
        await self.writer.start_tls(self.tls)
        self.tls = None
        return ""

    async def do_login(self, command: Command) -> str:
        words = command.words
        given = [*words[:2], *(literal.decode() for literal in command.literals)]
        self.box = self.world.login(given[0], given[1])
        if self.box is None:
            raise Refusal("NO [AUTHENTICATIONFAILED] wrong user or password")
        return "OK welcome"

    async def do_logout(self, command: Command) -> str:
        await self.say("* BYE")
        return "OK goodbye"

    # --- A mailbox --------------------------------------------------------------------------

    def named(self, name: str) -> Folder:
        if self.box is None:
            raise Refusal("NO log in first")
        folder = self.box.folders.get("INBOX" if name.upper() == "INBOX" else name)
        if folder is None:
            raise Refusal("NO [TRYCREATE] no such folder")
        return folder

    async def do_list(self, command: Command) -> str:
        self.named("INBOX")
        words = [word for word in command.words if not word.startswith("(")]
        pattern = (words[0] + words[1]).replace("%", "*")
        for folder in self.box.folders.values() if self.box else ():
            if fnmatchcase(folder.name, pattern or "*"):
                await self.say(f'* LIST (\\HasNoChildren {folder.special}) "/" "{folder.name}"')
        return "OK done"

    async def do_select(self, command: Command) -> str:
        self.folder = folder = self.named(command.words[0])
        self.writable = command.verb == "SELECT"
        await self.say("* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft)")
        await self.say(f"* {len(folder.mails)} EXISTS")
        await self.say("* 0 RECENT")
        await self.say(f"* OK [UIDVALIDITY {folder.validity}] valid")
        await self.say(f"* OK [UIDNEXT {folder.next_uid}] next")
        return "OK [READ-WRITE] open" if self.writable else "OK [READ-ONLY] open"

    async def do_status(self, command: Command) -> str:
        folder = self.named(command.words[0])
        unseen = sum("\\Seen" not in mail.flags for mail in folder.mails)
        figures = {
            "MESSAGES": len(folder.mails),
            "RECENT": 0,
            "UIDNEXT": folder.next_uid,
            "UIDVALIDITY": folder.validity,
            "UNSEEN": unseen,
        }
        wanted = [name for name in command.words[1].strip("()").upper().split() if name in figures]
        await self.say(f'* STATUS "{folder.name}" ({" ".join(f"{name} {figures[name]}" for name in wanted)})')
        return "OK done"

    async def do_append(self, command: Command) -> str:
        words = command.words
        folder = self.named(words[0])
        flags = next((word.strip("()").split() for word in words[1:] if word.startswith("(")), [])
        dates = [word for word in words[1:] if not word.startswith("(")]
        at = parsedate_to_datetime(dates[0].strip()) if dates else self.world.clock()
        with self.world.lock:
            mail = folder.add(command.literals[-1], at, frozenset(flags))
        return f"OK [APPENDUID {folder.validity} {mail.uid}] filed"

    # --- An open folder ---------------------------------------------------------------------

    def opened(self, writing: bool = False) -> Folder:
        if self.folder is None:
            raise Refusal("NO open a folder first")
        if writing and not self.writable:
            raise Refusal("NO [READ-ONLY] the folder was opened for reading")
        return self.folder

    async def do_close(self, command: Command) -> str:
        self.folder = None
        return "OK closed"

    async def do_search(self, command: Command) -> str:
        words = [*command.words, *(literal.decode("utf-8", "replace") for literal in command.literals)]
        with self.world.lock:
            found = items.search(self.opened(), words)
        by_uid = command.verb.startswith("UID")
        await self.say(" ".join(["* SEARCH", *(str(mail.uid if by_uid else n) for n, mail in found)]))
        return "OK done"

    async def do_fetch(self, command: Command) -> str:
        numbers, _, wanted = command.text.strip().partition(" ")
        by_uid = command.verb.startswith("UID")
        with self.world.lock:
            mails = items.chosen(self.opened(), numbers, by_uid)
            answers = [items.fetched(number, mail, wanted, by_uid) for number, mail in mails]
            if self.writable and items.marks_seen(wanted):
                for _, mail in mails:
                    mail.flags.add("\\Seen")
        for answer in answers:
            await self.send(answer)
        return "OK done"

    async def do_store(self, command: Command) -> str:
        folder = self.opened(writing=True)
        numbers, what, flags = command.words[:3]
        changed = set(flags.strip("()").split())
        by_uid = command.verb.startswith("UID")
        for number, mail in items.chosen(folder, numbers, by_uid):
            if what.startswith("+"):
                mail.flags |= changed
            elif what.startswith("-"):
                mail.flags -= changed
            else:
                mail.flags = set(changed)
            if "SILENT" not in what.upper():
                await self.send(items.fetched(number, mail, "FLAGS", by_uid))
        return "OK done"

    async def do_expunge(self, command: Command) -> str:
        folder = self.opened(writing=True)
        for number in range(len(folder.mails), 0, -1):
            if "\\Deleted" in folder.mails[number - 1].flags:
                del folder.mails[number - 1]
                await self.say(f"* {number} EXPUNGE")
        return "OK done"

    async def do_idle(self, command: Command) -> str:
        """Tell of new mail until the client says DONE (RFC 2177)."""
        folder, loop, news = self.opened(), asyncio.get_running_loop(), asyncio.Event()

        def ring() -> None:
            loop.call_soon_threadsafe(news.set)

        await self.say("+ idling")
        folder.watchers.add(ring)
        ended = asyncio.ensure_future(self.reader.readline())
        try:
            while not ended.done():
                told = asyncio.ensure_future(news.wait())
                await asyncio.wait({ended, told}, return_when=asyncio.FIRST_COMPLETED)
                told.cancel()
                if news.is_set():
                    news.clear()
                    await self.say(f"* {len(folder.mails)} EXISTS")
        finally:
            folder.watchers.discard(ring)
            ended.cancel()
        return "OK done"


def _command(text: str, literals: tuple[bytes, ...]) -> Command:
    tag, _, rest = text.partition(" ")
    verb, _, arguments = rest.partition(" ")
    if verb.upper() == "UID":
        second, _, arguments = arguments.partition(" ")
        verb = f"UID {second}"
    return Command(tag, verb.upper(), arguments, literals)
