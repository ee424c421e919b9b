"""E3, E4: what the law of a country asks for before a cold mail."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.outreach import law
from prospector.outreach.law import Ground, country_of, end_of, fault, publication, verdict

TODAY = date(2026, 11, 24)
SEEN = publication("https://acme.example/team", date(2026, 10, 1), "she buys such tools")
DAYS = st.dates(date(2015, 1, 1), TODAY)


def ground(
    kind: str, at: date = date(2026, 10, 1), evidence: str = "mail of 1 October", **more: date
) -> Ground:
    return Ground(kind, at, SEEN if kind == "publication" else evidence, **more)


@pytest.mark.parametrize("kind", ["express", "opt_in", "relationship", "inquiry", "publication"])
def test_canada_takes_each_kind_of_consent_with_its_evidence(kind: str) -> None:
    said = verdict("CA", [ground(kind)], TODAY)
    assert said.ok
    assert said.until == end_of(ground(kind))
    assert not verdict("CA", [Ground(kind, date(2026, 10, 1), " ")], TODAY).ok


def test_canada_takes_no_interest_of_ours() -> None:
    said = verdict("CA", [ground("interest")], TODAY, basis="we sell what they need")
    assert (said.ok, "CASL s. 6(1)" in said.why) == (False, True)


@pytest.mark.parametrize(
    ("kind", "at", "last"),
    [
        ("relationship", date(2024, 11, 24), date(2026, 11, 24)),
        ("relationship", date(2024, 2, 29), date(2026, 2, 28)),
        ("inquiry", date(2026, 8, 31), date(2027, 2, 28)),
        ("inquiry", date(2026, 5, 24), date(2026, 11, 24)),
        ("express", date(2015, 1, 1), None),
        ("publication", date(2026, 10, 1), None),
    ],
)
def test_implied_consent_ends_after_two_years_and_after_six_months(
    kind: str, at: date, last: date | None
) -> None:
    one = ground(kind, at)
    assert end_of(one) == last
    if last is None:
        assert verdict("CA", [one], TODAY + timedelta(days=9999)).ok
        return
    assert verdict("CA", [one], last).ok
    after = verdict("CA", [one], last + timedelta(days=1))
    assert (after.ok, f"ended on {last}" in after.why) == (False, True)


@pytest.mark.parametrize(
    "evidence",
    [
        "they publish it",
        "https://acme.example/team",
        "https://acme.example/team, seen 2026-13-41, nothing there against unsolicited mail; relevant: x",
        publication("https://acme.example/team", date(2026, 10, 1), " "),
        publication("javascript:alert(1)", date(2026, 10, 1), "x"),
    ],
)
def test_a_publication_needs_page_day_no_notice_and_relevance(evidence: str) -> None:
    assert fault(Ground("publication", date(2026, 10, 1), evidence), TODAY) is not None
    assert not verdict("CA", [Ground("publication", date(2026, 10, 1), evidence)], TODAY).ok


@pytest.mark.parametrize(("country", "source"), [("DE", "UWG § 7(2) no. 2"), ("AT", "TKG 2021 § 174(3)")])
def test_germany_and_austria_want_consent_first(country: str, source: str) -> None:
    for kind in ("relationship", "inquiry", "publication", "interest"):
        said = verdict(country, [ground(kind)], TODAY, basis="we sell what they need")
        assert (said.ok, source in said.why) == (False, True)
    for kind in ("express", "opt_in"):
        assert verdict(country, [ground(kind)], TODAY).ok


def test_which_countries_want_consent_is_for_config_to_say() -> None:
    assert verdict("DE", [], TODAY, basis="x", opt_in=()).ok
    said = verdict("PL", [], TODAY, basis="x", opt_in=("PL",))
    assert (said.ok, "Poland" in said.why, "opt_in_countries" in said.why) == (False, True, True)


@pytest.mark.parametrize("country", ["US", "GB", "FR", None])
def test_anywhere_else_our_interest_has_to_be_written_down(country: str | None) -> None:
    assert not verdict(country, [], TODAY, basis="  ").ok
    assert verdict(country, [], TODAY, basis="we sell what they need").ok
    assert verdict(country, [ground("interest")], TODAY).ok
    assert verdict(country, [ground("express")], TODAY).ok
    assert not verdict(country, [ground("inquiry", date(2020, 1, 1))], TODAY).ok


@pytest.mark.parametrize(
    ("country", "email", "code"),
    [
        ("Germany", None, "DE"),
        ("Deutschland", None, "DE"),
        ("österreich", None, "AT"),
        ("ca", None, "CA"),
        (None, "anna@acme.de", "DE"),
        ("", "anna@acme.ca", "CA"),
        ("FR", "anna@acme.de", "FR"),
        ("somewhere", "anna@acme.com", None),
        (None, None, None),
    ],
)
def test_a_country_is_what_was_entered_else_the_end_of_the_address(
    country: str | None, email: str | None, code: str | None
) -> None:
    assert country_of(country, email) == code


@given(
    st.lists(st.builds(ground, st.sampled_from(list(law.KINDS)), DAYS), max_size=5),
    st.sampled_from(["CA", "DE", "US", None]),
    st.integers(0, 1200),
)
def test_what_holds_today_holds_until_the_day_that_is_said_and_no_longer(
    grounds: list[Ground], country: str | None, days: int
) -> None:
    said = verdict(country, grounds, TODAY)
    if said.ok and said.until is not None:
        assert verdict(country, grounds, said.until).ok
        assert not verdict(country, grounds, said.until + timedelta(days=1 + days)).ok
    if not said.ok:
        assert said.why


@given(st.text(), st.text(), DAYS)
def test_no_text_makes_evidence_that_is_none(kind: str, evidence: str, at: date) -> None:
    one = Ground(kind, at, evidence)
    assert (fault(one, TODAY) is not None) or kind in law.KINDS
    assert fault(Ground("express", TODAY + timedelta(days=1), "x"), TODAY) is not None
