"""Sealed values open with the key of the workspace alone; what to do without it is said."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from tests.colleagues import user

from prospector.store import Store
from prospector.team import totp
from prospector.team.sealing import Seal, SealingError, make_key, sealed_values


@pytest.fixture
def seal(tmp_path: Path) -> Seal:
    return Seal.of(tmp_path)


def closed(store: Store, seal: Seal, text: str) -> str:
    return store.write(lambda session: seal.close(session, text))


def test_what_is_sealed_opens_again_and_cannot_be_read(store: Store, seal: Seal) -> None:
    sealed = closed(store, seal, "grüße 🦜")
    assert "grüße" not in sealed
    assert seal.open(sealed) == "grüße 🦜"
    assert closed(store, seal, "grüße 🦜") != sealed


def test_the_key_is_made_once_and_for_its_owner_alone(store: Store, seal: Seal) -> None:
    closed(store, seal, "one")
    first = seal.path.read_bytes()
    assert stat.S_IMODE(seal.path.stat().st_mode) == 0o600
    closed(store, seal, "two")
    make_key(seal.path)
    assert seal.path.read_bytes() == first
    assert [file.name for file in seal.path.parent.glob(".key*")] == []


def test_processes_that_begin_at_once_have_one_key(tmp_path: Path) -> None:
    seal = Seal.of(tmp_path)

    def make(_: int) -> bytes:
        make_key(seal.path)
        return seal.path.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(make, range(32)))) == 1
    Fernet(seal.path.read_bytes().strip())


def test_a_lost_key_is_not_replaced_while_something_is_sealed_with_it(store: Store, seal: Seal) -> None:
    someone = user(store)
    sealed = closed(store, seal, "secret")
    store.write(lambda session: totp.turn_on(session, someone.id, sealed, 1))
    seal.path.unlink()
    with store.reading() as session:
        assert sealed_values(session) == 1
    with pytest.raises(SealingError, match="totp-off"):
        closed(store, seal, "another")
    with pytest.raises(SealingError, match="is missing"):
        seal.open(sealed)
    assert not seal.path.exists()


@pytest.mark.parametrize("content", [b"", b"nonsense", base64.urlsafe_b64encode(bytes(range(32))) + b"\n"])
def test_another_key_says_so(store: Store, seal: Seal, content: bytes) -> None:
    sealed = closed(store, seal, "secret")
    seal.path.write_bytes(content)
    with pytest.raises(SealingError, match="backup"):
        seal.open(sealed)


def test_a_key_that_others_may_read_is_not_used(store: Store, seal: Seal) -> None:
    sealed = closed(store, seal, "secret")
    seal.path.chmod(0o644)
    with pytest.raises(SealingError, match="chmod 600"):
        seal.open(sealed)
