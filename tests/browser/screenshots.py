"""Pictures of every page in every look, over the sandbox's people: `make screenshots`.

    .venv/bin/python -m tests.browser.screenshots [FOLDER] [--only PART]

All go to .screenshots/ (not in git); those of the queue and of a person also to docs/screenshots/,
where a person looks at each change of them.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import time_machine
from playwright.sync_api import sync_playwright
from tests.browser import places, world
from tests.browser.conftest import CHROMIUM, QUIET, Site
from tests.browser.serving import Slow, serving

from prospector.installation import open_installation
from prospector.web import create_app
from prospector.web.states import STATES

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "screenshots"
SIZES = {"390": (390, 844), "1400": (1400, 900)}
WIDEST = {"1920": (1920, 1080)}
KEEP = ("card-1400", "card-390-light", "queue-390-light", "prospect-1400-light", "prospect-390-light")
ONE_OF = {
    "/p/{prospect_id}": "prospect",
    "/c/{company_id}": "company",
    "/queue/{card_id}": "card",
    "/m/{campaign_id}": "campaign",
}


def name_of(template: str) -> str:
    """A file's name for an address: `/p/{prospect_id}/edit` becomes `prospect-edit`."""
    for address, word in ONE_OF.items():
        template = template.replace(address, f"/{word}")
    parts = [part for part in template.split("/") if part and not part.startswith("{")]
    return "-".join(parts) or "front"


@contextmanager
def sandbox() -> Iterator[Site]:
    """The app over a sandbox of its own."""
    folder = Path(tempfile.mkdtemp(prefix="prospector-screenshots-")) / "workspace"
    with sync_playwright() as playwright, time_machine.travel(world.START, tick=True):
        world.make_world(folder)
        opened = open_installation(folder)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        slow = Slow(create_app(opened, dev=True))
        with serving(slow) as address:
            yield Site(opened, slow, address, browser)
            browser.close()
        opened.close()
    shutil.rmtree(folder.parent)


def shoot(site: Site, folder: Path, only: str) -> Iterator[Path]:
    """Every page in every look."""
    for scheme in ("light", "dark"):
        for width, size in (SIZES | WIDEST).items():
            page = site.view(size, scheme).context.new_page()
            for template in places.templates(site.slow.app):
                name = name_of(template)
                if (width in WIDEST and name != "queue") or template in ("/", "/login"):
                    continue
                for path in places.filled(site.opened, template):
                    if only not in name:
                        continue
                    page.goto(path)
                    page.mouse.move(0, 0)
                    file = folder / f"{name}-{width}-{scheme}.png"
                    page.screenshot(path=file, animations="disabled", caret="hide")
                    yield file


def shoot_states(site: Site, folder: Path, only: str) -> Iterator[Path]:
    """Every state of /dev/states, one after the other; what one has changed, the next begins with."""
    for state in reversed(STATES):  # the one that empties the queue comes last
        if only not in f"state-{state.name}":
            continue
        page = site.view().open("/dev/states")
        page.get_by_role("button", name=state.title).click()
        page.wait_for_load_state()
        for scheme in ("light", "dark"):
            for width, size in SIZES.items():
                seen = site.view(size, scheme).open(page.url)
                file = folder / f"state-{state.name}-{width}-{scheme}.png"
                seen.screenshot(path=file, animations="disabled", caret="hide")
                yield file


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", nargs="?", type=Path, default=ROOT / ".screenshots")
    options.add_argument("--only", default="", help="part of a page's name")
    chosen = options.parse_args()
    chosen.folder.mkdir(exist_ok=True)
    KEPT.mkdir(exist_ok=True)
    with sandbox() as site:
        for file in chain(
            shoot(site, chosen.folder, chosen.only), shoot_states(site, chosen.folder, chosen.only)
        ):
            print(file)
            if file.stem.startswith(KEEP):
                shutil.copyfile(file, KEPT / file.name)


if __name__ == "__main__":
    main()
