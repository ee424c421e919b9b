from __future__ import annotations

import email
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.outreach import authentication
from prospector.outreach.authentication import Texts, dkim, dmarc, findings_of, is_reserved, kept, mx, spf

ALL = "from:subject:to:date:message-id:list-unsubscribe:list-unsubscribe-post"


def zone(records: Mapping[str, Sequence[str]]) -> Texts:
    return lambda name: records.get(name, ())


@pytest.mark.parametrize(
    ("texts", "host", "level", "words"),
    [
        ([], "smtp.gmail.com", "bad", "include:_spf.google.com ~all"),
        ([], "mail.example", "bad", "v=spf1 mx ~all"),
        (["v=spf1 mx -all"], "mail.example", "ok", "v=spf1 mx -all"),
        (["v=spf1 include:_spf.google.com ~all", "other=1"], "smtp.gmail.com", "ok", ""),
        (["v=spf1 mx ~all"], "smtp.gmail.com", "warn", "add include:_spf.google.com"),
        (["v=spf1 mx -all", "v=spf1 a -all"], "mail.example", "bad", "2 SPF records"),
        (["v=spf1 +all"], "mail.example", "bad", "lets everybody send"),
        (["v=spf1 mx"], "mail.example", "warn", "nothing of all others"),
        (["v=spf1 redirect=_spf.acme.com"], "mail.example", "ok", ""),
        (["v=spf10 mx -all"], "mail.example", "bad", "does not say"),
        (["v=spf1 " + " ".join(f"a:h{n}.example" for n in range(11)) + " -all"], "m", "bad", "11 lookups"),
        (["v=spf1 include:deep.example -all"], "m", "bad", "lookups"),
    ],
)
def test_spf_is_judged_and_told_how_to_mend(texts: list[str], host: str, level: str, words: str) -> None:
    deep = {"deep.example": ["v=spf1 " + " ".join(f"include:i{n}.example" for n in range(12))]}
    loop = {f"i{n}.example": ["v=spf1 include:deep.example"] for n in range(12)}
    found = spf("acme.com", zone({"acme.com": texts, **deep, **loop}), host)
    assert found.level == level
    assert words in f"{found.words} {found.advice}"
    assert (found.advice == "") is (level == "ok")


@pytest.mark.parametrize(
    ("records", "level", "words"),
    [
        ({}, "bad", "publish at _dmarc.acme.com"),
        ({"_dmarc.mail.acme.com": ["v=DMARC1; p=reject"]}, "ok", "p=reject at _dmarc.mail.acme.com"),
        ({"_dmarc.acme.com": ["v=DMARC1; p=quarantine; adkim=s"]}, "ok", "strict"),
        ({"_dmarc.acme.com": ["v=DMARC1; p=reject; sp=none; rua=mailto:a@acme.com"]}, "ok", "p=none"),
        ({"_dmarc.acme.com": ["v=DMARC1; p=none"]}, "ok", "rua=mailto"),
        ({"_dmarc.acme.com": ["v=DMARC1; p=maybe"]}, "bad", "no valid policy"),
        ({"_dmarc.acme.com": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}, "bad", "has no DMARC"),
        ({"_dmarc.com": ["v=DMARC1; p=none"]}, "bad", "has no DMARC"),
    ],
)
def test_dmarc_stands_at_the_domain_or_above(records: dict[str, list[str]], level: str, words: str) -> None:
    found = dmarc("mail.acme.com", zone(records))
    assert found.level == level
    assert words in f"{found.words} {found.advice}"


@pytest.mark.parametrize(
    ("hosts", "level"), [(["mx1.acme.com"], "ok"), ([], "bad"), ([""], "bad"), (["."], "bad")]
)
def test_answers_need_a_mail_server(hosts: list[str], level: str) -> None:
    assert mx("acme.com", hosts).level == level


@pytest.mark.parametrize(
    ("signatures", "level", "words"),
    [
        ([], "bad", "without a DKIM signature"),
        ([f"v=1; d=acme.com; h={ALL}; b=x"], "ok", "signed by acme.com"),
        ([f"v=1; d=mail.acme.com;\r\n\th={ALL.title()}; b=x"], "ok", "signed by mail.acme.com"),
        ([f"v=1; d=provider.net; h={ALL}"], "bad", "signed by provider.net, not by"),
        ([f"v=1; d=provider.net; h={ALL}", f"v=1; d=acme.com; h={ALL}"], "ok", ""),
        (["v=1; d=acme.com; h=from:subject:to:date:message-id"], "warn", "list-unsubscribe-post"),
        (["nonsense"], "bad", "signed by nobody"),
    ],
)
def test_a_signature_is_of_our_domain_and_covers_what_matters(
    signatures: list[str], level: str, words: str
) -> None:
    found = dkim("acme.com", signatures)
    assert found.level == level
    assert words in found.words


@pytest.mark.parametrize(
    ("said", "authserv", "level"),
    [
        (["mx.acme.com; dkim=pass header.d=acme.com; dmarc=pass"], "mx.acme.com", "ok"),
        (["mx.acme.com; dkim=pass"], "mx.acme.com", "ok"),
        (["mx.acme.com; dkim=pass; dmarc=fail"], "mx.acme.com", "warn"),
        (["forged.example; dmarc=pass"], "mx.acme.com", "warn"),
        (["mx.acme.com.evil; dmarc=pass"], "mx.acme.com", "warn"),
        (["mx.acme.com; dmarc=pass"], "", "warn"),
        ([], "mx.acme.com", "warn"),
    ],
)
def test_only_our_own_server_is_believed(said: list[str], authserv: str, level: str) -> None:
    assert authentication.results(said, authserv).level == level


def test_what_is_found_is_kept_by_where_it_is_from() -> None:
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    raw = f"DKIM-Signature: v=1; d=acme.com; h={ALL}\r\nSubject: x\r\n\r\nbody"
    mail = authentication.returned("us@acme.com", email.message_from_string(raw), "")
    names = authentication.published("us@acme.com", "", zone({}), zone({}))
    held = kept(kept({}, "dns", names, now), "mail", mail, now)
    assert findings_of(held) == [*names, *mail]
    assert findings_of(kept(held, "dns", [], now)) == mail
    assert findings_of({}) == []


@pytest.mark.parametrize(
    ("domain", "reserved"),
    [("us.example", True), ("example.com", True), ("localhost", True), ("acme.com", False)],
)
def test_domains_for_examples_are_not_asked_about(domain: str, reserved: bool) -> None:
    assert is_reserved(domain) is reserved


@given(st.lists(st.text(max_size=60), max_size=3), st.lists(st.text(max_size=60), max_size=3))
def test_whatever_stands_in_dns_gets_a_verdict(texts: list[str], signatures: list[str]) -> None:
    records = zone({"acme.com": [*texts, "v=spf1 include:acme.com"], "_dmarc.acme.com": texts})
    found = [spf("acme.com", records, "h"), dmarc("acme.com", records), dkim("acme.com", signatures)]
    assert all(one.level in ("ok", "warn", "bad") for one in found)
