"""A small Mastodon instance in memory: accounts, statuses, favourites, follows, notifications.

    world = MastodonWorld("fedi.example")
    us, ada = world.account("us"), world.account("ada@far.example")
    status = world.post(ada, "Hello @us, how does pricing work?")

What is written by the API (`sandbox.mastodon`) is told to `on_interaction`, so that fictitious
people can answer. Everything is plain data and is driven from one event loop.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

_MENTION = re.compile(r"(?<![\w/])@([\w-]+(?:@[\w.:-]*\w)?)")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Interaction:
    """Something written over the API. `subject` is the id of the status or account that it is about."""

    kind: str
    actor: str
    id: str
    subject: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """`acct` has a host where the account lives on another server."""

    id: str
    acct: str
    name: str
    created_at: datetime
    locked: bool = False
    suspended: bool = False
    moved_to: str | None = None

    @property
    def username(self) -> str:
        return self.acct.partition("@")[0]


@dataclass(frozen=True, slots=True)
class Status:
    id: str
    account: str
    text: str
    at: datetime
    visibility: str = "public"
    reply_to: str | None = None
    quote: str | None = None
    reblog: str | None = None
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """One line in an account's notifications."""

    id: str
    to: str
    type: str
    by: str
    at: datetime
    status: str | None = None


@dataclass(slots=True)
class MastodonWorld:
    """The instance with what it knows of the fediverse. `now` is its clock; a test may own it."""

    domain: str = "fedi.example"
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    accounts: dict[str, Account] = field(default_factory=dict)
    statuses: dict[str, Status] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    favourites: set[tuple[str, str]] = field(default_factory=set)
    follows: set[tuple[str, str]] = field(default_factory=set)
    _listeners: list[Callable[[Interaction], None]] = field(default_factory=list)
    _order: int = 0

    def account(self, acct: str, name: str = "", locked: bool = False) -> str:
        """A new account, `ada` of here or `ada@far.example`; its id on this instance."""
        acct = acct.removesuffix(f"@{self.domain}")
        created = Account(self._id(self.now()), acct, name, self.now(), locked)
        self.accounts[created.id] = created
        return created.id

    def post(
        self,
        account: str,
        text: str,
        at: datetime | None = None,
        reply_to: str | None = None,
        quote: str | None = None,
        visibility: str = "public",
    ) -> str:
        """A status; a reply begins with the mention that clients put there. Its id."""
        parent = self.statuses.get(reply_to or "")
        about = self.accounts[parent.account] if parent and parent.account != account else None
        if about and about.id not in self._named(text):
            text = f"@{about.acct} {text}"
        return self.write(account, text, at, reply_to, quote, visibility)

    def write(
        self,
        account: str,
        text: str,
        at: datetime | None = None,
        reply_to: str | None = None,
        quote: str | None = None,
        visibility: str = "public",
    ) -> str:
        """A status just as it is; names with an @ that are accounts here become mentions. Its id."""
        at = at or self.now()
        named = self._named(text)
        status = Status(self._id(at), account, text, at, visibility, reply_to, quote, None, named)
        self.statuses[status.id] = status
        for told in named:
            self._notify(told, "mention", account, at, status.id)
        if quote:
            self._notify(self.statuses[quote].account, "quote", account, at, status.id)
        return status.id

    def like(self, account: str, status: str, at: datetime | None = None) -> bool:
        """False where it was liked before: then nobody is told again."""
        if (account, status) in self.favourites:
            return False
        self.favourites.add((account, status))
        self._notify(self.statuses[status].account, "favourite", account, at, status)
        return True

    def repost(self, account: str, status: str, at: datetime | None = None) -> str:
        at = at or self.now()
        boost = Status(self._id(at), account, "", at, reblog=status)
        self.statuses[boost.id] = boost
        self._notify(self.statuses[status].account, "reblog", account, at, status)
        return boost.id

    def follow(self, account: str, whom: str, at: datetime | None = None) -> bool:
        """A locked account gets a request instead. False where they followed before."""
        if (account, whom) in self.follows:
            return False
        self.follows.add((account, whom))
        self._notify(whom, "follow_request" if self.accounts[whom].locked else "follow", account, at)
        return True

    def delete(self, status: str) -> None:
        """With its boosts and with what anybody was told about it."""
        gone = {status} | {other.id for other in self.statuses.values() if other.reblog == status}
        self.statuses = {id: kept for id, kept in self.statuses.items() if id not in gone}
        self.notices = [notice for notice in self.notices if notice.status not in gone]

    def suspend(self, account: str) -> None:
        self.accounts[account] = replace(self.accounts[account], suspended=True)

    def move(self, account: str, to: str) -> None:
        """The account moved for good to another one."""
        self.accounts[account] = replace(self.accounts[account], moved_to=to)

    def on_interaction(self, callback: Callable[[Interaction], None]) -> None:
        """Call `callback` after each thing that is done over the API."""
        self._listeners.append(callback)

    def tell(self, kind: str, actor: str, id: str, subject: str, text: str = "") -> None:
        for listener in list(self._listeners):
            listener(Interaction(kind, actor, id, subject, text, self.now()))

    def find(self, acct: str) -> Account | None:
        wanted = acct.removeprefix("@").lower().removesuffix(f"@{self.domain}")
        return next((a for a in self.accounts.values() if a.acct.lower() == wanted), None)

    def host(self, account: Account) -> str:
        return account.acct.partition("@")[2] or self.domain

    def uri(self, status: Status) -> str:
        account = self.accounts[status.account]
        return f"https://{self.host(account)}/users/{account.username}/statuses/{status.id}"

    def url(self, account: Account) -> str:
        return f"https://{self.host(account)}/@{account.username}"

    def markup(self, status: Status) -> str:
        """The status as HTML, as servers write it: paragraphs, breaks, mentions as links."""
        shown = _MENTION.sub(self._link, html.escape(status.text, quote=False))
        paragraphs = [part.replace("\n", "<br>") for part in shown.split("\n\n")]
        return "".join(f"<p>{part}</p>" for part in paragraphs)

    def visible(self, status: Status, viewer: str | None) -> bool:
        """Direct ones only to those who take part."""
        return status.visibility != "direct" or viewer in (status.account, *status.mentions)

    def _named(self, text: str) -> tuple[str, ...]:
        found = [account.id for acct in _MENTION.findall(text) if (account := self.find(acct))]
        return tuple(dict.fromkeys(found))

    def _link(self, match: re.Match[str]) -> str:
        account = self.find(match[1])
        if account is None:
            return match[0]
        inner = f'<a href="{self.url(account)}" class="u-url mention">@<span>{account.username}</span></a>'
        return f'<span class="h-card">{inner}</span>'

    def _notify(self, to: str, type: str, by: str, at: datetime | None, status: str | None = None) -> None:
        if to != by:
            at = at or self.now()
            self.notices.append(Notice(self._id(at), to, type, by, at, status))

    def _id(self, at: datetime) -> str:
        """A ULID: 48 bits of time, the rest so that ids of one moment keep their order."""
        self._order += 1
        number = (int(at.timestamp() * 1000) << 80) | (self._order << 40)
        return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
