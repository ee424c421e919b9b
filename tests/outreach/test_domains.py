from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.outreach.domains import domain_of, registered


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("a@B.example", "b.example"),
        ("a@b@c.example.", "c.example"),
        ("nothing", "nothing"),
        ("", ""),
        (None, ""),
    ],
)
def test_the_domain_of_an_address(address: str | None, domain: str) -> None:
    assert domain_of(address) == domain


@pytest.mark.parametrize(
    ("domain", "whole"),
    [
        ("mail.us.example", "us.example"),
        ("us.example", "us.example"),
        ("a.b.acme.co.uk", "acme.co.uk"),
        ("acme.com.br", "acme.com.br"),
        ("news.acme.de", "acme.de"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_sub_domains_count_as_the_domain_that_was_registered(domain: str, whole: str) -> None:
    assert registered(domain) == whole


@given(st.from_regex(r"\A[a-z]{1,8}(\.[a-z]{1,8}){0,4}\Z"))
def test_what_is_registered_is_an_end_of_the_domain_and_itself_registered(domain: str) -> None:
    whole = registered(domain)
    assert domain == whole or domain.endswith("." + whole)
    assert registered(whole) == whole
