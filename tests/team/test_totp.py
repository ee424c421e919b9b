"""Codes of RFC 6238: those of now and its neighbours, each once; the picture is nothing but a drawing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.colleagues import user

from prospector.models import User
from prospector.store import Store
from prospector.team import totp

NOW = datetime(2026, 11, 22, 12, 0, 15, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code(at: datetime) -> str:
    return pyotp.TOTP(SECRET).at(at)


# RFC 6238, appendix B: SHA-1, the last six of the eight digits.
@pytest.mark.parametrize(
    ("seconds", "digits"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_vectors_of_the_standard(seconds: int, digits: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    at = datetime.fromtimestamp(seconds, UTC)
    assert totp.step_of(secret, digits, at, 0) == seconds // 30


@given(st.integers(-2, 2))
def test_a_clock_may_be_off_by_one_step(off: int) -> None:
    at = NOW + timedelta(seconds=30 * off)
    step = totp.step_of(SECRET, code(at), NOW, 0)
    assert step == (int(at.timestamp()) // 30 if abs(off) <= 1 else None)


def test_a_code_works_once_and_so_do_those_before_it() -> None:
    step = totp.step_of(SECRET, code(NOW), NOW, 0)
    assert step is not None
    assert totp.step_of(SECRET, code(NOW), NOW, step) is None
    assert totp.step_of(SECRET, code(NOW - timedelta(seconds=30)), NOW, step) is None
    assert totp.step_of(SECRET, code(NOW + timedelta(seconds=30)), NOW, step) == step + 1


@given(st.text(max_size=12))
def test_what_is_no_code_is_none(text: str) -> None:
    spaced = "".join(text.split())
    if not (len(spaced) == 6 and spaced.isascii() and spaced.isdecimal()):
        assert totp.step_of(SECRET, text, NOW, 0) is None


def test_people_may_type_a_space() -> None:
    digits = code(NOW)
    assert totp.step_of(SECRET, f" {digits[:3]} {digits[3:]} ", NOW, 0) is not None


def test_of_two_sign_ins_with_one_code_one_is_let_in(store: Store) -> None:
    someone = user(store)
    store.write(lambda session: totp.turn_on(session, someone.id, "sealed", 10))
    assert not store.write(lambda session: totp.use(session, someone.id, 10))
    assert store.write(lambda session: totp.use(session, someone.id, 11))
    assert not store.write(lambda session: totp.use(session, someone.id, 11))
    store.write(lambda session: totp.turn_off(session, someone.id))
    with store.reading() as session:
        row = session.get_one(User, someone.id)
        assert (row.totp, row.totp_step) == (None, 0)


def test_secrets_are_160_bits_and_never_the_same() -> None:
    made = {totp.new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(totp.is_secret(secret) for secret in made)
    assert not any(
        totp.is_secret(text) for text in ("", "A" * 31, "a" * 32, "1" * 32, "A" * 33, "A" * 32 + "\n")
    )


def test_the_picture_holds_no_style_and_no_script() -> None:
    hostile = 'a"><script>alert(1)</script>@evil.example'
    drawn = totp.picture(totp.uri(SECRET, hostile))
    root = ElementTree.fromstring(drawn)
    assert root.tag.endswith("svg")
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {"svg", "g", "path"}
    assert not any(
        name == "style" or name.startswith("on") for element in root.iter() for name in element.attrib
    )
    assert "viewBox" in root.attrib, "so that it can be shown in any size, whole"
    assert SECRET not in drawn
    assert totp.spaced("ABCDEFGHIJ") == "ABCD EFGH IJ"
