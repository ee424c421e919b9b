"""Passwords: which are good enough, and how they are kept (argon2id)."""

from __future__ import annotations

import re
import threading
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

LEAST, MOST = 12, 1_000
# Shorter ones are refused for their length; these are what people lengthen them to.
_COMMONEST = """
123456789012 1234567890123 12345678901234 123456789123 123123123123 111111111111 000000000000
112233445566 121212121212 123456123456 12345678910111 987654321098 1q2w3e4r5t6y 1qaz2wsx3edc
1qaz2wsx3edc4rfv q1w2e3r4t5y6 qwertyuiopas qwertyuiop123 qwertyuiop12 qwerty123456 qwerty12345678
qwertyqwerty qwerty1234567 asdfghjkl123 asdfghjklqwe zxcvbnm12345 abcdefghijkl abcdefg12345
abcd12345678 abc123abc123 aaaaaaaaaaaa password1234 password12345 password123456 password12345678
passwordpassword password1password passw0rd1234 p@ssw0rd1234 p@ssword1234 p@ssw0rd12345 password2024
password2025 password2026 password!234 mypassword123 mypassword12 adminadmin12 adminadmin123
administrator administrator1 admin1234567 admin12345678 letmeinletmein letmein12345 welcome12345
welcome123456 welcomewelcome iloveyou1234 iloveyou12345 iloveyouiloveyou changemechangeme
changeme1234 changeme12345 trustno1trustno1 sunshine1234 princess1234 football1234 baseball1234
superman1234 dragon123456 monkey123456 master123456 michael12345 correcthorsebatterystaple
prospector12 prospector123 prospector1234 prospectorprospector secretsecret secret123456
testtesttest test12345678 hunter2hunter2 starwars1234 computer1234 whatever1234
"""
COMMONEST = frozenset(_COMMONEST.split())

HASHER = PasswordHash([Argon2Hasher()])
"""argon2id with the library's defaults: RFC 9106's second choice, 64 MiB and three passes."""

# Each hash takes 64 MiB: a flood of sign-ins must not take the machine's memory.
_together = threading.BoundedSemaphore(4)


class PasswordError(Exception):
    """The password is not good enough; the message says why."""


def weakness(password: str, email: str, name: str) -> str | None:
    """Why a password is not good enough, as a sentence; None where it is (NIST SP 800-63B, 3.1.1.2)."""
    if len(password) < LEAST:
        return f"Use at least {LEAST} characters; a few words in a row are easy to remember."
    if len(password) > MOST:
        return f"Use at most {MOST:,} characters."
    plain = password.casefold().strip()
    if plain in COMMONEST or len(set(plain)) < 4:
        return "This is one of the first that others would try. Use a few words that do not belong together."
    own = {_letters(one) for one in (email, email.partition("@")[0], name)} - {""}
    if _letters(plain) in own:
        return "Your name or e-mail address is no password. Use a few words that do not belong together."
    return None


def require_good(password: str, email: str, name: str) -> None:
    """Raises `PasswordError`."""
    if (why := weakness(password, email, name)) is not None:
        raise PasswordError(why)


def hashed(password: str, hasher: PasswordHash = HASHER) -> str:
    """The password as it is kept: argon2id with a salt of its own."""
    with _together:
        return hasher.hash(password)


def verify(password: str, kept: str | None, hasher: PasswordHash = HASHER) -> bool:
    """Whether this is the password that was kept. Where none was, it takes as long and says no."""
    # What is longer than any password may be is cut, so that it costs no more.
    given = password[: MOST + 1]
    with _together:
        known = hasher.verify(given, kept if kept is not None else _nobodys(hasher))
    return known and kept is not None


@cache
def _nobodys(hasher: PasswordHash) -> str:
    """A hash that stands for the one of a user who does not exist."""
    return hasher.hash("nobody has this password")


def _letters(text: str) -> str:
    """Letters and digits, without the digits and signs at the end with which people pass a check."""
    return re.sub(r"[\W\d_]+$", "", re.sub(r"[\W_]+", "", text.casefold()))
