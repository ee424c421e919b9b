"""What a search for a mail in doubt can prove, by the account that it was sent from (E24)."""

from __future__ import annotations

from dataclasses import dataclass

from prospector.config import AccountSettings
from prospector.mail.providers import Copies, copies_of, replaces_ids


@dataclass(frozen=True, slots=True)
class Proof:
    """`found` says that what is found was surely sent, `absent` that what is not found was surely not;
    `why` tells a person what the rest depends on."""

    found: bool
    absent: bool
    why: str


def proof_of(account: AccountSettings) -> Proof:
    """What it proves to look for an act of this account."""
    if account.connector.can.find_is_proof:
        return Proof(True, True, "the network is asked for it")
    host = str(getattr(account.settings, "smtp_host", ""))
    if replaces_ids(host):
        return Proof(False, False, f"cannot reconcile: {host} replaces Message-IDs, so a person decides")
    match files_copies(account):
        case "yes":
            return Proof(True, True, "the server files copies of what is sent, and is asked for it")
        case "no":
            return Proof(True, False, "the server files no copies, so only finding one proves anything")
    words = "whether the server files copies is not known (files_copies), so only finding one proves anything"
    return Proof(True, False, words)


def files_copies(account: AccountSettings) -> Copies:
    """What config.toml says, else what is known of the provider."""
    said: Copies = account.table.files_copies
    return said if said != "unknown" else copies_of(str(getattr(account.settings, "smtp_host", "")))
