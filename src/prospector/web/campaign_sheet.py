"""A series of texts as a form holds it: fields by step, variant and language, and what its buttons do.

Everything here is pure. A browser without script sends the whole form with each button, so the sheet is
read from it, changed by what the button says, and shown again; only "save" keeps anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from prospector.campaigns.steps import MOST_STEPS, MOST_VARIANTS, Step, StepProblem, Variant
from prospector.outreach.wording import LANGUAGES

LETTERS = ("A", "B", "C")
OFFSET = 2
"""Lines of a stored text before its body: one header and the blank line."""
USUAL_WAIT = "3"
LONGEST = 20_000


class SheetError(Exception):
    """A button asks for what the sheet does not have; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One text: where it belongs, and its two fields. `step` counts from 1."""

    step: int
    variant: str
    language: str
    subject: str = ""
    body: str = ""

    @property
    def key(self) -> str:
        """Its name within the page."""
        return f"{self.step}-{self.variant}-{self.language}"


@dataclass(frozen=True, slots=True)
class Series:
    """All fields of the form. `waits` are as they were typed, one for each step."""

    waits: tuple[str, ...]
    sheets: tuple[Sheet, ...]

    def of(self, step: int) -> tuple[Sheet, ...]:
        return tuple(sheet for sheet in self.sheets if sheet.step == step)

    def names(self, step: int) -> tuple[str, ...]:
        return tuple(dict.fromkeys(sheet.variant for sheet in self.of(step)))

    def languages(self, step: int, variant: str) -> tuple[str, ...]:
        return tuple(sheet.language for sheet in self.of(step) if sheet.variant == variant)

    def free_languages(self, step: int, variant: str) -> tuple[str, ...]:
        """The languages that this variant has no text in yet."""
        used = self.languages(step, variant)
        return tuple(language for language in sorted(LANGUAGES) if language not in used)


EMPTY = Series(("0",), (Sheet(1, "A", "en"),))


def series_of(steps: Sequence[Step]) -> Series:
    """The fields for stored steps."""
    sheets = [
        Sheet(number, variant.name, language, *parts_of(text))
        for number, step in enumerate(steps, start=1)
        for variant in step.variants
        for language, text in variant.texts.items()
    ]
    return Series(tuple(str(step.wait) for step in steps), tuple(sheets)) if sheets else EMPTY


def read(
    waits: Sequence[str],
    step: Sequence[int],
    variant: Sequence[str],
    language: Sequence[str],
    subject: Sequence[str],
    body: Sequence[str],
) -> Series:
    """The series that a form has sent: lists in step with each other. Raises `SheetError`."""
    if not len(step) == len(variant) == len(language) == len(subject) == len(body) > 0:
        raise SheetError("This form did not arrive whole. Open the page again.")
    sheets = []
    for number, name, tongue, title, text in zip(step, variant, language, subject, body, strict=True):
        if not 0 < number <= len(waits) <= MOST_STEPS or name not in LETTERS or tongue not in LANGUAGES:
            raise SheetError("This form names a text that there is not. Open the page again.")
        sheets.append(Sheet(number, name, tongue, " ".join(title.split()), text[:LONGEST]))
    if {sheet.step for sheet in sheets} != set(range(1, len(waits) + 1)):
        raise SheetError("A step has no text. Open the page again.")
    return Series(tuple(waits), tuple(dict.fromkeys(sheets)))


def steps_of(series: Series) -> tuple[Step, ...]:
    """The steps to be stored. Raises `SheetError` for a wait that is no number."""
    return tuple(_step(series, number) for number in range(1, len(series.waits) + 1))


def _step(series: Series, number: int) -> Step:
    sheets = series.of(number)
    variants = tuple(
        Variant(name, {one.language: text_of(one) for one in sheets if one.variant == name})
        for name in series.names(number)
    )
    return Step(_days(series.waits[number - 1]) if number > 1 else 0, variants)


def text_of(sheet: Sheet) -> str:
    """As a template file: one header, a blank line, the body."""
    header = f"Subject: {sheet.subject}" if sheet.subject else f"Language: {sheet.language}"
    return f"{header}\n\n{sheet.body.replace(chr(13), '').strip(chr(10))}"


def parts_of(text: str) -> tuple[str, str]:
    """Subject and body of a template file; its other headers belong to a library, not to a campaign."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    named = (row.partition(":") for row in head.split("\n"))
    subject = next((value.strip() for name, _, value in named if name.strip().lower() == "subject"), "")
    return subject, body.strip("\n")


