"""Which column of a file means what: guessed from its heading and its cells, corrected by a person.

Pure. A mapping is a dict from column to field; a column that is not in it is left out. Fields are those
of `SINGLE` and `SEVERAL`, and `fields.NAME` for whatever else templates shall know.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from prospector.importing.sheet import FormatError
from prospector.outreach.facts import NOTHING
from prospector.prospects.addresses import normalised_address
from prospector.prospects.urls import canonical

SINGLE: Mapping[str, str] = {
    "name": "Name",
    "first_name": "First name",
    "last_name": "Last name",
    "email": "E-mail",
    "title": "Title",
    "company": "Company",
    "domain": "Company's domain",
    "country": "Country",
    "timezone": "Time zone",
    "language": "Language",
    "owner": "Owner (e-mail or name)",
    "value": "Value",
    "currency": "Currency",
    "stage": "Stage",
    "source": "Source",
}
SEVERAL: Mapping[str, str] = {"profile": "Profile URL", "tags": "Tags"}
"""What each field is called; of those in `SEVERAL`, several columns may be one."""
OWN_FIELD = "fields."
LONGEST_FIELD = 60
_OWN_NAME = re.compile(r"[^\W_][\w .-]{0,59}")

_ALIASES: Mapping[str, str] = {
    alias: field
    for field, aliases in {
        "name": "name full_name fullname contact contact_name person lead_name nom_complet "
        "vollstandiger_name nombre_completo nome_completo naam",
        "first_name": "first_name firstname given_name givenname forename vorname prenom nombre nome "
        "voornaam imie",
        "last_name": "last_name lastname surname family_name familyname nachname familienname apellido "
        "apellidos cognome achternaam nazwisko",
        "email": "email e_mail email_address e_mail_address emailaddress mail work_email business_email "
        "primary_email e_mail_adresse courriel correo correo_electronico emails email_1 adres_e_mail",
        "title": "title job_title jobtitle position role headline job function berufsbezeichnung "
        "poste cargo ruolo functie stanowisko",
        "company": "company company_name companyname organization organisation organization_name account "
        "account_name employer firma unternehmen entreprise societe empresa azienda bedrijf "
        "current_company",
        "domain": "domain company_domain companydomain website company_website companywebsite web homepage "
        "regular_company_website webseite site_web",
        "country": "country country_code countrycode land pays pais paese kraj country_region",
        "timezone": "timezone time_zone tz zeitzone",
        "language": "language lang locale sprache langue idioma lingua taal",
        "owner": "owner owner_email account_owner lead_owner contact_owner assigned_to responsible",
        "value": "value deal_value amount deal_amount deal_size opportunity_value wert montant",
        "currency": "currency currency_code wahrung devise moneda",
        "stage": "stage lead_stage deal_stage pipeline_stage lead_status phase",
        "source": "source lead_source quelle origin",
        "tags": "tags tag labels label categories schlagworte",
        "profile": "profile profiles profile_url profileurl linkedin linkedin_url linkedinurl "
        "linkedin_profile linkedin_profile_url linkedinprofileurl person_linkedin_url defaultprofileurl url "
        "bluesky bluesky_url mastodon mastodon_url twitter twitter_url x_url github github_url fediverse "
        "profile_2 profile_3 profile_4",
    }.items()
    for alias in aliases.split()
}
_OF_TOOLS = frozenset(
    {"companyurl", "company_url", "regularcompanyurl", "profileimageurl", "imgurl", "vmid", "companyid"}
    | {"ispremium", "isopenlink", "sharedconnectionscount", "query", "timestamp", "connectiondegree", "error"}
)
"""What PhantomBuster adds that nobody writes to people about."""


EXPORTED = frozenset(
    {"Id", "Stage since", "Score", "Fit", "Last touch", "Last touch was", "Next", "Paused until", "Archived"}
    | {"Lawful basis"}
)
"""What our own export works out (`exporting`): no fields, when all of them are there."""
_ANY_ADDRESS = frozenset({"url", "website", "web", "homepage", "webseite", "site_web"})
"""Headings under which some write a person's profile and some their company's website."""


def slug(heading: str) -> str:
    """A heading as a name: `E-Mail-Adresse` is e_mail_adresse, `firstName` stays firstname."""
    plain = unicodedata.normalize("NFKD", heading)
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.sub(r"\W+", "_", letters.lower()).strip("_")


def signature(columns: Sequence[str]) -> str:
    """The same for files with the same headings, in whatever order: 32 hex digits."""
    names = sorted(slug(column) or column for column in columns)
    return hashlib.blake2b("\x1f".join(names).encode(), digest_size=16).hexdigest()


def guess(columns: Sequence[str], samples: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """What each column is likely to mean, by its heading, else by what is in it. The first of two
    that mean the same has it."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    left_out = EXPORTED if set(columns) >= EXPORTED else frozenset()
    columns = [column for column in columns if column not in left_out and slug(column) not in _OF_TOOLS]
    for column in columns:
        field = _by_heading(column)
        if field is None or (field in SINGLE and field in taken):
            continue
        if slug(column) in _ANY_ADDRESS:
            field = _kind_of_address(field, _cells(column, samples))
        if field in SINGLE and field in taken:
            continue
        found[column] = field
        taken.add(field)
    for column in columns:
        if column not in found:
            field = _by_cells(_cells(column, samples))
            known = field is not None and not (field in SINGLE and field in taken)
            found[column] = field if field is not None and known else _free(column, taken)
            taken.add(found[column])
    return {column: found[column] for column in columns if column in found}


