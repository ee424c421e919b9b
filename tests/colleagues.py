"""Users of a workspace as tests need them, with passwords that are checked fast."""

from __future__ import annotations

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from prospector.installation import utc_now
from prospector.models import User
from prospector.store import Store
from prospector.team import passwords, sessions, users

PASSWORD = "nine green parrots knit"
CHEAP = PasswordHash([Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)])
"""argon2id as everywhere, but fast: given to the application where a test signs in."""


def user(store: Store, role: str = "admin", email: str = "", password: str | None = PASSWORD) -> User:
    """A user of this role who can sign in with `PASSWORD`."""
    new = users.checked(email or f"{role}@us.example", f"{role.title()} Sommer", role)
    kept = passwords.hashed(password, CHEAP) if password is not None else None
    return store.write(lambda session: users.add(session, new, utc_now(), kept))


def token(store: Store, user_id: int, kind: str = "session") -> str:
    """A token that lets this user in."""
    return store.write(lambda session: sessions.begin(session, kind, user_id, utc_now(), "test"))
