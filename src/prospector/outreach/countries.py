"""Which country is meant by what an import says, and what time it is where most of its people live.

Codes are ISO 3166-1 alpha-2. Names and zones are those of the time zone database (iso3166.tab and
zone.tab of the package tzdata).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

MAIN_ZONES: Mapping[str, str] = {
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CD": "Africa/Kinshasa",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "FM": "Pacific/Pohnpei",
    "GL": "America/Nuuk",
    "ID": "Asia/Jakarta",
    "KI": "Pacific/Tarawa",
    "KZ": "Asia/Almaty",
    "MH": "Pacific/Majuro",
    "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland",
    "PF": "Pacific/Tahiti",
    "PG": "Pacific/Port_Moresby",
    "PS": "Asia/Hebron",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "US": "America/New_York",
    "UZ": "Asia/Tashkent",
}
"""Where most people, or most of the business, of a country with several zones is. Antarctica and the
minor outlying islands have none."""

ALSO: Mapping[str, str] = {
    "uk": "GB",
    "el": "GR",
    "united kingdom": "GB",
    "great britain": "GB",
    "britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "usa": "US",
    "united states of america": "US",
    "america": "US",
    "vereinigte staaten": "US",
    "estados unidos": "US",
    "deutschland": "DE",
    "allemagne": "DE",
    "alemania": "DE",
    "osterreich": "AT",
    "schweiz": "CH",
    "suisse": "CH",
    "svizzera": "CH",
    "espana": "ES",
    "italia": "IT",
    "nederland": "NL",
    "holland": "NL",
    "the netherlands": "NL",
    "belgique": "BE",
    "belgie": "BE",
    "danmark": "DK",
    "norge": "NO",
    "sverige": "SE",
    "suomi": "FI",
    "polska": "PL",
    "cesko": "CZ",
    "czechia": "CZ",
    "slovensko": "SK",
    "magyarorszag": "HU",
    "hrvatska": "HR",
    "frankreich": "FR",
    "brasil": "BR",
    "mexiko": "MX",
    "south korea": "KR",
    "republic of korea": "KR",
    "turkiye": "TR",
    "uae": "AE",
    "russian federation": "RU",
    "viet nam": "VN",
    "ivory coast": "CI",
    "macao": "MO",
    "burma": "MM",
    "myanmar": "MM",
}


def code_of(country: str | None) -> str | None:
    """The two letters of a country, from its code or its name; None where no country is meant.

    "UK" and "EL" are GB and GR: the European Union writes them so.
    """
    said = _plain(country or "")
    if not said or len(said) > 80:
        return None
    return ALSO.get(said) or _names().get(said) or _long_names().get(said)


def main_zone(country: str | None) -> str | None:
    """The time zone of a country, of several the main one; None where the country is not known."""
    code = code_of(country)
    return MAIN_ZONES.get(code) or _only_zones().get(code) if code else None


def name_of(code: str) -> str:
    """What a country is called in English; the code itself where it is none."""
    return _table().get(code.upper(), code)


def _plain(text: str) -> str:
    """Without case, accents, dots and doubled spaces: "U.S.A." and "Côte d’Ivoire" as one types them."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    words = re.sub(r"[.’']", "", bare.casefold().replace("&", " and ").replace("ø", "o"))
    return " ".join(re.sub(r"[^\w()-]+", " ", words).split())


@cache
def _table() -> Mapping[str, str]:
    return dict(_columns("iso3166.tab"))


@cache
def _names() -> Mapping[str, str]:
    found = {_plain(name): code for code, name in _table().items()}
    return found | {code.lower(): code for code in _table()}


@cache
def _long_names() -> Mapping[str, str]:
    """Three letters, and the names that the calendar of holidays has for countries."""
    from holidays.registry import COUNTRIES  # takes a third of a second, and few ever need it

    known = {_plain(name.replace("_", " ")): row[1] for name, row in COUNTRIES.items()}
    return known | {row[2].lower(): row[1] for row in COUNTRIES.values()}


@cache
def _only_zones() -> Mapping[str, str]:
    zones = defaultdict(list)
    for code, _, zone, *_ in _columns("zone.tab"):
        zones[code].append(zone)
    return {code: names[0] for code, names in zones.items() if len(names) == 1}


def _columns(name: str) -> Iterator[list[str]]:
    text = files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8")
    return (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
