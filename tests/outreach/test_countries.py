from __future__ import annotations

from importlib.resources import files
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.outreach.countries import MAIN_ZONES, code_of, main_zone, name_of

ZONES = [
    line.split("\t")
    for line in files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("DE", "DE"),
        (" de ", "DE"),
        ("DEU", "DE"),
        ("Germany", "DE"),
        ("Deutschland", "DE"),
        ("UK", "GB"),
        ("U.S.A.", "US"),
        ("United States of America", "US"),
        ("Österreich", "AT"),
        ("España", "ES"),
        ("Côte d'Ivoire", "CI"),
        ("Bosnia and Herzegovina", "BA"),
        ("Czechia", "CZ"),
        ("Türkiye", "TR"),
        ("XX", None),
        ("Atlantis", None),
        ("", None),
        (None, None),
        ("x" * 10_000, None),
    ],
)
def test_a_country_is_known_by_its_codes_and_names(said: str | None, code: str | None) -> None:
    assert code_of(said) == code


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("US", "America/New_York"),
        ("Canada", "America/Toronto"),
        ("AU", "Australia/Sydney"),
        ("Brazil", "America/Sao_Paulo"),
        ("RU", "Europe/Moscow"),
        ("Austria", "Europe/Vienna"),
        ("India", "Asia/Kolkata"),
        ("AQ", None),
        ("nowhere", None),
    ],
)
def test_each_country_has_one_main_zone(country: str, zone: str | None) -> None:
    assert main_zone(country) == zone


def test_no_country_is_without_a_zone_and_each_main_zone_is_one_of_its_own() -> None:
    codes = {code for code, *_ in ZONES}
    assert {code for code in codes if main_zone(code) is None} == {"AQ", "UM"}
    own = {(code, zone) for code, _, zone, *_ in ZONES}
    assert set(MAIN_ZONES.items()) <= own
    assert {main_zone(code) for code in codes} - {None} <= available_timezones()


@given(st.text(max_size=40))
def test_whatever_is_said_a_code_is_one_of_two_letters_with_a_name(said: str) -> None:
    code = code_of(said)
    assert code is None or (len(code) == 2 and name_of(code) != code)
    zone = main_zone(said)
    assert zone is None or ZoneInfo(zone).key == zone
