"""The numbers behind the criteria of the interface, to be shown beside the wanted ones at the end."""

from __future__ import annotations

from dataclasses import dataclass

NOTED: list[Number] = []


@dataclass(frozen=True, slots=True)
class Number:
    """One measured criterion. `order` is its number in the design."""

    order: str
    what: str
    found: str
    wanted: str
    met: bool

    def line(self) -> str:
        verdict = "" if self.met else "  MISSED"
        return f"{self.order:>3}  {self.what}: {self.found} (wanted {self.wanted}){verdict}"


def note(order: str, what: str, found: object, wanted: str, met: bool) -> bool:
    """Keep a number for the table, and say whether it is as wanted: to be asserted."""
    NOTED.append(Number(order, what, str(found), wanted, met))
    return met


def at_most(order: str, what: str, found: float, most: float, unit: str = "") -> bool:
    shown = f"{found:g}" if isinstance(found, int) else f"{found:.1f}"
    return note(order, what, f"{shown}{unit}", f"<= {most:g}{unit}", found <= most)


def none_of(order: str, what: str, found: list[str]) -> bool:
    """That there is nothing of a kind; the first few are shown where there is."""
    shown = f"{len(found)}: {'; '.join(found[:3])}" if found else "0"
    return note(order, what, shown, "0", not found)


def table() -> list[str]:
    """All lines in the order of the criteria."""
    return [one.line() for one in sorted(NOTED, key=lambda one: (_number(one.order), one.what))]


def _number(order: str) -> tuple[int, str]:
    digits = "".join(character for character in order if character.isdigit())
    return int(digits or 99), order
