"""What the browser tests bring along is what its list says, with its licence beside it."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

VENDOR = Path(__file__).parent / "vendor"
LISTED = tomllib.loads((VENDOR / "vendored.toml").read_text(encoding="utf-8"))


def test_every_file_is_the_one_that_the_list_names():
    found = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDOR.iterdir()
        if file.suffix == ".js"
    }
    assert found == {name: told["sha256"] for name, told in LISTED.items()}


def test_every_file_has_its_licence_and_tells_its_version():
    for name, told in LISTED.items():
        assert told["licence"] == "MPL-2.0"
        licence = (VENDOR / f"{name}.LICENSE").read_text(encoding="utf-8")
        assert licence.startswith("Mozilla Public License, version 2.0")
        assert f"v{told['version']}" in (VENDOR / name).read_text(encoding="utf-8")[:200]
