"""What must be read again but lie unreadable in the database: sealed with a key beside it, in a file.

Fernet (AES-128-CBC with HMAC-SHA-256): https://github.com/fernet/spec. The key is the workspace's file
`key`; a copy of the database alone opens nothing.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from sqlmodel import Session, col, func, select

from prospector.models import User

NAME = "key"


class SealingError(Exception):
    """A sealed value cannot be made or opened; the message says what to do."""


@dataclass(frozen=True)
class Seal:
    """Seals with the key in this file, which is made when the first value is sealed."""

    path: Path

    @classmethod
    def of(cls, folder: Path) -> Seal:
        """The seal of the workspace in this folder."""
        return cls(folder / NAME)

    def close(self, session: Session, text: str) -> str:
        """The text, sealed. Raises `SealingError` where the key is gone that sealed what is there."""
        if not self.path.exists():
            if sealed_values(session):
                raise SealingError(self._gone())
            make_key(self.path)
        return self._fernet().encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """What was sealed. Raises `SealingError` where the key is gone or is another."""
        try:
            return self._fernet().decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise SealingError(
                f"{self.path} is not the key with which this was sealed. Restore it from the last backup; "
                "or `prospector users totp-off EMAIL`, and let them set the code up again."
            ) from None

    def _fernet(self) -> Fernet:
        try:
            mode = self.path.stat().st_mode
            key = self.path.read_bytes().strip()
        except FileNotFoundError:
            raise SealingError(self._gone()) from None
        except OSError as error:
            raise SealingError(f"{self.path} cannot be read: {error.strerror}.") from None
        if stat.S_IMODE(mode) & 0o077:
            raise SealingError(f"Others on this machine may read {self.path}. `chmod 600 {self.path}` first.")
        try:
            return Fernet(key)
        except ValueError:
            raise SealingError(f"{self.path} is no key. Restore it from the last backup.") from None

    def _gone(self) -> str:
        return (
            f"{self.path} is missing, and with it the key to what is sealed in the database. Restore it "
            "from the last backup; or `prospector users totp-off EMAIL` for each user with a code."
        )


def sealed_values(session: Session) -> int:
    """How many sealed values the database holds."""
    return session.exec(select(func.count()).select_from(User).where(col(User.totp).is_not(None))).one()


def make_key(path: Path) -> None:
    """A new key in a file that nobody else may read; one that is there already stays."""
    half = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        file = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as opened:
            opened.write(Fernet.generate_key() + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
        # Another process may make one at the same moment: the first whole file wins.
        with suppress(FileExistsError):
            os.link(half, path)
        half.unlink()
    except OSError as error:
        raise SealingError(f"{path} cannot be made: {error.strerror}.") from None