# --- what the buttons do ------------------------------------------------------------------------


def changed(series: Series, act: str) -> Series:
    """The series after a button such as `add-step`, `add-variant:1`, `add-language:1:A:de`,
    `drop-step:2`, `drop-variant:1:B` or `drop-language:1:A:de`. Raises `SheetError`."""
    name, *rest = act.split(":")
    try:
        match name, rest:
            case "add-step", []:
                return add_step(series)
            case "drop-step", [step]:
                return drop_step(series, int(step))
            case "add-variant", [step]:
                return add_variant(series, int(step))
            case "drop-variant", [step, variant]:
                return _without(series, lambda one: (one.step, one.variant) != (int(step), variant))
            case "add-language", [step, variant, language]:
                return add_language(series, int(step), variant, language)
            case "drop-language", [step, variant, language]:
                kept = (int(step), variant, language)
                return _without(series, lambda one: (one.step, one.variant, one.language) != kept)
    except ValueError:
        pass
    raise SheetError("There is no such button. Open the page again.")


def add_step(series: Series) -> Series:
    """One more mail: a follow-up in the same languages, its subject that of the thread."""
    number = len(series.waits) + 1
    if number > MOST_STEPS:
        raise SheetError(f"A series has at most {MOST_STEPS} mails; leave it at these.")
    first = [sheet for sheet in series.of(1) if sheet.variant == series.names(1)[0]]
    added = [Sheet(number, "A", sheet.language) for sheet in first]
    return Series((*series.waits, USUAL_WAIT), (*series.sheets, *added))


def drop_step(series: Series, number: int) -> Series:
    if not 1 < number <= len(series.waits):
        raise SheetError("The first mail stays; the others can be taken out.")
    waits = tuple(wait for place, wait in enumerate(series.waits, start=1) if place != number)
    kept = [sheet for sheet in series.sheets if sheet.step != number]
    moved = [replace(one, step=one.step - 1) if one.step > number else one for one in kept]
    return Series(waits, tuple(moved))


def add_variant(series: Series, number: int) -> Series:
    """Another arm of a trial, with the text of the first to begin with."""
    names = series.names(number)
    free = [letter for letter in LETTERS if letter not in names]
    if not names or not free or len(names) >= MOST_VARIANTS:
        raise SheetError(f"A step has at most {MOST_VARIANTS} variants; take one out first.")
    copied = [replace(one, variant=free[0]) for one in series.of(number) if one.variant == names[0]]
    return _sorted(series, (*series.sheets, *copied))


def add_language(series: Series, number: int, variant: str, language: str) -> Series:
    if language not in series.free_languages(number, variant) or variant not in series.names(number):
        raise SheetError("Choose a language that this text is not in yet.")
    return _sorted(series, (*series.sheets, Sheet(number, variant, language)))


def _without(series: Series, keep: object) -> Series:
    kept = tuple(one for one in series.sheets if keep(one))  # type: ignore[operator]
    if {one.step for one in kept} != {one.step for one in series.sheets}:
        raise SheetError("A step needs a text; this is its last.")
    return replace(series, sheets=kept)


def _sorted(series: Series, sheets: Iterable[Sheet]) -> Series:
    """By step and variant; languages in the order in which they came, since the first is for everybody."""
    return replace(series, sheets=tuple(sorted(sheets, key=lambda one: (one.step, one.variant))))


def _days(given: str) -> int:
    if not given.strip().isdecimal() or len(given.strip()) > 3:
        raise SheetError(f'"{given.strip()[:20]}" is no number of working days; write one such as 3.')
    return int(given)


# --- what is wrong, beside its field ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Placed:
    """A problem beside its field: `line` counts within the body, and is 0 in the subject."""

    line: int
    column: int
    message: str


def placed(problems: Iterable[StepProblem]) -> Mapping[str, list[Placed]]:
    """What is wrong by the key of the text it is in; what concerns no text stands under ``."""
    found: dict[str, list[Placed]] = {}
    for one in problems:
        key = f"{one.step}-{one.variant}-{one.language}" if one.variant and one.language else ""
        line = max(0, one.line - OFFSET)
        found.setdefault(key, []).append(Placed(line, one.column if line or key else 0, one.message))
    return found
