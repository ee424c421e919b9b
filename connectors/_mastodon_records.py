"""What the Mastodon API's answers mean: its entities as structs, and from them what was seen. All pure.

Source: docs.joinmastodon.org/entities. GoToSocial, Pleroma and others leave fields out, so only what
every server gives is required. `content` is HTML from anywhere on the fediverse: it becomes text.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
import nh3

from prospector.sdk import Identity, Seen

_AWARE = Annotated[datetime, msgspec.Meta(tz=True)]
_NAME = Annotated[str, msgspec.Meta(min_length=1)]
_ACCT = re.compile(r"[\w.-]{1,128}(@[\w.-]{1,253}(:\d{1,5})?)?")
_BREAK = re.compile(r"<br\s{0,9}/?>", re.IGNORECASE)
_PARAGRAPH = re.compile(r"</(?:p|div|li|blockquote|h[1-6]|pre)\s{0,9}>", re.IGNORECASE)
_CONTROL = {code: None for code in range(32) if chr(code) not in "\n\t"} | {127: None}
_MOST_HTML = 100_000
_MOST_TEXT = 10_000
_FAR_MENTION = re.compile(r"(@[\w.-]{1,128})@[\w.-]{1,253}(?::\d{1,5})?")
_MENTIONED = re.compile(r"(?<![\w/])@([\w.-]*\w(?:@[\w.:-]*\w)?)")
_LINK = re.compile(r"https?://[^\s<>\"]{1,2000}")


class Account(msgspec.Struct, frozen=True):
    id: _NAME
    username: str
    acct: str
    url: str | None = None
    display_name: str = ""
    moved: Any = None
    suspended: bool = False


class Mention(msgspec.Struct, frozen=True):
    id: str
    acct: str = ""


class Status(msgspec.Struct, frozen=True):
    id: _NAME
    created_at: _AWARE
    uri: _NAME
    account: Account
    visibility: str = "public"
    url: str | None = None
    content: str | None = None
    text: str | None = None
    spoiler_text: str = ""
    in_reply_to_id: str | None = None
    in_reply_to_account_id: str | None = None
    mentions: list[Mention] = []
    reblog: Status | None = None
    quote: Any = None
    favourited: bool = False


class Notification(msgspec.Struct, frozen=True):
    id: _NAME
    type: str
    created_at: _AWARE
    account: Account
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """Our own instance and who we are on it. `domain` is the one in handles; ids count only there."""

    domain: str
    me: str = ""

    def remote_id(self, account_id: str) -> str:
        return f"{self.domain}/{account_id}"

    def handle(self, account: Account) -> str:
        """`user@host` in lower case, also for accounts of this instance, whose acct has no host."""
        acct = account.acct if _ACCT.fullmatch(account.acct) else account.username
        return (acct if "@" in acct else f"{acct}@{self.domain}").lower()

    def profile_url(self, account: Account) -> str:
        user, _, host = self.handle(account).partition("@")
        return f"https://{host}/@{user}"


def identity(account: Account, home: Home) -> Identity:
    name = plain(account.display_name) or None
    handle = home.handle(account)
    return Identity("mastodon", home.remote_id(account.id), handle, home.profile_url(account), name)


def posted(status: Status, home: Home) -> Seen:
    """A status of a timeline as what was seen."""
    if status.reblog:
        return _act("repost", status.account, status.reblog, status.created_at, home)
    return _content(status, home)


def notified(note: Notification, home: Home) -> Seen | None:
    """A notification as what was seen; None for types that are no engagement."""
    if note.account.id == home.me:
        return None
    if note.type in ("follow", "follow_request"):
        return _follow(note, home)
    if note.status is None:
        return None
    if note.type in ("favourite", "reblog"):
        kind = "like" if note.type == "favourite" else "repost"
        return _act(kind, note.account, note.status.reblog or note.status, note.created_at, home)
    if note.type in ("mention", "quote") and note.status.account.id == note.account.id:
        return _content(note.status, home)
    return None


def decide(status: Status, me: str) -> str:
    """The kind of a status: private words to us, else answers us, names us, quotes us, or is a post."""
    answers = status.in_reply_to_account_id == me
    names = any(mention.id == me for mention in status.mentions)
    if status.visibility == "direct" and (answers or names):
        return "dm"
    if answers or names:
        return "reply" if answers else "mention"
    return "quote" if _at(status.quote, "quoted_status", "account", "id") == me else "post"


def plain_html(content: str) -> str:
    """The words of a status: paragraphs and line breaks kept, tags and hidden code out."""
    if len(content) > _MOST_HTML:
        content = content[:_MOST_HTML].rpartition("<")[0]
    marked = _PARAGRAPH.sub("\n\n", _BREAK.sub("\n", content))
    return plain(html.unescape(nh3.clean(marked, tags=set())).replace("\xa0", " ")).strip()


def plain(text: str) -> str:
    """Without control characters, which databases refuse and terminals obey."""
    return re.sub(r"\n{3,}", "\n\n", text.translate(_CONTROL))[:_MOST_TEXT]


def words(text: str) -> str:
    """A text as it can be compared: servers shorten far mentions and change white space."""
    return " ".join(_FAR_MENTION.sub(r"\1", text).split()).lower()


def counted(text: str, per_link: int) -> str:
    """The text as Mastodon counts it: each link as long as `per_link`, mentions without their host."""
    return _FAR_MENTION.sub(r"\1", _LINK.sub("x" * per_link, text))


def addressed(text: str, acct: str, domain: str) -> str:
    """The text with the mention without which nobody would be told of it.

    `acct` is how our instance calls them; without a host it means one of its own people.
    """
    named = {match.lower() for match in _MENTIONED.findall(text)}
    return text if named & {acct.lower(), f"{acct.lower()}@{domain}"} else f"@{acct} {text}"


def moved_to(account: Account, home: Home) -> str | None:
    """The profile that they moved to for good, as a URL."""
    if not isinstance(account.moved, dict):
        return None
    try:
        return home.profile_url(msgspec.convert(account.moved, Account))
    except msgspec.ValidationError:
        return None


def _act(kind: str, who: Account, subject: Status, at: datetime, home: Home) -> Seen:
    return Seen(
        kind=kind,
        actor=home.remote_id(who.id),
        object=subject.uri,
        at=at.astimezone(UTC),
        actor_url=home.profile_url(who),
        actor_name=plain(who.display_name),
        post=subject.uri,
        url=_web(subject),
    )


def _follow(note: Notification, home: Home) -> Seen:
    return Seen(
        kind="follow",
        actor=home.remote_id(note.account.id),
        object=home.remote_id(home.me),
        at=note.created_at.astimezone(UTC),
        actor_url=home.profile_url(note.account),
        actor_name=plain(note.account.display_name),
        url=home.profile_url(note.account),
        attributes={"requested": True} if note.type == "follow_request" else {},
    )


def _content(status: Status, home: Home) -> Seen:
    kind = decide(status, home.me)
    quoted = _at(status.quote, "quoted_status", "uri") if kind == "quote" else None
    warning = f"{plain(status.spoiler_text)}\n\n" if status.spoiler_text else ""
    return Seen(
        kind=kind,
        actor=home.remote_id(status.account.id),
        object=status.uri,
        at=status.created_at.astimezone(UTC),
        actor_url=home.profile_url(status.account),
        actor_name=plain(status.account.display_name),
        post=quoted if isinstance(quoted, str) else status.uri,
        url=_web(status),
        text=warning + plain_html(status.content or ""),
        attributes={
            "uri": status.uri,
            "id": status.id,
            "instance": home.domain,
            "acct": status.account.acct,
            "visibility": status.visibility,
        }
        | ({"in_reply_to": status.in_reply_to_id} if status.in_reply_to_id else {}),
    )


def _web(status: Status) -> str | None:
    """An address that a browser may open; what remote servers call `url` may be anything."""
    for url in (status.url, status.uri):
        if url and urlsplit(url).scheme in ("http", "https"):
            return url
    return None


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
