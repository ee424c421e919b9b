"""The files that pages load: few, small, named by their content, and those of others as they were fetched."""

from __future__ import annotations

import gzip
import hashlib
import re
import tomllib

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from prospector.web import assets

MOST = 35_000 + 25_000
VENDOR = assets.STATIC / "vendor"


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    app.include_router(assets.router)
    return TestClient(app)


@pytest.mark.parametrize("name", sorted(assets.assets()))
def test_a_file_may_be_kept_for_ever_under_its_own_name(client: TestClient, name: str) -> None:
    answer = client.get(assets.path_of(name))
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert hashlib.sha256(answer.content).hexdigest().startswith(assets.assets()[name].digest)


def test_an_old_name_gives_the_new_content_and_is_not_kept(client: TestClient) -> None:
    answer = client.get("/static/0000000000000000/app.css")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize("name", ["nothing.js", "vendored.toml", "..%2fassets.py", "htmx.min.js.LICENSE"])
def test_nothing_else_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/static/0000000000000000/{name}").status_code == 404


def test_who_cannot_unpack_gets_it_plain(client: TestClient) -> None:
    packed = client.get(assets.path_of("app.js"), headers={"accept-encoding": "gzip"})
    plain = client.get(assets.path_of("app.js"), headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content


@pytest.mark.parametrize("own", [(), ("queue.js",), ("campaigns.css",), ("campaigns.css", "review.js")])
def test_the_files_of_a_page_leave_room_for_it(own: tuple[str, ...]) -> None:
    packed = {name: len(assets.assets()[name].packed) for name in ("app.css", "app.js", "icons.svg", *own)}
    assert sum(packed.values()) <= MOST - 12_000, packed


def test_what_is_vendored_is_what_was_fetched() -> None:
    noted = tomllib.loads((VENDOR / "vendored.toml").read_text(encoding="utf-8"))
    files = {file.name for file in VENDOR.iterdir() if file.suffix in assets.TYPES}
    assert files == set(noted)
    for name, entry in noted.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == entry["sha256"], name
        assert (VENDOR / f"{name}.LICENSE").read_text(encoding="utf-8").strip(), name


def test_a_lean_file_keeps_all_that_is_not_said_to_its_authors() -> None:
    text = "/* Why. */\n@layer a {\n  b { c: d; } /* stays */\n\n  // gone\n  e('//x');\n}"
    assert assets.lean(text) == "@layer a {\nb { c: d; } /* stays */\ne('//x');\n}"


def test_no_file_asks_another_host_for_anything() -> None:
    ours = [*(assets.STATIC / "styles").rglob("*.css"), *(assets.STATIC / "scripts").rglob("*.js")]
    for file in ours:
        text = file.read_text(encoding="utf-8")
        assert not re.search(
            r"@import|url\(\s*['\"]?(?:https?:)?//|(?:fetch|open)\(['\"](?:https?:)?//", text
        ), file.name


def test_each_style_and_script_is_in_what_is_served() -> None:
    served = {
        suffix: [one.plain.decode() for name, one in assets.assets().items() if name.endswith(suffix)]
        for suffix in (".css", ".js")
    }
    for folder, suffix in (("styles", ".css"), ("scripts", ".js")):
        for file in (assets.STATIC / folder).rglob(f"*{suffix}"):
            text = assets.lean(file.read_text(encoding="utf-8"))
            assert sum(text in whole for whole in served[suffix]) == 1, file.name
    script, css = assets.assets()["app.js"].plain.decode(), assets.assets()["app.css"]
    assert script.index("KEYMAP =") < script.index("const prospector =")
    assert gzip.decompress(css.packed) == css.plain
