"""An installation with a store on either database, a clock of its own and connectors made of plain lists."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from sqlalchemy import inspect
from sqlmodel import Session, SQLModel, select

from prospector import config
from prospector.installation import Installation, sync_accounts
from prospector.models import Engagement, Message, Profile, Prospect
from prospector.outreach import drafts, outbox, template
from prospector.outreach.template import Template
from prospector.prospects import people
from prospector.prospects.people import NewProspect
from prospector.rules import live
from prospector.runtime import Runtime
from prospector.sdk import (
    YES,
    BaseModel,
    Capabilities,
    Context,
    Identity,
    Intent,
    Page,
    ProfileRef,
    Receipt,
    Seen,
)
from prospector.store import Store
from prospector.workspace import Workspace

T = TypeVar("T")
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # a Tuesday
CONFIG = """
[sender]
name = "Ana Sommer"
email = "us@us.example"
[polling]
grace = "0s"
[outreach]
hold = "0s"
gap = "90s"
[accounts.bluesky]
every = "0s"
[accounts.mail]
every = "0s"
"""
RULES = """
[[stage]]
name = "cold"
[[stage]]
name = "engaged"
[[stage]]
name = "won"
terminal = true
closed = "won"
[[rule]]
name = "answered"
from = ["cold"]
to = "engaged"
when = [{ kind = ["reply"] }]
[[rule]]
name = "nudge"
from = ["cold", "engaged"]
cooldown = "5d"
when = [{ no = ["reply", "dm", "email_reply"], for = "5d", since = "ours" }]
then = { draft = "nudge", queue = "today" }
"""
NUDGE = Template("nudge", "nudge.txt", "Following up", "Hi {{ prospect.first_name }}, any news?")
Answer = Page | Receipt | Exception | None


class NoSettings(BaseModel):
    pass


class Fake:
    """A connector that answers what it was told to, in order, and notes what it was asked."""

    name: ClassVar[str] = "fake"
    Settings: ClassVar[type[BaseModel]] = NoSettings
    can: Capabilities
    platforms: frozenset[str]

    def __init__(self, name: str, platform: str, can: Capabilities) -> None:
        self.name, self.platforms, self.can = name, frozenset({platform}), can  # type: ignore[misc]
        self.pages: dict[str, list[Answer]] = {}
        self.inboxes: list[Answer] = []
        self.acts: list[Answer] = []
        self.finds: list[Answer] = []
        self.people: dict[str, Answer | Identity] = {}
        self.asked: list[str] = []
        self.done: list[Intent] = []
        self.marking = True

    async def whoami(self, context: Context) -> Identity:
        return Identity(min(self.platforms), "us", "us", "us")

    async def resolve(self, context: Context, ref: ProfileRef) -> Identity:
        self.asked.append(f"resolve {ref.handle}")
        known = self.people.get(ref.handle)
        if isinstance(known, Exception):
            raise known
        return known if isinstance(known, Identity) else self.identity(ref.handle)

    def identity(self, handle: str, remote_id: str | None = None) -> Identity:
        url = f"https://bsky.app/profile/{handle}"
        return Identity(min(self.platforms), remote_id or f"did:{handle}", handle, url, handle.title())

    async def poll(self, context: Context, identity: Identity, cursor: str | None) -> Page:
        self.asked.append(f"poll {identity.handle} {cursor}")
        return _next(self.pages.get(identity.handle, []), Page())

    async def inbox(self, context: Context, cursor: str | None) -> Page:
        self.asked.append(f"inbox {cursor}")
        return _next(self.inboxes, Page())

    async def act(self, context: Context, intent: Intent) -> Receipt:
        if self.marking:
            await context.point_of_no_return()
        receipt = _next(self.acts, Receipt(intent.message_id, "250 OK"))
        self.done.append(intent)
        return receipt

    async def find(self, context: Context, intent: Intent) -> Receipt | None:
        self.asked.append(f"find {intent.message_id}")
        return _next(self.finds, None)


def _next(answers: list[Any], otherwise: Any) -> Any:
    answer = answers.pop(0) if answers else otherwise
    if isinstance(answer, Exception):
        raise answer
    return answer


@dataclass
class Office:
    """Everything a test of the store side needs; `now` moves only by `later`."""

    installation: Installation
    bluesky: Fake
    mail: Fake
    now: datetime = START
    runtime: Runtime = field(init=False)

    def __post_init__(self) -> None:
        self.runtime = Runtime(self.installation, now=lambda: self.now)

    @property
    def store(self) -> Store:
        return self.installation.store

    def later(self, **delta: float) -> datetime:
        self.now += timedelta(**delta)
        return self.now

    def write(self, work: Callable[[Session], T]) -> T:
        return self.store.write(work)

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run async work to its end, on the loop of its own that each call gets."""

        async def whole() -> T:
            self.runtime.turns.clear()
            return await work()

        return asyncio.run(whole())

    def rows(self, table: type[SQLModel], **wanted: Any) -> list[Any]:
        with self.store.reading() as session:
            keys = inspect(table).primary_key
            statement = select(table).filter_by(**wanted).order_by(*keys)
            return list(session.exec(statement))

    def one(self, table: type[SQLModel], **wanted: Any) -> Any:
        (row,) = self.rows(table, **wanted)
        return row

    def happened(self) -> list[Engagement]:
        return [one for one in self.rows(Engagement) if one.kind != "field_set"]

    def person(self, name: str = "anna", **more: Any) -> int:
        """A prospect with a profile of which we know the stable id, and an address."""
        ref = ProfileRef("bluesky", f"https://bsky.app/profile/{name}", name)
        given: dict[str, Any] = {"email": f"{name}@{name}.example", "company": name.title(), **more}
        serving = {"bluesky": self.installation.account_ids["bluesky"]}

        def work(session: Session) -> int:
            new = NewProspect(f"{name.title()} Weber", [ref], **given)
            prospect = people.add(session, new, "cold", serving, self.now)
            profile = session.exec(select(Profile).where(Profile.prospect_id == prospect.id)).one()
            profile.remote_id = f"did:{name}"
            return prospect.id

        return self.write(work)

    def change(self, table: type[SQLModel], id_: int, **values: Any) -> None:
        def work(session: Session) -> None:
            row = session.get_one(table, id_)
            for name, value in values.items():
                setattr(row, name, value)

        self.write(work)

    def draft(self, prospect_id: int, occasion: str = "hand:1", chosen: Template = NUDGE) -> int:
        def work(session: Session) -> int:
            prospect = session.get_one(Prospect, prospect_id)
            desk = self.runtime.consequences.desk
            made = drafts.compose(session, desk, chosen, prospect, occasion=occasion, now=self.now)
            assert made is not None
            return made.id

        return self.write(work)

    def approved(self, prospect_id: int, occasion: str = "hand:1", chosen: Template = NUDGE) -> int:
        message_id = self.draft(prospect_id, occasion, chosen)

        def work(session: Session) -> None:
            message = session.get_one(Message, message_id)
            hold = self.installation.settings.file.outreach.hold
            outbox.approve(session, message, user_id=None, domain="us.example", hold=hold, now=self.now)

        self.write(work)
        return message_id

    def message(self, message_id: int) -> Message:
        return self.one(Message, id=message_id)

    def due(self) -> list[int]:
        with self.store.reading() as session:
            return outbox.due(session, self.now, self.runtime.limits)

    def follow(self, *entries: Any) -> list[str]:
        """Log what happened, and let everything follow from it."""
        from prospector import engagements

        def work(session: Session) -> list[str]:
            new = engagements.log(session, entries)
            return self.runtime.consequences.follow(session, new, [], (), self.now)

        return self.write(work)

    def seen(self, kind: str, prospect_id: int, at: datetime | None = None, **more: Any) -> Any:
        """An entry of something they did, with an object of its own unless one is given."""
        from prospector.engagements import Entry

        given: dict[str, Any] = {
            "actor": f"did:{prospect_id}",
            "object": f"at://{kind}/{self.now.timestamp()}",
        }
        channel = more.pop("channel", "bluesky")
        seen = Seen(kind=kind, at=at or self.now, **{**given, **more})
        return Entry(channel, seen, self.now, prospect_id)


