"""Countries and languages as people write them, as the codes that are stored (ISO 3166-1, ISO 639-1).

Pure. The English names are those of the time zone database (iso3166.tab, public domain), whose file
comes with the package tzdata.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources

_ALSO: Mapping[str, str] = {
    "US": "usa;us;united states of america;u.s.;u.s.a.;vereinigte staaten;etats-unis;estados unidos",
    "GB": "uk;u.k.;gbr;united kingdom;great britain;england;scotland;wales;northern ireland;"
    "vereinigtes königreich;grossbritannien;royaume-uni;reino unido",
    "DE": "deu;deutschland;allemagne;alemania;germania;duitsland;niemcy",
    "AT": "aut;österreich;oesterreich;autriche;oostenrijk",
    "CH": "che;schweiz;suisse;svizzera;suiza;zwitserland",
    "FR": "fra;frankreich;francia;frankrijk;francja",
    "ES": "esp;spanien;españa;espagne;spagna;spanje;hiszpania",
    "IT": "ita;italien;italia;italie;włochy",
    "NL": "nld;netherlands;the netherlands;holland;niederlande;nederland;pays-bas;países bajos;paesi bassi",
    "BE": "bel;belgien;belgië;belgique;bélgica",
    "PT": "prt;portugal;portogallo",
    "PL": "pol;polen;polska;pologne;polonia",
    "CZ": "cze;czechia;czech republic;tschechien;česko",
    "DK": "dnk;dänemark;danmark",
    "SE": "swe;schweden;sverige;suède;suecia",
    "NO": "nor;norwegen;norge;norvège;noruega",
    "FI": "fin;finnland;suomi;finlande",
    "IE": "irl;republic of ireland;irland;irlande",
    "LU": "lux;luxemburg;luxembourg",
    "HU": "hun;ungarn;magyarország",
    "RO": "rou;rumänien;românia",
    "GR": "grc;griechenland;ellada;grèce",
    "TR": "tur;türkei;türkiye;turkey",
    "UA": "ukr;ukraine;україна",
    "RU": "rus;russian federation;russland",
    "CA": "can;kanada",
    "MX": "mex;mexiko;méxico",
    "BR": "bra;brasilien;brasil",
    "AU": "aus;australien",
    "NZ": "nzl;neuseeland",
    "IN": "ind;indien",
    "CN": "chn;people's republic of china",
    "HK": "hkg;hong kong sar",
    "JP": "jpn;nippon",
    "KR": "kor;korea;south korea;republic of korea;korea, republic of",
    "KP": "prk;north korea",
    "TW": "twn;taiwan, province of china",
    "SG": "sgp;singapur",
    "AE": "are;uae;united arab emirates;vereinigte arabische emirate",
    "SA": "sau;saudi arabia",
    "IL": "isr;israel",
    "ZA": "zaf;südafrika",
    "VN": "vnm;viet nam",
    "CI": "ivory coast;côte d'ivoire",
    "MK": "macedonia;north macedonia",
    "BO": "bolivia, plurinational state of",
    "VE": "venezuela, bolivarian republic of",
}
_LANGUAGES: Mapping[str, str] = {
    "en": "english;englisch;anglais;inglés;inglese;engels",
    "de": "german;deutsch;allemand;alemán;tedesco;duits",
    "fr": "french;französisch;français;francés;francese;frans",
    "es": "spanish;spanisch;espagnol;español;spagnolo;spaans",
    "it": "italian;italienisch;italien;italiano;italiaans",
    "nl": "dutch;niederländisch;néerlandais;nederlands",
    "pt": "portuguese;portugiesisch;portugais;português",
    "pl": "polish;polnisch;polski",
    "cs": "czech;tschechisch;čeština",
    "da": "danish;dänisch;dansk",
    "sv": "swedish;schwedisch;svenska",
    "nb": "norwegian;norwegisch;norsk",
    "fi": "finnish;finnisch;suomi",
    "hu": "hungarian;ungarisch;magyar",
    "ro": "romanian;rumänisch;română",
    "tr": "turkish;türkisch;türkçe",
    "ru": "russian;russisch;русский",
    "uk": "ukrainian;ukrainisch;українська",
    "ja": "japanese;japanisch;日本語",
    "zh": "chinese;chinesisch;中文",
    "ko": "korean;koreanisch;한국어",
    "ar": "arabic;arabisch;العربية",
    "he": "hebrew;hebräisch",
    "el": "greek;griechisch",
}


def country(text: str) -> str | None:
    """The two letters of a country that is named in English, in its own language or in German, French,
    Spanish, Italian, Dutch; or by its code. None where it is none."""
    return _countries().get(_plain(text))


def language(text: str) -> str | None:
    """The two letters of a language: of `German`, `de`, `de-AT` and `de_CH.UTF-8`. None for none."""
    plain = _plain(text)
    if plain in _languages():
        return _languages()[plain]
    code = plain.replace("_", "-").partition("-")[0]
    return code if len(code) == 2 and code.isascii() and code.isalpha() else None


@cache
def _countries() -> Mapping[str, str]:
    # UK is what the time zone database, the European Union and people say; the code is GB.
    table = resources.files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for line in table.splitlines():
        if line and not line.startswith("#"):
            code, _, name = line.partition("\t")
            found |= {_plain(code): code, _plain(name): code}
            found |= {_plain(name.replace("&", "and")): code, _plain(name.partition("(")[0]): code}
    return found | _by_name(_ALSO)


@cache
def _languages() -> Mapping[str, str]:
    return _by_name(_LANGUAGES)


def _by_name(names: Mapping[str, str]) -> dict[str, str]:
    return {_plain(name): code for code, several in names.items() for name in several.split(";")}


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(one for one in letters if not unicodedata.combining(one)).split())
