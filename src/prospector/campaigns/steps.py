"""What a campaign writes: its steps with their waits, variants and languages, and who gets which.

The stored form is that of `campaign_version.steps`: a list of
`{"wait": days, "variants": [{"name": "A", "texts": {"en": "Subject: …\\n\\nbody"}}]}`, each text as a
template file is (docs/templates.md) and the first language the one that fits everybody.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prospector.outreach import countries, template
from prospector.outreach.template import Template
from prospector.outreach.wording import LANGUAGES

MOST_STEPS = 4
"""The first mail and at most three follow-ups (outreach.md, E19)."""
MOST_VARIANTS = 3
LONGEST_WAIT = 60
"""Working days between two mails of a series, at most."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,19}")

SPOKEN: Mapping[str, tuple[str, ...]] = {
    "AT": ("de",),
    "AR": ("es",),
    "BE": ("nl", "fr", "de"),
    "BR": ("pt",),
    "CH": ("de", "fr", "it"),
    "CL": ("es",),
    "CO": ("es",),
    "DE": ("de",),
    "ES": ("es",),
    "FR": ("fr",),
    "IT": ("it",),
    "LI": ("de",),
    "LU": ("fr", "de"),
    "MC": ("fr",),
    "MX": ("es",),
    "NL": ("nl",),
    "PE": ("es",),
    "PT": ("pt",),
    "SM": ("it",),
    "UY": ("es",),
}
"""The languages in which people of a country (ISO 3166-1) are written to in business, the most
usual first; only those that templates know, and no country where English is as usual."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One arm of a trial: its name and its text by language, the first for everybody else."""

    name: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """One mail of the series; `wait` is in working days after the step before, 0 for the first."""

    wait: int
    variants: tuple[Variant, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(variant.name for variant in self.variants)

    def variant(self, name: str) -> Variant:
        """The variant of this name. Raises KeyError."""
        for variant in self.variants:
            if variant.name == name:
                return variant
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class StepProblem:
    """What keeps a series from being used; `step` from 1, `line` and `column` from 1 in that text."""

    step: int
    variant: str
    language: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        where = " ".join(part for part in (f"step {self.step}", self.variant, self.language) if part)
        return f"{where}, line {self.line}: {self.message}"


def single(text: str, language: str = "en") -> Variant:
    """The variant of a step without a trial."""
    return Variant("A", {language: text})


def variant_of(name: str, templates: Mapping[str, Template]) -> Variant:
    """The variant that says what these templates say, by language; their snippets are pasted in, so
    that it stays as it is when a file changes."""
    return Variant(name, {language: text_of(one) for language, one in templates.items()})


def text_of(known: Template) -> str:
    """A template as the text of a step."""
    return f"Subject: {known.subject}\n\n{known.body}" if known.subject else f"\n{known.body}"


def steps_of(stored: Sequence[Any]) -> tuple[Step, ...]:
    """The steps behind their stored form."""
    return tuple(
        Step(
            int(step.get("wait", 0)),
            tuple(Variant(str(one["name"]), dict(one["texts"])) for one in step["variants"]),
        )
        for step in stored
    )


def as_json(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """The form in which steps are stored."""
    return [
        {
            "wait": step.wait,
            "variants": [{"name": each.name, "texts": dict(each.texts)} for each in step.variants],
        }
        for step in steps
    ]


def arm_of(campaign_id: int, prospect_id: int, names: Sequence[str]) -> str:
    """The variant that a person gets: the same after every restart, and evenly spread."""
    digest = hashlib.blake2b(f"arm:{campaign_id}:{prospect_id}".encode(), digest_size=8).digest()
    return names[int.from_bytes(digest, "big") % len(names)]


def arm_of_series(campaign_id: int, prospect_id: int, steps: Sequence[Step]) -> str:
    """The arm by which a person is counted: that of the first step which is a trial."""
    tried = next((step for step in steps if len(step.variants) > 1), steps[0])
    return arm_of(campaign_id, prospect_id, tried.names)


def mailbox_of(campaign_id: int, prospect_id: int, account_ids: Sequence[int]) -> int | None:
    """From which mailbox a person is written to, throughout the series; None where there is none."""
    if not account_ids:
        return None
    digest = hashlib.blake2b(f"mailbox:{campaign_id}:{prospect_id}".encode(), digest_size=8).digest()
    return sorted(account_ids)[int.from_bytes(digest, "big") % len(account_ids)]


def language_for(prospect_language: str | None, country: str | None, available: Sequence[str]) -> str:
    """The language to write in: the person's own, else one of their country, else the first."""
    own = (prospect_language or "").strip().lower()[:2]
    spoken = SPOKEN.get(countries.code_of(country) or "", ())
    return next((one for one in (own, *spoken) if one in available), available[0])


def template_of(text: str, name: str, language: str, search_path: Sequence[Path] = ()) -> Template:
    """The template behind a text of a step, in the language under which it stands. Raises
    `TemplateError`."""
    return replace(template.parse(text, name, name, search_path), language=language)


def check(steps: Sequence[Step], search_path: Sequence[Path] = ()) -> tuple[StepProblem, ...]:
    """All that is wrong with a series, in its order; nothing where it can be used. Snippets are
    looked for on the search path."""
    if not 0 < len(steps) <= MOST_STEPS:
        return (StepProblem(1, "", "", 1, 1, f"a series has 1 to {MOST_STEPS} steps; not {len(steps)}"),)
    return tuple(
        problem
        for number, step in enumerate(steps, start=1)
        for problem in _of_step(number, step, search_path)
    )


def _of_step(number: int, step: Step, search_path: Sequence[Path]) -> Iterator[StepProblem]:
    least = 1 if number > 1 else 0
    most = LONGEST_WAIT if number > 1 else 0
    if not least <= step.wait <= most:
        wait = f"the wait is {least} to {most} working days" if most else "the first mail waits for nothing"
        yield StepProblem(number, "", "", 1, 1, f"{wait}; not {step.wait}")
    if not 0 < len(step.variants) <= MOST_VARIANTS:
        yield StepProblem(number, "", "", 1, 1, f"a step has 1 to {MOST_VARIANTS} variants")
    if len(set(step.names)) < len(step.names):
        yield StepProblem(number, "", "", 1, 1, "two variants have the same name; call one otherwise")
    for variant in step.variants:
        yield from _of_variant(number, variant, search_path)


def _of_variant(number: int, variant: Variant, search_path: Sequence[Path]) -> Iterator[StepProblem]:
    if not _NAME.fullmatch(variant.name):
        message = "a variant's name has 1 to 20 letters, digits and blanks, such as A"
        yield StepProblem(number, variant.name[:20], "", 1, 1, message)
    if not variant.texts:
        yield StepProblem(number, variant.name, "", 1, 1, "there is no text yet; write one")
    for language, text in variant.texts.items():
        yield from _of_text(number, variant.name, language, text, search_path)


def _of_text(
    number: int, variant: str, language: str, text: str, search_path: Sequence[Path]
) -> Iterator[StepProblem]:
    if language not in LANGUAGES:
        message = f"the language is one of {', '.join(LANGUAGES)}"
        yield StepProblem(number, variant, language[:20], 1, 1, message)
        return
    name = f"step-{number}"
    if wrong := template.problems(text, name, name, search_path):
        for error in wrong:
            yield StepProblem(number, variant, language, error.line or 1, error.column or 1, error.message)
        return
    read = template_of(text, name, language, search_path)
    if read.action != "email":
        yield StepProblem(number, variant, language, 1, 1, "a campaign sends mail; delete the Action header")
    if number == 1 and not read.subject:
        message = "the first mail needs a line `Subject: …` at its top, then an empty line"
        yield StepProblem(number, variant, language, 1, 1, message)
    if not read.body.strip():
        yield StepProblem(number, variant, language, 1, 1, "there is no text below the headers; write one")
