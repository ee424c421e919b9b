"""What Bluesky's answers mean: its views as structs, and from them what was seen. All pure.

The AppView makes the envelope (author, uri, cid, indexedAt): if that is malformed the page is
`Broken`. The `record` inside is written by the other side and may hold anything, so it is read
piece by piece and what makes no sense is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from prospector.sdk import Identity, Seen

POST = "app.bsky.feed.post"
_AWARE = Annotated[datetime, msgspec.Meta(tz=True)]
DID = Annotated[str, msgspec.Meta(pattern="^did:[a-z]+:.")]
_CONTROL = {code: None for code in range(32) if chr(code) not in "\n\t"} | {127: None}
_MOST_TEXT = 10_000
_KINDS = {"like": "like", "repost": "repost"}


class View(msgspec.Struct, frozen=True, rename="camel"):
    """What every view of the AppView shares with us: names as they write them, in camel case."""


class Profile(View, frozen=True):
    did: DID
    handle: str
    display_name: str | None = None
    viewer: dict[str, Any] = {}


class PostView(View, frozen=True):
    uri: str
    cid: str
    author: Profile
    indexed_at: _AWARE
    record: Any = None
    viewer: dict[str, Any] = {}


class Reason(View, frozen=True):
    type: str = msgspec.field(name="$type", default="")
    by: Profile | None = None
    uri: str | None = None
    indexed_at: _AWARE | None = None


class FeedItem(View, frozen=True):
    post: PostView
    reason: Reason | None = None
    reply: Any = None

    @property
    def repost(self) -> Reason | None:
        is_repost = self.reason is not None and self.reason.type.endswith("#reasonRepost")
        return self.reason if is_repost else None

    @property
    def time(self) -> datetime:
        """When it appeared in the feed, by the AppView's clock; `createdAt` is the writer's claim."""
        return (self.repost and self.repost.indexed_at) or self.post.indexed_at

    @property
    def name(self) -> str:
        """Its own name in the feed: a post and its repost are two."""
        return f"repost of {self.post.uri}" if self.repost else self.post.uri


class Feed(View, frozen=True):
    feed: list[FeedItem]
    cursor: str | None = None


class Notification(View, frozen=True):
    uri: str
    cid: str
    author: Profile
    reason: str
    indexed_at: _AWARE
    reason_subject: str | None = None
    record: Any = None


class Notifications(View, frozen=True):
    notifications: list[Notification]
    cursor: str | None = None


def identity(profile: Profile) -> Identity:
    url = profile_url(profile)
    return Identity("bluesky", profile.did, url.rsplit("/", 1)[1], url, plain(profile.display_name) or None)


def profile_url(profile: Profile) -> str:
    """By handle; a handle that no longer proves itself is shown as `handle.invalid`: then by DID."""
    named = profile.handle and profile.handle != "handle.invalid"
    return f"https://bsky.app/profile/{profile.handle.lower() if named else profile.did}"


def post_url(uri: str) -> str | None:
    repo, collection, key = _parts(uri)
    return f"https://bsky.app/profile/{repo}/post/{key}" if collection == POST and key else None


def owner(uri: object) -> str:
    """The DID in an `at://` URI; empty if it is none."""
    return _parts(uri)[0] if isinstance(uri, str) else ""


def items_of(feed: Feed, did: str) -> list[FeedItem]:
    """The feed's items that are this person's own: their posts, and their reposts."""
    return [item for item in feed.feed if _by(item) == did]


def _by(item: FeedItem) -> str:
    if item.repost:
        return item.repost.by.did if item.repost.by else ""
    return item.post.author.did if owner(item.post.uri) == item.post.author.did else ""


def posted(item: FeedItem, us: str) -> Seen | None:
    """A feed's item as what was seen. A repost of somebody else's post is nothing towards us."""
    if item.repost and item.repost.by:
        if owner(item.post.uri) != us:
            return None
        return _act("repost", item.repost.by, item.post.uri, item.time)
    post = item.post
    return _content(post.author, post.uri, post.cid, post.record, post.indexed_at, us)


def notified(note: Notification, us: str) -> Seen | None:
    """A notification as what was seen; None for reasons that are no engagement."""
    if note.author.did == us or owner(note.uri) != note.author.did:
        return None
    if note.reason == "follow":
        return _act("follow", note.author, us, note.indexed_at)
    if note.reason in _KINDS and note.reason_subject:
        return _act(_KINDS[note.reason], note.author, note.reason_subject, note.indexed_at)
    if note.reason in ("reply", "mention", "quote"):
        return _content(note.author, note.uri, note.cid, note.record, note.indexed_at, us)
    return None


def decide(record: Any, us: str) -> str:
    """The kind of a post: answers us, else names us, else quotes us, else just a post."""
    if owner(_at(record, "reply", "parent", "uri")) == us:
        return "reply"
    if us in _mentioned(record):
        return "mention"
    return "quote" if owner(_quoted(record)) == us else "post"


def root(record: Any) -> dict[str, str] | None:
    """The reference to the thread's first post, for who answers this one; None if it is the first."""
    uri, cid = _at(record, "reply", "root", "uri"), _at(record, "reply", "root", "cid")
    return {"uri": uri, "cid": cid} if owner(uri) and isinstance(cid, str) else None


def plain(text: object) -> str:
    """Without control characters, which databases refuse and terminals obey."""
    return text.translate(_CONTROL)[:_MOST_TEXT] if isinstance(text, str) else ""


def deleted_parents(feed: Feed, did: str) -> tuple[str, ...]:
    """Posts of this person that their later posts answer and that are no longer found."""
    ends = [_at(item.reply, end) for item in feed.feed for end in ("parent", "root")]
    gone = [_at(end, "uri") for end in ends if _at(end, "notFound") is True]
    return tuple(dict.fromkeys(uri for uri in gone if owner(uri) == did))


def _act(kind: str, who: Profile, subject: str, at: datetime) -> Seen:
    return Seen(
        kind=kind,
        actor=who.did,
        object=subject,
        at=at.astimezone(UTC),
        actor_url=profile_url(who),
        actor_name=plain(who.display_name),
        post=subject if subject.startswith("at://") else None,
        url=post_url(subject) or profile_url(who),
    )


def _content(who: Profile, uri: str, cid: str, record: Any, at: datetime, us: str) -> Seen:
    kind, first = decide(record, us), root(record)
    about = {"reply": _at(record, "reply", "parent", "uri"), "quote": _quoted(record)}.get(kind)
    return Seen(
        kind=kind,
        actor=who.did,
        object=uri,
        at=at.astimezone(UTC),
        actor_url=profile_url(who),
        actor_name=plain(who.display_name),
        post=about if isinstance(about, str) else uri,
        url=post_url(uri),
        text=plain(_at(record, "text")),
        attributes={"uri": uri, "cid": cid} | ({"root": first} if first else {}),
    )


def _mentioned(record: Any) -> set[str]:
    features = [
        feature
        for facet in _list(_at(record, "facets"))
        for feature in _list(_at(facet, "features"))
        if str(_at(feature, "$type")).endswith("#mention")
    ]
    return {did for feature in features if isinstance(did := _at(feature, "did"), str)}


def _quoted(record: Any) -> Any:
    """The URI in an embed: bare (`record`) or together with pictures (`recordWithMedia`)."""
    return _at(record, "embed", "record", "uri") or _at(record, "embed", "record", "record", "uri")


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _parts(uri: str) -> tuple[str, str, str]:
    repo, collection, key = [*uri.removeprefix("at://").split("/"), "", ""][:3]
    return (repo, collection, key) if uri.startswith("at://did:") else ("", "", "")
