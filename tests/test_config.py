"""config.toml: every problem at once, each with its line and what to write instead."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector import config, workspace
from prospector.config import Settings
from prospector.config_errors import ConfigError
from prospector.sdk import Connector

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def connectors() -> dict[str, Connector]:
    return workspace.load_connectors([ROOT / "connectors"])


def problems(text: str, connectors: dict[str, Connector]) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        config.parse(text, connectors)
    return raised.value.problems


def parsed(text: str, connectors: dict[str, Connector]) -> Settings:
    return config.parse(text, connectors)


def test_an_empty_file_has_the_defaults(connectors: dict[str, Connector]) -> None:
    file = parsed("", connectors).file
    assert (file.database, file.web.port, file.polling.every) == ("sqlite", 8787, timedelta(hours=4))


def test_the_example_is_valid_as_it_stands(connectors: dict[str, Connector]) -> None:
    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    assert list(parsed(text, connectors).accounts) == ["feed"]


def test_the_example_is_valid_with_all_its_accounts(connectors: dict[str, Connector]) -> None:
    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    begin, _, accounts = text.partition("# [accounts.bluesky]")
    whole = begin + "\n".join(
        line.removeprefix("# ") for line in ("# [accounts.bluesky]" + accounts).splitlines()
    )
    assert list(parsed(whole, connectors).accounts) == ["feed", "bluesky", "mastodon", "mail"]


def test_an_account_is_split_into_our_keys_and_the_connectors(connectors: dict[str, Connector]) -> None:
    text = '[accounts.work]\nconnector = "mastodon"\ninstance = "m.example"\ntoken = "env:T"\nevery = "2s"'
    account = parsed(text, connectors).accounts["work"]
    assert account.table.every == timedelta(seconds=2)
    assert (account.settings.instance, account.connector.name) == ("https://m.example", "mastodon")


def test_everything_that_is_wrong_is_said_at_once_in_its_place(connectors: dict[str, Connector]) -> None:
    text = """
contact = 5
[web]
port = 99999
hots = "x"
[polling]
every = "soon"
[outreach.window]
days = [1, 8]
[accounts.bluesky]
handle = "a.example"
pasword = "env:X"
every = 3
[accounts.mastdon]
instance = "m.example"
"""
    found = problems(text, connectors)
    assert 'config.toml:2: contact: write text, in quotes: "…"' in found
    assert "config.toml:4: web.port: Input should be less than or equal to 65535" in found
    assert 'config.toml:5: web.hots: unknown key; did you mean "host"?' in found
    assert any(line.startswith("config.toml:7: polling.every: write a number and a unit") for line in found)
    assert "config.toml:9: outreach.window.days: days are 1 (Monday) to 7 (Sunday)" in found
    assert 'config.toml:12: accounts.bluesky.pasword: unknown key; did you mean "password"?' in found
    assert "config.toml:10: accounts.bluesky.password: this key is needed" in found
    assert any(line.startswith("config.toml:13: accounts.bluesky.every: write a number") for line in found)
    assert found[-1].startswith("config.toml:14: accounts.mastdon.connector: there is no connector")
    assert found[-1].endswith('; did you mean "mastodon"?')
    assert len(found) == 9


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("web = 3", "config.toml:1: web: this is a table: [web]"),
        ("accounts = 3", "config.toml:1: accounts: this is a table: [accounts]"),
        ("[accounts]\nfeed = 3", "config.toml:2: accounts.feed: this is a table: [accounts.feed]"),
        ("[accounts.feed]\nconnector = 3", "config.toml:2: accounts.feed.connector: write text"),
        ("[accounts.feed]\nconcurrency = 0", "config.toml:2: accounts.feed.concurrency: Input should be"),
        ("[accounts.feed]\nprivate = 7", "config.toml:2: accounts.feed.private: write true or false"),
        ("[acounts.feed]", 'config.toml:1: acounts: unknown key; did you mean "accounts"?'),
        ("x = 1\nx = 2", "config.toml:2: this is no TOML: cannot overwrite a value"),
        ("[web\nport = 1", "config.toml:1: this is no TOML: expected ']'"),
        ('database = "mysql://x/y"', 'config.toml:1: database: write "sqlite", a URL'),
        ('database = "postgresql://me:s3cret@db/x"', "config.toml:1: database: a password does not belong"),
        ('[queue]\ntimezone = "Berlin"', 'config.toml:2: queue.timezone: use a name such as "Europe/Berlin"'),
        ('[queue]\ncurrency = "euro"', "config.toml:2: queue.currency: write three capital letters"),
        ('[queue]\nminutes = "many"', "config.toml:2: queue.minutes: write a whole number, without quotes"),
        ('[outreach.window]\nstart = "25:00"', "config.toml:2: outreach.window.start: write a time of day"),
        ('[polling]\nleast = "2d"', "config.toml:1: polling: least must not be more than most"),
        ('[polling]\nevery = "999999w"', "config.toml:2: polling.every: ten years is the most"),
        ('[polling.by_stage]\nengaged = "-1h"', "config.toml:2: polling.by_stage.engaged: write a number"),
        ('[sender]\nname = ["A"]', 'config.toml:2: sender.name: write text, in quotes: "…"'),
        ('[outreach.window]\ndays = "all"', "config.toml:2: outreach.window.days: write a list"),
    ],
)
def test_each_mistake_has_its_sentence(text: str, said: str, connectors: dict[str, Connector]) -> None:
    found = problems(text, connectors)
    assert len(found) == 1
    assert found[0].startswith(said)


def test_a_secret_in_place_of_a_reference_is_refused_and_not_repeated(
    connectors: dict[str, Connector],
) -> None:
    text = '[accounts.bluesky]\nhandle = "a.example"\npassword = "hunter2-hunter2"'
    (problem,) = problems(text, connectors)
    assert problem.startswith("config.toml:3: accounts.bluesky.password: write a reference")
    assert "hunter2" not in problem


def test_a_file_that_is_not_utf_8_is_named_with_the_line(
    tmp_path: Path, connectors: dict[str, Connector]
) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b'contact = "x"\n[sender]\nname = "Jos\xe9"\n')
    with pytest.raises(ConfigError, match=r"config\.toml:3: this is no UTF-8; save the file as UTF-8"):
        config.load(path, connectors)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path, connectors: dict[str, Connector]) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b'\xef\xbb\xbfcontact = "mailto:me@x.example"\n')
    assert config.load(path, connectors).file.contact == "mailto:me@x.example"


@given(st.integers(0, 500), st.sampled_from(sorted(config.UNITS)))
def test_a_duration_is_a_number_and_a_unit(number: int, unit: str) -> None:
    assert config.duration(f"{number}{unit}") == timedelta(seconds=number * config.UNITS[unit])


@given(st.text(max_size=12).filter(lambda text: not text[:1].isdigit()))
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="a number and a unit"):
        config.duration(text)


@given(st.text(max_size=200))
def test_any_text_is_settings_or_problems_with_the_files_name(text: str) -> None:
    said = ["config.toml:"]
    try:
        config.parse(text, {})
    except ConfigError as error:
        said = error.problems
    assert said
    assert all(problem.startswith("config.toml:") for problem in said)
