from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from socket import AF_INET, SOCK_DGRAM, socket

import pytest

from prospector import doctor, domain_records, mail_checks
from prospector.domain_records import Names, NoAnswerError
from prospector.installation import Installation, open_installation
from prospector.models import Account
from prospector.outreach.authentication import findings_of
from prospector.sandbox.mail import Delivery
from tests.name_server import serving
from tests.town import Town, town

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
RECORDS = {
    ("us.example", "TXT"): ['"v=spf1 " "mx -all"', '"something else"'],
    ("us.example", "MX"): ["20 mx2.us.example.", "10 mx1.us.example."],
    ("_dmarc.us.example", "TXT"): ['"v=DMARC1; p=reject"'],
}
SIGNATURE = (
    b"DKIM-Signature: v=1; a=rsa-sha256; d=us.example; s=one;\r\n"
    b" h=From:Subject:To:Date:Message-ID:List-Unsubscribe:List-Unsubscribe-Post; bh=x; b=y\r\n"
    b"Authentication-Results: mx.us.example; spf=pass; dkim=pass; dmarc=pass\r\n"
)


@pytest.fixture
def place(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with town(tmp_path, database_url, monkeypatch.setenv) as made:
        yield made


def opened(place: Town, server: str = "") -> Installation:
    place.open()
    path = place.folder / "config.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace('gap = "0s"', f'gap = "0s"\nresolver = "{server}"')
    text = text.replace('smtp_tls = "none"', 'smtp_tls = "none"\nauthserv = "mx.us.example"')
    path.write_text(text, encoding="utf-8")
    again = open_installation(place.folder)
    place.installations.append(again)
    return again


def test_names_are_asked_of_the_server_that_is_named() -> None:
    with serving(RECORDS) as server:
        names = Names(server)
        assert sorted(names.texts("us.example")) == ["something else", "v=spf1 mx -all"]
        assert names.mail_hosts("us.example") == ["mx1.us.example", "mx2.us.example"]
        assert names.texts("nobody.example") == []
        assert names.texts("_dmarc.us.example") == ["v=DMARC1; p=reject"]
        assert names.mail_hosts("_dmarc.us.example") == []


def test_a_server_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain_records, "PATIENCE", 0.2)
    with socket(AF_INET, SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(NoAnswerError, match="resolver"):
            Names(f"127.0.0.1:{silent.getsockname()[1]}").texts("us.example")


def test_what_dns_says_is_kept_with_the_mailbox_and_told_by_doctor(place: Town) -> None:
    with serving(RECORDS) as server:
        installation = opened(place, server)
        checks = {one.check: one for one in doctor.examine(installation, NOW)}
    assert {name: checks[name].ok for name in ("SPF mail", "DMARC mail", "MX mail")} == {
        "SPF mail": True,
        "DMARC mail": True,
        "MX mail": True,
    }
    with serving({}) as server:
        installation = opened(place, server)
        checks = {one.check: one for one in doctor.examine(installation, NOW)}
    assert not checks["SPF mail"].ok
    assert 'publish at us.example the TXT record "v=spf1 mx ~all"' in checks["SPF mail"].detail
    with installation.store.reading() as session:
        account = session.get_one(Account, installation.account_ids["mail"])
        assert [(one.check, one.level) for one in findings_of(account.authentication)] == [
            ("SPF", "bad"),
            ("DMARC", "bad"),
            ("MX", "bad"),
        ]


def test_a_mail_to_ourselves_tells_how_it_is_signed(place: Town) -> None:
    """The sandbox's server does not sign: what it delivers is signed on its way, as a provider does."""
    installation = opened(place)
    (mailbox,) = mail_checks.mailboxes(installation)
    unsigned = mail_checks.mailed(installation, mailbox, NOW)
    assert [(one.check, one.level) for one in unsigned] == [("DKIM", "bad"), ("results", "warn")]

    deliver = place.mail.deliver

    def signed(raw: bytes, recipient: str) -> bool:
        return deliver(SIGNATURE + raw, recipient)

    place.mail.deliver = signed  # type: ignore[method-assign]
    found = mail_checks.mailed(installation, mailbox, NOW)
    assert [(one.check, one.level) for one in found] == [("DKIM", "ok"), ("results", "ok")]


def test_the_trial_offers_one_click_and_goes_to_nobody_else(place: Town) -> None:
    taken: list[Delivery] = []
    place.mail.on_message("us@us.example", taken.append)
    installation = opened(place)
    (mailbox,) = mail_checks.mailboxes(installation)
    mail_checks.mailed(installation, mailbox, NOW)
    (one,) = taken
    assert one.recipient == "us@us.example"
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in one.raw