def _by_heading(column: str) -> str | None:
    if column.startswith(OWN_FIELD) and is_field(column):
        return column
    name = re.sub(r"_\d+$", "", slug(column))
    return _ALIASES.get(slug(column)) or _ALIASES.get(name)


def _kind_of_address(field: str, cells: Sequence[str]) -> str:
    """A heading such as URL or Website is a profile where its cells are some, else a website."""
    profiles = sum(canonical(cell) is not None for cell in cells)
    if not cells:
        return field
    return "profile" if profiles * 2 >= len(cells) else "domain"


def _by_cells(cells: Sequence[str]) -> str | None:
    if not cells:
        return None
    if sum(normalised_address(cell) is not None for cell in cells) * 10 >= len(cells) * 8:
        return "email"
    addresses = [cell for cell in cells if cell.startswith(("https://", "http://", "www."))]
    if len(addresses) * 2 >= len(cells) and sum(canonical(cell) is not None for cell in cells) * 2 >= len(
        cells
    ):
        return "profile"
    return None


def _cells(column: str, samples: Sequence[Mapping[str, str]]) -> list[str]:
    return [cell for row in samples if (cell := row.get(column, "").strip()) and cell not in NOTHING]


def _free(column: str, taken: set[str]) -> str:
    name = (slug(column) or "column").lstrip("_0123456789")[:LONGEST_FIELD] or "column"
    field, again = f"{OWN_FIELD}{name}", 2
    while field in taken:
        field, again = f"{OWN_FIELD}{name}_{again}", again + 1
    return field


def problems(mapping: Mapping[str, str], columns: Sequence[str]) -> list[str]:
    """What is wrong with a mapping, in sentences: nothing, or it can be used."""
    wrong: list[str] = []
    seen: dict[str, str] = {}
    for column, field in mapping.items():
        if column not in columns:
            wrong.append(f'There is no column "{column}"; there are {", ".join(columns[:20])}.')
        elif not is_field(field):
            known = ", ".join([*SINGLE, *SEVERAL])
            wrong.append(f'There is no field "{field}"; there are {known} and fields.NAME.')
        elif field not in SEVERAL and field in seen:
            wrong.append(f'"{seen[field]}" and "{column}" cannot both be {field}.')
        seen.setdefault(field, column)
    if not wrong and not _tells_who(mapping.values()):
        wrong.append("No column says who a person is: map one to name, first_name, email or profile.")
    return wrong


def is_field(field: str) -> bool:
    """Whether a column can mean this."""
    own = field.removeprefix(OWN_FIELD)
    return field in SINGLE or field in SEVERAL or (own != field and bool(_OWN_NAME.fullmatch(own)))


def _tells_who(fields: Iterable[str]) -> bool:
    return not {"name", "first_name", "last_name", "email", "profile"}.isdisjoint(fields)


def corrected(mapping: Mapping[str, str], said: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """A mapping after what somebody said as `field=column`; an empty field leaves the column out.
    What was guessed for the same field gives way. Raises `FormatError`."""
    result = dict(mapping)
    for one in said:
        field, equals, wanted = one.partition("=")
        field = field.strip()
        column = next((name for name in columns if name.casefold() == wanted.strip().casefold()), None)
        if not equals or column is None:
            raise FormatError(
                f'"{one}" says no mapping; write field=column, with one of the columns {", ".join(columns)}.'
            )
        if field in SINGLE:
            result = {name: other for name, other in result.items() if other != field}
        if field in ("", "-"):
            result.pop(column, None)
        else:
            result[column] = field
    return result
