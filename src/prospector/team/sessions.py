"""What lets somebody in: sessions, known devices, bearer tokens, and links that work once.

Each is a random token of 32 bytes, which only its holder has: table `login` keeps the SHA-256 of it.
Times are aware UTC.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select, update

from prospector.config import Web
from prospector.models import Login, User
from prospector.store import insert_new

BYTES = 32
LASTS = {
    "session": timedelta(days=7),
    "device": timedelta(days=365),
    "api": timedelta(days=3650),
    "link": timedelta(minutes=10),
    "setup": timedelta(days=1),
}
"""How long each kind works, whatever its holder does."""
IDLE = timedelta(hours=12)
NOTED_EVERY = timedelta(minutes=1)
FIRST = "the first user"


@dataclass(frozen=True)
class Signed:
    """Whom a token lets in, by which kind, known by its hash; `stale`: its use is to be noted again."""

    user: User
    kind: str
    token_hash: str
    stale: bool


def hash_of(token: str) -> str:
    """The name under which a token is kept: hexadecimal SHA-256. A salt is of no use to 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def alive(login: Login, now: datetime) -> bool:
    """Whether it works now: not too old, and a session not idle for too long."""
    idle = login.kind == "session" and now - login.seen_at >= IDLE
    return now < login.expires_at and not idle


def begin(session: Session, kind: str, user_id: int | None, now: datetime, label: str = "") -> str:
    """A new token of this kind, which is told only now."""
    token = secrets.token_urlsafe(BYTES)
    session.add(
        Login(
            token_hash=hash_of(token),
            kind=kind,
            user_id=user_id,
            label=label,
            created_at=now,
            seen_at=now,
            expires_at=now + LASTS[kind],
        )
    )
    session.flush()
    return token


def signed(session: Session, token: str, kind: str, now: datetime) -> Signed | None:
    """Whom a token of this kind lets in now."""
    statement = select(Login, User).join(User).where(Login.token_hash == hash_of(token), Login.kind == kind)
    found = session.exec(statement).first()
    if found is None or not alive(found[0], now) or found[1].disabled_at is not None:
        return None
    login, user = found
    return Signed(user, kind, login.token_hash, now - login.seen_at >= NOTED_EVERY)


def note_use(session: Session, token_hash: str, now: datetime) -> None:
    """Write down that it was used; its holder is not idle."""
    known = col(Login.token_hash) == token_hash
    session.exec(update(Login).where(known, col(Login.seen_at) < now).values(seen_at=now))


def device_of(session: Session, token: str, email: str, now: datetime) -> str | None:
    """The hash of a device's token, where the user with this address signed in on it before."""
    found = signed(session, token, "device", now)
    return found.token_hash if found is not None and found.user.email == email else None


def sign_in(
    session: Session, user_id: int, now: datetime, given: str | None, device: str | None
) -> tuple[str, str]:
    """A new session, and the device that it is on: their tokens.

    Whatever session the browser came with ends: an id that somebody planted there lets nobody in.
    """
    if given is not None:
        end(session, given)
    if device is not None:
        end(session, device)
    sweep(session, now)
    return begin(session, "session", user_id, now), begin(session, "device", user_id, now)


def renew(session: Session, given: str, now: datetime) -> str | None:
    """Another token for the same session: what the old one could do has changed (ASVS 4.0, 3.2.1)."""
    found = signed(session, given, "session", now)
    if found is None:
        return None
    end(session, given)
    return begin(session, "session", found.user.id, now)


def end(session: Session, token: str) -> None:
    """Sign out: the token lets nobody in any more."""
    session.exec(delete(Login).where(col(Login.token_hash) == hash_of(token)))


def end_others(
    session: Session, user_id: int, keep: Collection[str] = (), kinds: Collection[str] = ()
) -> int:
    """End what lets this user in, but for these hashes; only these kinds, or all. How many ended."""
    chosen = delete(Login).where(col(Login.user_id) == user_id, col(Login.token_hash).not_in(list(keep)))
    if kinds:
        chosen = chosen.where(col(Login.kind).in_(list(kinds)))
    return session.exec(chosen).rowcount


def of_user(session: Session, user_id: int, kind: str, now: datetime) -> list[Login]:
    """What lets this user in and still works, the newest first."""
    statement = select(Login).where(Login.user_id == user_id, Login.kind == kind)
    found = session.exec(statement.order_by(col(Login.created_at).desc(), col(Login.token_hash)))
    return [login for login in found if alive(login, now)]


def revoke(session: Session, user_id: int, kind: str, name: str) -> bool:
    """End one of a user's own by the beginning of its hash (16 digits or more), or by its label."""
    mine = select(Login).where(Login.user_id == user_id, Login.kind == kind)
    ended = [one for one in session.exec(mine) if name and name in (one.label, one.token_hash[:16])]
    for login in ended:
        session.delete(login)
    return bool(ended)


def use_link(session: Session, token: str, now: datetime) -> User | None:
    """Whom a sign-in link lets in; it works once."""
    found = signed(session, token, "link", now)
    if found is None or not _taken(session, found.token_hash):
        return None
    return found.user


def sweep(session: Session, now: datetime) -> int:
    """Delete what works no more; how many rows that were."""
    idle = (col(Login.kind) == "session") & (col(Login.seen_at) <= now - IDLE)
    return session.exec(delete(Login).where((col(Login.expires_at) <= now) | idle)).rowcount


# --- the first user -----------------------------------------------------------------------------


def setup_token(session: Session, now: datetime) -> str | None:
    """A token with which the first user is made; None once there is a user."""
    return begin(session, "setup", None, now) if nobody(session) else None


def setup_open(session: Session, token: str, now: datetime) -> bool:
    """Whether the first user can be made with this token."""
    known = select(Login).where(Login.token_hash == hash_of(token), Login.kind == "setup")
    login = session.exec(known).first()
    return login is not None and alive(login, now) and nobody(session)


def use_setup(session: Session, token: str, now: datetime) -> bool:
    """Take the right to make the first user: of any number who try at once, one gets it."""
    if not setup_open(session, token, now):
        return False
    # Two web processes have told a token each; only one of them can put this row there.
    row = {"token_hash": FIRST, "kind": "setup", "label": "", "created_at": now, "seen_at": now}
    if not insert_new(session, Login, [{**row, "expires_at": now + LASTS["setup"]}], ("kind",)):
        return False
    session.exec(delete(Login).where(col(Login.kind) == "setup", col(Login.token_hash) != FIRST))
    return True


def nobody(session: Session) -> bool:
    """Whether there is no user yet."""
    return session.exec(select(User.id).limit(1)).first() is None


def _taken(session: Session, token_hash: str) -> bool:
    return bool(session.exec(delete(Login).where(col(Login.token_hash) == token_hash)).rowcount)


# --- addresses ----------------------------------------------------------------------------------


def home(page: Web, port: int | None = None) -> str:
    """Where people open the pages, without a slash at the end; `port` is the one that was found free."""
    if page.url:
        return page.url
    # These say where to listen; nobody can open them.
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
    host = everywhere.get(page.host, page.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port or page.port}"


def link(home: str, token: str) -> str:
    """The address of a sign-in link."""
    return f"{home}/login/link/{token}"


def setup_link(home: str, token: str) -> str:
    """The address at which the first user is made."""
    return f"{home}/setup?key={token}"