def office(
    store: Store, folder: Path, extra: str = "", rules: str = RULES, can: Mapping[str, Any] | None = None
) -> Office:
    """An office with these rules live since an hour; `extra` is more of config.toml."""
    given = {"posts": YES, "interactions": YES, "like": YES, "reply": YES, "find_is_proof": True}
    bluesky = Fake("bluesky", "bluesky", Capabilities(**{**given, **(can or {})}))
    mail = Fake("mail", "email", Capabilities(interactions=YES, email=YES))
    connectors: Any = {"bluesky": bluesky, "mail": mail}
    settings = config.parse(CONFIG + extra, connectors)
    ids = sync_accounts(store, settings)
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "templates" / "nudge.txt").write_text(
        f"Subject: {NUDGE.subject}\n\n{NUDGE.body}\n", encoding="utf-8"
    )
    made = Office(Installation(Workspace(folder), settings, connectors, store, ids), bluesky, mail)
    made.write(lambda session: live.go_live(session, rules, "test", None, START - timedelta(hours=1)))
    return made


def sqlite_store(template_file: Path, folder: Path) -> Store:
    """A migrated SQLite store, for tests that need not run on both databases."""
    shutil.copyfile(template_file, folder / "office.db")
    return Store(f"sqlite:///{folder}/office.db")


def loaded(made: Office, name: str) -> Template:
    """A template of the office's folder, or one that ships."""
    return template.load(made.installation.template_path(), name)
