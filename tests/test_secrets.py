"""Secrets are read by reference, and found nowhere else: not in errors, logs, reprs, doctor or files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import keyring.errors
import pytest

from prospector import config, secrets, telemetry, workspace
from prospector.config_errors import ConfigError
from prospector.installation import open_installation
from prospector.secrets import SecretError
from tests.shell import Shell

CANARY = "canary-7Qm2xV9p"
ACCOUNTS = """
[accounts.bluesky]
handle = "us.example"
password = "env:CANARY"
service = "http://127.0.0.1:1"
private = true
[accounts.mastodon]
instance = "http://127.0.0.1:1"
token = "file:{file}"
private = true
[accounts.mail]
address = "us@us.example"
user = "us@us.example"
password = "env:CANARY"
imap_host = "127.0.0.1"
imap_port = 1
imap_tls = "none"
smtp_host = "127.0.0.1"
smtp_port = 1
smtp_tls = "none"
private = true
"""


@pytest.fixture
def guarded(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A workspace whose three accounts have the canary as their secret, and whose servers are away."""
    monkeypatch.setenv("CANARY", CANARY)
    file = shell.folder.parent / "secret"
    file.write_text(CANARY + "\n", encoding="utf-8")
    shell.write("config.toml", 'log = "debug"\n' + ACCOUNTS.format(file=file))
    return shell


def test_each_kind_of_reference_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", CANARY)
    (tmp_path / "secret").write_text(CANARY + "\n", encoding="utf-8")
    monkeypatch.setattr("keyring.get_password", lambda service, name: f"{service}/{name}")
    assert secrets.read("env:CANARY") == CANARY
    assert secrets.read(f"file:{tmp_path / 'secret'}") == CANARY
    assert secrets.read("keyring:mail") == "prospector/mail"


def _no_keyring(service: str, name: str) -> str:
    raise keyring.errors.NoKeyringError


def _empty(service: str, name: str) -> None:
    return None


@pytest.mark.parametrize(
    ("reference", "ring", "said"),
    [
        ("env:NOT_THERE", _empty, "set the environment variable NOT_THERE"),
        ("file:/nonexistent", _empty, "the file cannot be read (No such file or directory)"),
        ("file:/", _empty, "the file cannot be read (Is a directory)"),
        ("keyring:mail", _empty, "keyring set prospector mail"),
        ("keyring:mail", _no_keyring, "there is no keyring on this machine"),
        ("vault:x", _empty, "no kind of secret"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(
    reference: str, ring: Callable[[str, str], str | None], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    monkeypatch.setattr("keyring.get_password", ring)
    with pytest.raises(SecretError) as raised:
        secrets.read(reference)
    assert said in str(raised.value)


def test_a_secret_in_place_of_a_reference_is_not_repeated() -> None:
    with pytest.raises(SecretError) as raised:
        secrets.read(CANARY)
    assert CANARY not in str(raised.value)


def test_no_command_shows_a_secret_while_every_server_is_away(guarded: Shell) -> None:
    calls = (
        ("doctor",),
        ("doctor", "--json"),
        ("accounts", "--json"),
        ("run", "--once", "--no-web", "--json"),
        ("poll", "--all", "--json"),
        ("add", "https://bsky.app/profile/ada.example", "--email", "ada@weber.example"),
        ("send",),
        ("profiles", "--json"),
    )
    answers = [guarded(*call) for call in calls]
    said = "".join(answer.out + answer.err for answer in answers)
    assert "account mail" in said
    assert CANARY not in said
    assert [path.name for path in _files(guarded.folder) if CANARY.encode() in path.read_bytes()] == []


def test_no_value_of_the_product_shows_a_secret_in_its_repr(guarded: Shell) -> None:
    opened = open_installation(guarded.folder)
    assert CANARY not in repr(opened)
    opened.close()


def test_every_key_of_a_shipped_connector_that_holds_a_secret_takes_only_references() -> None:
    connectors = workspace.load_connectors([workspace.shipped() / "connectors"])
    held = []
    for name, connector in connectors.items():
        for key in connector.Settings.model_fields:
            if any(part in key for part in ("password", "token", "secret", "key")):
                with pytest.raises(ConfigError) as raised:
                    config.parse(f'[accounts.{name}]\n{key} = "{CANARY}"', connectors)
                assert f"config.toml:2: accounts.{name}.{key}: write a reference" in str(raised.value)
                held.append(f"{name}.{key}")
    assert sorted(held) == ["bluesky.password", "mail.password", "mastodon.token"]


@pytest.mark.parametrize(
    "text",
    [
        f"401 for Authorization: Bearer {CANARY}",
        f"Authorization: Basic {CANARY}",
        f"postgresql://me:{CANARY}@db/x",
        f"password={CANARY}&x=1",
        f'{{"access_token": "{CANARY}"}}',
    ],
)
def test_the_log_keeps_credentials_out(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure("debug", terminal=False)
    telemetry.log.info("x", text=text)
    line: Mapping[str, str] = json.loads(capsys.readouterr().err)
    assert CANARY not in line["text"]
    assert line["event"] == "x"


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
