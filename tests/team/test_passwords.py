"""Good passwords pass whatever they are made of; the obvious ones do not; nobody's takes as long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pwdlib.hashers.argon2 import Argon2Hasher
from tests.colleagues import CHEAP

from prospector.team import passwords

OWN = ("ana.sommer@us.example", "Ana Sommer-Lindqvist")


@given(st.text(max_size=passwords.LEAST - 1))
def test_a_short_one_is_refused(text: str) -> None:
    assert "at least 12" in (passwords.weakness(text, *OWN) or "")


@pytest.mark.parametrize(
    "text",
    [
        *sorted(passwords.COMMONEST)[:5],
        "PassWord1234",
        "aaaaaaaaaaaaaaaa",
        "abababababababab",
        "ana.sommer@us.example",
        "ANA.SOMMER@us.example",
        "anasommerlindqvist",
        "Ana Sommer-Lindqvist 2026!",
        "x" * 1001,
    ],
)
def test_the_obvious_are_refused(text: str) -> None:
    assert passwords.weakness(text, *OWN) is not None
    with pytest.raises(passwords.PasswordError):
        passwords.require_good(text, *OWN)


@pytest.mark.parametrize(
    "text",
    ["nine green parrots knit", "Пароль из слов 7", "correct battery horse ana", "🦜🧶🎩🍐🦊🚲🧊🎲🪁🧭🪗🛶"],
)
def test_words_of_any_script_are_good(text: str) -> None:
    assert passwords.weakness(text, *OWN) is None


@given(st.text(min_size=1, max_size=80), st.text(max_size=80))
def test_a_password_opens_with_itself_alone(text: str, other: str) -> None:
    kept = passwords.hashed(text, CHEAP)
    assert text not in kept or len(text) < 4
    assert passwords.verify(text, kept, CHEAP)
    assert passwords.verify(other, kept, CHEAP) == (other == text)


def test_it_is_argon2id_with_a_salt_of_its_own() -> None:
    one, other = passwords.hashed("nine green parrots"), passwords.hashed("nine green parrots")
    assert one.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert one != other


def test_who_does_not_exist_costs_the_same_work_and_never_gets_in() -> None:
    class Counting(Argon2Hasher):
        checked: list[str] = []  # noqa: RUF012

        def verify(self, password: str | bytes, hash: str | bytes) -> bool:
            self.checked.append(str(hash).rpartition("$")[0].rpartition("$")[0])
            return super().verify(password, hash)

    hasher = passwords.PasswordHash([Counting(time_cost=1, memory_cost=8, parallelism=1)])
    kept = passwords.hashed("nine green parrots", hasher)
    assert not passwords.verify("nobody has this password", None, hasher)
    assert not passwords.verify("wrong", kept, hasher)
    assert len(Counting.checked) == 2
    assert Counting.checked[0] == Counting.checked[1] == "$argon2id$v=19$m=8,t=1,p=1"
