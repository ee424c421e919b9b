from __future__ import annotations

import pytest

from prospector.mail.providers import copies_of, id_given, replaces_ids

SES = "email-smtp.eu-west-1.amazonaws.com"
ID = "0102018f1a2b3c4d-5e6f7a8b-9c0d-1e2f-3a4b-5c6d7e8f9a0b-000000"


@pytest.mark.parametrize(
    ("host", "reply", "found"),
    [
        (SES, f"250 Ok {ID}", f"<{ID}@eu-west-1.amazonses.com>"),
        ("EMAIL-SMTP.us-east-1.amazonaws.com", f"250 Ok {ID}", f"<{ID}@email.amazonses.com>"),
        (SES, "250 Ok", None),
        (SES, "250 2.0.0 queued as 4XyZ", None),
        (SES, f"250 Ok {ID} <forged@example>", f"<{ID}@eu-west-1.amazonses.com>"),
        ("mail.example", f"250 Ok {ID}", None),
        ("email-smtp.evil.example", f"250 Ok {ID}", None),
    ],
)
def test_a_server_that_replaces_ids_tells_the_new_one(host: str, reply: str, found: str | None) -> None:
    assert id_given(host, reply) == found


def test_what_is_known_of_providers() -> None:
    assert (copies_of("smtp.gmail.com"), copies_of("SMTP.GMAIL.COM")) == ("yes", "yes")
    assert (copies_of("mail.example"), copies_of("")) == ("unknown", "unknown")
    assert replaces_ids(SES)
    assert not replaces_ids("smtp.gmail.com")
