from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from prospector.config import AccountSettings, AccountTable
from prospector.outreach.proof import proof_of
from prospector.sdk import YES, Capabilities


def account(host: str, files_copies: str = "unknown", **can: Any) -> AccountSettings:
    table = AccountTable.model_validate({"connector": "mail", "files_copies": files_copies})
    connector: Any = SimpleNamespace(can=Capabilities(email=YES, **can))
    return AccountSettings("mail", table, connector, SimpleNamespace(smtp_host=host))


@pytest.mark.parametrize(
    ("given", "found", "absent", "words"),
    [
        (account("smtp.gmail.com"), True, True, "files copies"),
        (account("mail.example", "yes"), True, True, "files copies"),
        (account("smtp.gmail.com", "no"), True, False, "files no copies"),
        (account("mail.example", "no"), True, False, "files no copies"),
        (account("mail.example"), True, False, "not known"),
        (account("email-smtp.eu-west-1.amazonaws.com", "yes"), False, False, "cannot reconcile"),
        (account("", find_is_proof=True), True, True, "network"),
    ],
)
def test_what_a_search_proves(given: AccountSettings, found: bool, absent: bool, words: str) -> None:
    proof = proof_of(given)
    assert (proof.found, proof.absent) == (found, absent)
    assert words in proof.why
