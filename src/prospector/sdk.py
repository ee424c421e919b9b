"""All that a connector may import: values, protocols and errors.

A connector is one file in `connectors/` with one class that follows `Connector`. It turns a
platform's answers into values and holds no state: the core owns cursors, times, pace and storage.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

from pydantic import AfterValidator, BaseModel

THEIR_CONTENT = frozenset({"post", "reply", "comment", "mention", "quote", "dm", "email_reply"})
THEIR_ACTS = frozenset({"like", "repost", "follow"})
THEIR_EVENTS = frozenset(
    {"auto_reply", "meeting_booked", "meeting_cancelled"}
    | {"document_viewed", "document_signed", "document_declined"}
    | {"email_open", "link_click", "bounce", "complaint", "unsubscribe"}
)
OUR_KINDS = frozenset(["email", "dm", "reply", "comment", "like", "follow", "invite", "call", "note"])
BY_HAND_KINDS = frozenset({"stage_set", "field_set"})
KINDS = THEIR_CONTENT | THEIR_ACTS | THEIR_EVENTS | OUR_KINDS | BY_HAND_KINDS

By = Literal["them", "us"]
Action = Literal["email", "reply", "dm", "like", "follow", "invite", "call"]


# --- Values -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProfileRef:
    """Where a person is, as their URL says it; `prospects.urls.canonical` makes it."""

    platform: str
    url: str
    handle: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a profile is on its platform. `remote_id` stays when the handle changes."""

    platform: str
    remote_id: str
    handle: str
    url: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that happened, as a connector saw it.

    `object` is the URI of what was made (a post, a mail's Message-ID) or, for acts on something
    (like, repost, follow), of what it was done to. `post` is the post it belongs to, so that
    three likes on one post can be told from likes on three. `at` is None where the platform gives
    no time. `text` is plain text, never markup. `attributes` are kept and searchable by templates
    (Bluesky: `cid`, `root`); `raw` is kept for later and never read by the core.
    """

    kind: str
    actor: str
    object: str
    at: datetime | None
    actor_url: str = ""
    actor_name: str = ""
    by: By = "them"
    at_estimated: bool = False
    post: str | None = None
    url: str | None = None
    text: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)


def engagement_key(platform: str, seen: Seen) -> str:
    """The id of what happened (32 hex digits), the same from whatever page or poll it comes."""
    parts = [platform, seen.actor, seen.object]
    if seen.kind not in THEIR_CONTENT:
        parts.insert(2, seen.kind)
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to a poll: what was seen, and where to go on.

    `cursor` is stored in the same transaction as `seen`; None keeps the one before. `more` asks
    to be called again at once. `covered_until` is the time up to which everything has been seen
    (None: the core takes the start of the poll once `more` is False). `retracted` holds the
    objects (URIs) of things that were deleted. `moved` is the profile's new URL or handle where
    the platform says that it moved for good. `wait` is the least number of seconds until the next
    look that the source asks for (ttl, Cache-Control, x-poll-interval).
    """

    seen: tuple[Seen, ...] = ()
    cursor: str | None = None
    more: bool = False
    covered_until: datetime | None = None
    retracted: tuple[str, ...] = ()
    moved: str | None = None
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Intent:
    """One approved act. `message_id` is made at approval and never changes, so that a second
    try with it can be recognised: by the platform, or by `Connector.find`.

    `on` is the URI of the post that is liked or answered, `attributes` are those of the
    engagement that it answers (Bluesky's `cid`, a mail's `references`), `approved_at` the
    stable time to write where the platform wants one.
    """

    message_id: str
    action: Action
    to: Identity
    approved_at: datetime
    body: str = ""
    subject: str = ""
    on: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that an act was accepted: the URI of what was made and the server's own words."""

    uri: str
    reply: str = ""
    url: str | None = None


Level = Literal["yes", "limited", "by_hand", "no"]
Risk = Literal["none", "low", "high"]


@dataclass(frozen=True, slots=True)
class Can:
    """Whether software may do a thing on a platform; `risk` is the risk to our account."""

    level: Level
    why: str = ""
    risk: Risk = "none"

    @property
    def itself(self) -> bool:
        """Whether the connector can do it without a person's hand."""
        return self.level in ("yes", "limited")


YES, NO = Can("yes"), Can("no")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a connector can do; what is not named it cannot.

    `longest` is the longest text that the platform takes, in characters. `find_is_proof` says that
    what `Connector.find` does not find was surely not done.
    """

    posts: Can = NO
    interactions: Can = NO
    like: Can = NO
    reply: Can = NO
    dm: Can = NO
    follow: Can = NO
    email: Can = NO
    longest: int | None = None
    find_is_proof: bool = False

    def act(self, action: str) -> Can:
        return getattr(self, action, NO) if action in ("like", "reply", "dm", "follow", "email") else NO


SECRET_SCHEMES = ("env:", "file:", "keyring:")


def _is_reference(text: str) -> str:
    if not text.startswith(SECRET_SCHEMES):
        raise ValueError("write a reference, not the secret itself: env:NAME, file:/path or keyring:name")
    return text


SecretReference = Annotated[str, AfterValidator(_is_reference)]
"""For a connector's Settings: a secret stands in config.toml as a reference, so that the file can
be shared; `Context.secret` reads it."""


# --- Errors: each says what the core shall do, and nothing else ---------------------------------


class ConnectorError(Exception):
    """Something went wrong at a platform; the message says what, for a person."""


class Later(ConnectorError):
    """Ask again in so many seconds: the platform is busy, or we have asked too often."""

    def __init__(self, message: str, seconds: float = 60.0) -> None:
        super().__init__(message)
        self.seconds = seconds


class Gone(ConnectorError):
    """The profile or object is no longer there, and will not come back."""


class Unauthorised(ConnectorError):
    """The account was refused: it pauses until a person renews its access."""


class Broken(ConnectorError):
    """The answer makes no sense. Back off, count it and show it."""


class NotSent(ConnectorError):
    """Surely not accepted, and worth another try."""


class Refused(ConnectorError):
    """Permanently refused: trying again would give the same answer."""


# --- Protocols ----------------------------------------------------------------------------------

T = TypeVar("T")


class Response(Protocol):
    """An answer whose body is already read, within the caps."""

    @property
    def status(self) -> int: ...
    @property
    def url(self) -> str:
        """The address that answered, after redirects."""

    @property
    def moved(self) -> str | None:
        """The address to use from now on, where every redirect was permanent."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By name, without regard to case."""

    @property
    def content(self) -> bytes: ...
    @property
    def text(self) -> str: ...
    def json(self, type: type[T] = ...) -> T:
        """Decode and validate in one go (msgspec); raises `Broken`."""


class HttpClient(Protocol):
    """The only way out for connectors that speak HTTP: paced, guarded, capped, retried."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        content: bytes | None = None,
        bearer: str | None = None,
        accept: frozenset[int] = frozenset(),
    ) -> Response:
        """Send it and read the answer.

        A status from 400 on is raised as the error that it stands for, but for those in
        `accept`. Raises `Later`, `Gone`, `Unauthorised`, `Broken`, `Refused`, `NotSent`.
        """


class Context(Protocol):
    """What a connector gets: its account, the way out, the time."""

    @property
    def account(self) -> str:
        """The account's name in config.toml."""

    @property
    def settings(self) -> Any:
        """The account's table in config.toml, as an instance of `Connector.Settings`."""

    @property
    def now(self) -> datetime: ...
    @property
    def http(self) -> HttpClient: ...
    @property
    def memory(self) -> MutableMapping[str, Any]:
        """Kept for the account while the process lives: session tokens, what was resolved."""

    def secret(self, reference: str) -> str:
        """The value behind `env:NAME`, `file:/path` or `keyring:name`; never log it."""

    async def in_thread(self, function: Callable[..., T], *args: Any) -> T:
        """Run a blocking call (smtplib, imaplib) in the mail threads."""

    async def point_of_no_return(self) -> None:
        """Commit the second mark. Await it right before the bytes after which nobody can know
        whether the act was accepted, also where the platform would recognise a repeat.
        Raises `NotSent` when the act was taken back meanwhile: then say no more."""

    def point_of_no_return_from_thread(self) -> None:
        """The same, for code that runs by `in_thread`."""


@runtime_checkable
class Connector(Protocol):
    """One platform. Methods are called with no transaction open and may take their time."""

    name: ClassVar[str]
    Settings: ClassVar[type[BaseModel]]
    can: ClassVar[Capabilities]
    platforms: ClassVar[frozenset[str]]

    async def whoami(self, context: Context) -> Identity:
        """Our own identity on this account; proves that the credentials work."""
        ...

    async def resolve(self, context: Context, ref: ProfileRef) -> Identity:
        """Find the stable id behind a profile's URL. Raises `Gone` where there is nobody."""
        ...

    async def poll(self, context: Context, identity: Identity, cursor: str | None) -> Page:
        """What this person published since `cursor`."""
        ...

    async def inbox(self, context: Context, cursor: str | None) -> Page:
        """What people did towards our own account since `cursor`."""
        ...

    async def act(self, context: Context, intent: Intent) -> Receipt:
        """Do one approved act, at most once for one `message_id`."""
        ...

    async def find(self, context: Context, intent: Intent) -> Receipt | None:
        """Whether an act of which nobody knows was done: its receipt, or None if not found."""
        ...


__all__ = [
    "BY_HAND_KINDS",
    "KINDS",
    "NO",
    "OUR_KINDS",
    "SECRET_SCHEMES",
    "THEIR_ACTS",
    "THEIR_CONTENT",
    "THEIR_EVENTS",
    "YES",
    "Action",
    "BaseModel",
    "Broken",
    "By",
    "Can",
    "Capabilities",
    "Connector",
    "ConnectorError",
    "Context",
    "Gone",
    "HttpClient",
    "Identity",
    "Intent",
    "Later",
    "NotSent",
    "Page",
    "ProfileRef",
    "Receipt",
    "Refused",
    "Response",
    "SecretReference",
    "Seen",
    "Unauthorised",
    "engagement_key",
]
