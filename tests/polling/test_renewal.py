"""Where an account's access stands, and what to do when it no longer works."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

import pytest

from prospector import workspace
from prospector.polling.renewal import how_to_renew, outline_of, renewals_of
from prospector.sdk import Connector


@pytest.fixture(scope="module")
def connectors() -> Mapping[str, Connector]:
    return workspace.load_connectors([workspace.shipped() / "connectors"])


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("env:BLUESKY_PASSWORD", "Set the environment variable BLUESKY_PASSWORD to the new one"),
        ("file:/run/secrets/x", "Write the new one into the file /run/secrets/x."),
        ("keyring:mail", "keyring set prospector mail"),
        ("hunter2", "Put a reference such as env:NAME there."),
    ],
)
def test_each_kind_of_reference_says_what_to_do(reference: str, said: str) -> None:
    assert said in how_to_renew(reference)


def test_what_was_written_there_instead_of_a_reference_is_not_repeated() -> None:
    assert "hunter2" not in how_to_renew("hunter2")


def test_the_secrets_of_an_account_are_named_and_nothing_else(connectors: Mapping[str, Connector]) -> None:
    settings = connectors["bluesky"].Settings(handle="us.example", password="env:BLUESKY_PASSWORD")
    (found,) = renewals_of("bluesky", settings)
    assert (found.table, found.key, found.reference) == (
        "accounts.bluesky",
        "password",
        "env:BLUESKY_PASSWORD",
    )


def test_an_optional_secret_counts_where_it_is_given(connectors: Mapping[str, Connector]) -> None:
    given = {"address": "us@us.example", "imap_host": "x", "smtp_host": "x"}
    mail = connectors["mail"].Settings
    assert renewals_of("mail", mail(**given)) == []
    assert [one.key for one in renewals_of("mail", mail(**given, password="env:M"))] == ["password"]


def test_each_connectors_outline_is_toml_with_references_for_secrets(
    connectors: Mapping[str, Connector],
) -> None:
    for name, connector in connectors.items():
        table = tomllib.loads(outline_of(connector))["accounts"][name]
        required = {key for key, field in connector.Settings.model_fields.items() if field.is_required()}
        assert required <= set(table)
        assert all(value == "…" or value.startswith("env:") for value in table.values())
