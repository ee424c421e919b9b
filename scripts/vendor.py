"""Fetch what the web pages carry from elsewhere, once and by hand: `python scripts/vendor.py`.

`npm pack` gives each package at its version; the files are copied to static/vendor, the icons that
are named here into one sprite, and vendored.toml notes version, licence and SHA-256 of each. A test
compares them (tests/web/test_assets.py). No build step needs this, nor npm.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

STATIC = Path(__file__).parents[1] / "src" / "prospector" / "web" / "static"
FILES = {
    "htmx.org@2.0.11": ("dist/htmx.min.js", "htmx.min.js"),
    "idiomorph@0.8.0": ("dist/idiomorph-ext.min.js", "idiomorph-ext.min.js"),
}
TABLER = "@tabler/icons@3.51.0"
ICON_NAMES = """
activity adjustments alert-triangle archive arrow-back-up arrow-left arrow-right ban bolt brand-bluesky
brand-github brand-linkedin brand-mastodon brand-x brand-youtube building calendar chart-bar check
chevron-down chevron-right circle-check clock copy database dots download external-link eye-off filter
hand-stop heart help-circle history hourglass inbox info-circle key keyboard language layout-kanban link
list-check lock login-2 logout mail message message-reply moon note pencil phone player-pause player-play
plug plus question-mark quote refresh repeat rss search send settings shield star sun switch-horizontal tag
trash user user-check user-plus user-question user-x users world x
"""
BRAND = (
    '<path d="M12 2 22 9 12 22 2 9z" fill="#b7791f"/><path d="M2 9h20L12 22z" fill="#000" opacity=".18"/>'
    '<path d="M8 9 12 2l4 7-4 13z" fill="#fff" opacity=".28"/>'
)


def packed(package: str, folder: Path) -> tarfile.TarFile:
    """The archive that npm gives for a package."""
    answer = subprocess.run(
        ["npm", "pack", "--json", package], cwd=folder, check=True, capture_output=True, text=True
    )
    return tarfile.open(folder / json.loads(answer.stdout)[0]["filename"])


def content(archive: tarfile.TarFile, path: str) -> bytes:
    file = archive.extractfile(f"package/{path}")
    assert file is not None, path
    return file.read()


def sprite(archive: tarfile.TarFile) -> bytes:
    """All icons as symbols; opened by itself the file shows our mark, so that it is the page's icon too."""
    symbols = []
    for name in sorted(ICON_NAMES.split()):
        drawing = content(archive, f"icons/outline/{name}.svg").decode()
        paths = "".join(re.findall(r"<(?:path|circle|rect|line)[^>]*/>", drawing))
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{paths}</symbol>')
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
    brand = f'<symbol id="brand" viewBox="0 0 24 24">{BRAND}</symbol>'
    return (head + BRAND + brand + "".join(symbols) + "</svg>\n").encode()


def main() -> None:
    noted = ["# Written by scripts/vendor.py; a test holds it against the files.\n"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for package, (path, target) in FILES.items():
            noted.append(note(package, target, packed(package, folder), content_path=path))
        noted.append(note(TABLER, "icons.svg", packed(TABLER, folder), content_path=None))
    (STATIC / "vendor" / "vendored.toml").write_text("\n".join(noted), encoding="utf-8")


def note(package: str, target: str, archive: tarfile.TarFile, content_path: str | None) -> str:
    """Write one file and its licence beside it; the table that tells of it."""
    data = sprite(archive) if content_path is None else content(archive, content_path)
    licence = json.loads(content(archive, "package.json"))["license"]
    (STATIC / "vendor" / target).write_bytes(data)
    (STATIC / "vendor" / f"{target}.LICENSE").write_bytes(content(archive, "LICENSE"))
    name, _, version = package.rpartition("@")
    digest = hashlib.sha256(data).hexdigest()
    values = {"package": name, "version": version, "licence": licence, "sha256": digest}
    return "\n".join([f'["{target}"]', *(f'{key} = "{value}"' for key, value in values.items()), ""])


if __name__ == "__main__":
    main()
