"""E8: the `mailto:` of List-Unsubscribe, as a mail client uses it: its token alone is proof."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.office import START, Office, office, sqlite_store

from prospector.mail import classify
from prospector.models import Engagement, Prospect, Suppression
from prospector.outreach import one_click, suppression
from prospector.polling import poll
from prospector.sdk import Page, Seen


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


def arrives(place: Office, sender: str, token: str) -> None:
    """A mail to unsubscribe comes in, from an address that nobody vouches for."""
    attributes = {"token": token, "subject": f"unsubscribe {token}", "refers_to": []}
    seen = Seen("unsubscribe", sender, f"<{sender}@x>", place.now, attributes=attributes)
    place.mail.inboxes = [Page((seen,))]
    account = place.installation.account_ids["mail"]
    place.run(lambda: poll.poll_inbox(place.runtime, account))


def test_a_clients_mail_brings_the_token_back() -> None:
    """As RFC 6068 says how a `mailto:` becomes a mail."""
    token = one_click.new_token()
    value = one_click.header(token, "", "ana@us.example").strip("<>")
    mail = EmailMessage()
    mail["From"], mail["To"] = "anna@weber.example", urlsplit(value).path
    mail["Subject"] = parse_qs(urlsplit(value).query)["subject"][0]
    mail["Message-ID"] = "<u1@weber.example>"
    read = classify(mail.as_bytes(), START)
    assert (read.kind, read.token, mail["To"]) == ("unsubscribe", token, "ana@us.example")


@pytest.mark.parametrize("sender", ["anna@anna.example", "anna@private.example", "ben@ben.example"])
def test_the_token_unsubscribes_whom_the_mail_was_to_from_wherever_it_comes(
    place: Office, sender: str
) -> None:
    person, other = place.person(), place.person("ben")
    message = place.message(place.approved(person))
    arrives(place, sender, message.token or "")
    assert place.one(Engagement, kind="unsubscribe").prospect_id == person
    keys = {row.key for row in place.rows(Suppression)}
    assert {f"person:{person}", "email:anna@anna.example"} <= keys
    assert f"person:{other}" not in keys
    assert place.message(message.id).state == "discarded"


def test_a_token_that_is_nobodys_proves_nothing(place: Office) -> None:
    person, other = place.person(), place.person("ben")
    place.approved(person)
    arrives(place, "anna@anna.example", "x" * 32)
    assert place.rows(Suppression) == []
    assert place.one(Prospect, id=person).paused_why == suppression.IN_DOUBT, "a person decides"
    assert place.one(Prospect, id=other).paused_why is None
