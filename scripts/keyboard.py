"""Writes docs/keyboard.md from the one table of keys."""

from __future__ import annotations

from pathlib import Path

from prospector.web import keymap

PAGE = Path(__file__).parents[1] / "docs" / "keyboard.md"

if __name__ == "__main__":
    PAGE.write_text(keymap.markdown(), encoding="utf-8")
