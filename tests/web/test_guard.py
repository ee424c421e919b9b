"""X6: no other site can make a browser of ours change anything, by any route; what else is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from tests.office import START
from tests.signed import HOME, PASSWORD, browser, program, token
from tests.web.world import World, counted, every_route, world
from tests.web.world import given as fields

from prospector.config import Web
from prospector.web.guard import HEADERS, MOST_BODY
from prospector.web.refusals import SAFE, Asked, Refusal, Served, refusal

HERE = Served.of(Web())
PROXIED = Served.of(Web(url="https://p.example.com"))
ANYWHERE = Served.of(Web(host="192.168.1.7"))
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def team(sqlite_template: Path, tmp_path: Path) -> Iterator[World]:
    with time_machine.travel(START):
        yield from world(sqlite_template, tmp_path)


def asked(served: Served = HERE, **more: str) -> Refusal | None:
    """What becomes of a form that our own page sends, but for these headers; `-` takes one away."""
    given = {"host": "127.0.0.1:8787", "origin": HOME, "content-type": FORM, "content-length": "3"}
    method, path = more.pop("method", "POST"), more.pop("path", "/done")
    query, scheme = more.pop("query", ""), more.pop("scheme", "http")
    headers = {**given, **{name.replace("_", "-"): value for name, value in more.items()}}
    return refusal(Asked(method, scheme, path, query, {k: v for k, v in headers.items() if v != "-"}), served)


FOREIGN = {
    "another site": {"origin": "https://evil.example"},
    "another port": {"origin": "http://127.0.0.1:8788"},
    "another scheme": {"origin": "https://127.0.0.1:8787"},
    "a longer name": {"origin": "http://127.0.0.1:8787.evil.example"},
    "a sandboxed frame": {"origin": "null"},
    "nothing at all": {"origin": "-"},
    "an empty origin": {"origin": ""},
    "cross-site, whatever the origin": {"sec_fetch_site": "cross-site"},
    "same-site, which is another host": {"sec_fetch_site": "same-site"},
    "an unknown word": {"sec_fetch_site": "SAME-ORIGIN"},
    "cross-site without origin": {"origin": "-", "sec_fetch_site": "cross-site"},
    "a program's sign on a page": {"origin": "-", "authorization": "Bearer x"},
    "a program's sign from another site": {
        "path": "/api/x",
        "origin": "https://evil.example",
        "authorization": "Bearer x",
    },
    "no bearer": {"path": "/api/x", "origin": "-", "authorization": "Basic x"},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN.keys())
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "QUERY", "post"])
def test_what_is_not_asked_by_our_own_page_is_refused(method: str, headers: dict[str, str]) -> None:
    refused = asked(method=method, **headers)
    assert refused is not None
    assert (refused.status, "another site" in refused.sentence) == (403, True)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "same-origin"},
        {"origin": "-", "sec_fetch_site": "same-origin"},
        {"host": "localhost:8787", "origin": "http://localhost:8787"},
        {"host": "[::1]:8787", "origin": "http://[::1]:8787"},
        {"path": "/api/x", "origin": "-", "authorization": "Bearer x", "content_type": "application/json"},
        {"content_type": "multipart/form-data; boundary=x"},
        {"content_type": "-", "content_length": "0"},
        {"content_type": "-", "content_length": "-"},
    ],
)
def test_our_own_pages_and_programs_pass(headers: dict[str, str]) -> None:
    assert asked(**headers) is None


def test_behind_a_proxy_its_address_is_ours_over_https_alone() -> None:
    there = {"host": "p.example.com", "origin": "https://p.example.com"}
    assert asked(PROXIED, **there) is None
    assert asked(PROXIED, **there, scheme="https") is None
    assert asked(PROXIED, host="p.example.com", origin="http://p.example.com") is not None
    assert asked(PROXIED) is None, "this machine's own name still works"
    assert asked(PROXIED, host="other.example.com", origin="https://other.example.com") is not None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8787",
        "evil@127.0.0.1",
        "127.0.0.1/x",
        "-",
        "[::1",
        "[::::]",
        "[1.2.3.4]",
        "127.0.0.1:x",
        "127.1",
        "2130706433",
        "0.0.0.0",
    ],
)
def test_another_name_for_this_machine_is_refused(host: str) -> None:
    for method in ("GET", "POST"):
        refused = asked(method=method, host=host, origin=f"http://{host}")
        assert refused is not None
        assert refused.status == 403


def test_on_a_network_any_name_is_served_but_origin_and_host_must_agree() -> None:
    assert asked(ANYWHERE, host="desk.lan:8787", origin="http://desk.lan:8787") is None
    assert asked(ANYWHERE, host="desk.lan:8787", origin="http://evil.example") is not None


@pytest.mark.parametrize(
    ("charset", "taken"),
    [
        ("charset=utf-8", True),
        ('charset="UTF-8"', True),
        ("charset=utf-7", False),
        ('Charset = "unicode_escape"', False),
        ("charset*=utf-8''utf-16", False),
        ("charset=utf-8; charset=rot13", False),
    ],
)
def test_a_form_comes_in_one_charset(charset: str, taken: bool) -> None:
    """In UTF-7, `+AAA-` is a NUL, which the search for one in the body does not find."""
    refused = asked(content_type=f"multipart/form-data; boundary=B; {charset}")
    assert (refused is None) == taken
    assert refused is None or refused.status == 415


@pytest.mark.parametrize("name", ["x-http-method-override", "x-http-method", "x-method-override"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_method_hides_behind_another(method: str, name: str) -> None:
    assert asked(method=method, **{name: "DELETE"}) is not None
    assert asked(method=method, query="_method=DELETE") is not None
    assert asked(method=method, query="a=1&_method") is None


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/done", "text/plain"),
        ("/done", "application/json"),
        ("/done", "-"),
        ("/api/x", "text/plain"),
        ("/api/x", "text/plain; application/json"),
        ("/api/x", FORM),
        ("/api/x", "multipart/form-data; boundary=x"),
        ("/api/x", "application/jsonp"),
        ("/api/x", "-"),
    ],
)
def test_forms_are_forms_and_json_is_json(path: str, kind: str) -> None:
    refused = asked(path=path, content_type=kind)
    assert refused is not None
    assert refused.status == 415


@given(st.sampled_from(SAFE), st.text(max_size=20), st.text(max_size=20))
def test_reading_needs_no_origin(method: str, origin: str, fetched: str) -> None:
    assert asked(method=method, origin=origin, **{"sec-fetch-site": fetched}) is None


@given(
    st.dictionaries(
        st.sampled_from(["host", "origin", "sec-fetch-site", "authorization"]), st.text(max_size=30)
    )
)
def test_nothing_that_a_browser_sends_breaks_the_gate(headers: dict[str, str]) -> None:
    said = refusal(Asked("POST", "http", "/done", "", headers), HERE)
    if said is None:
        assert headers["origin"].lower() == f"http://{headers['host'].lower()}" or "sec-fetch-site" in headers


# --- the application ----------------------------------------------------------------------------


FROM_ANYWHERE = frozenset({"/u/{token}"})
"""Mail providers post there; the token alone says what is done (tests/web/test_unsubscribe.py)."""


def changing(team: World) -> list[tuple[str, str, str]]:
    """Every route that may change something: method, the route, a path for Rosa's own things."""
    return [
        (method, route.path, team.path(route, team.mine))
        for route in every_route(team.app)
        for method in sorted(route.methods - set(SAFE))
        if route.path not in FROM_ANYWHERE
    ]


def test_no_route_changes_anything_for_another_site(team: World) -> None:
    """X6: each changing route, as a form, as JSON and as JSON that says it is plain text."""
    admin = team.tokens["admin"]
    before, tried = counted(team), 0
    attacks = (
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "none"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": HOME, "Sec-Fetch-Site": "cross-site"},
        {"Origin": HOME, "Sec-Fetch-Site": "same-site"},
    )
    for method, route, path in changing(team):
        body = fields(team.app, route, method, team.mine)
        for headers in attacks:
            client = browser(team.app, admin)
            for content in (
                {"data": body},
                {"json": body},
                {"content": b"{}", "headers": {"content-type": "text/plain"}},
            ):
                more = {**headers, **content.pop("headers", {})}
                answer = client.request(method, path, headers=more, **content)
                assert answer.status_code == 403, (method, route, headers, answer.status_code)
                tried += 1
        bare = browser(team.app, admin)
        del bare.headers["Origin"], bare.headers["Sec-Fetch-Site"]
        assert bare.request(method, path, data=body).status_code == 403, (method, route)
        here = browser(team.app, admin)
        hidden = here.request(method, path, data=body, headers={"X-HTTP-Method-Override": "DELETE"})
        assert hidden.status_code == 403
        plain = here.request(method, path, content=b"{}", headers={"content-type": "text/plain"})
        assert plain.status_code == 415, (method, route)
    assert tried >= 15 * len(changing(team)) > 0
    assert counted(team) == before
    assert browser(team.app, admin).get("/queue").status_code == 200, "nobody was signed out"


def test_another_site_cannot_sign_us_in_as_somebody_else(team: World) -> None:
    """Login CSRF: the victim would work in the attacker's account without seeing it."""
    login = {"email": "theo@us.example", "password": PASSWORD}
    answer = browser(team.app).post("/login", data=login, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    link = token(team.place.store, team.users["other"].id, "link")
    answer = browser(team.app).post(f"/login/link/{link}", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert browser(team.app).post(f"/login/link/{link}").status_code == 303, "the link was not used up"


def test_a_program_needs_no_origin_and_its_token_opens_no_page(team: World) -> None:
    bearer = token(team.place.store, team.users["rep"].id, "api")
    client = program(team.app, bearer)
    assert client.get("/api/tokens").status_code == 200
    assert client.post("/api/tokens", json={"label": "x"}).status_code == 403, "a token makes no token"
    assert client.get("/queue").status_code == 303
    assert program(team.app, "wrong").get("/api/tokens").status_code == 401
    both = browser(team.app, team.tokens["rep"])
    assert both.get("/api/tokens", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert browser(team.app, bearer).get("/queue").status_code == 303, "nor does it stand in a cookie"


def test_a_session_is_no_bearer_token(team: World) -> None:
    assert program(team.app, team.tokens["admin"]).get("/api/tokens").status_code == 401


def test_every_answer_says_what_the_browser_may_do(team: World) -> None:
    client = browser(team.app, team.tokens["rep"])
    for path in ("/queue", "/login", "/nothing-here", "/healthz", "/api/tokens", "/api/nothing"):
        headers = client.get(path).headers
        for name, value in HEADERS.items():
            assert headers[name.lower()] == value
        assert headers["cache-control"] == "no-store", path
        assert "unsafe" not in headers["content-security-policy"]
    refused = client.get("/queue", headers={"Host": "evil.example"})
    assert refused.status_code == 403
    assert refused.headers["x-frame-options"] == "DENY"


def test_too_much_is_refused_before_it_is_read(team: World) -> None:
    client = browser(team.app, team.tokens["rep"])
    assert client.post("/login", data={"email": "x" * MOST_BODY}).status_code == 413
    assert (
        client.post("/login", content=iter([b"x" * 300_000] * 4), headers={"content-type": FORM}).status_code
        == 413
    )
    assert (
        client.post(
            "/login", content=b"x", headers={"content-type": FORM, "content-length": "-1"}
        ).status_code
        == 413
    )
    assert client.post("/login", data={"email": "x" * 1_900, "password": "y"}).status_code == 422


@pytest.mark.parametrize("what", ["/queue?q=%00", "/p/%00"])
def test_a_nul_in_an_address_goes_no_further(team: World, what: str) -> None:
    assert browser(team.app, team.tokens["rep"]).get(what).status_code == 400


def test_a_nul_in_a_form_goes_no_further(team: World) -> None:
    client = browser(team.app, team.tokens["rep"])
    assert client.post("/login", data={"email": "a\x00b"}).status_code == 400
    assert client.post("/api/tokens", json={"label": "a\x00b"}).status_code == 400


def test_what_nobody_foresaw_is_logged_and_not_shown(
    team: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the password=swordfish-canary was wrong")

    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT 1", {"token": "swordfish-canary"}, Exception("could not connect"))

    client = browser(team.app, team.tokens["rep"])
    for failure, status in ((broken, 500), (away, 503)):
        monkeypatch.setattr("prospector.web.door.viewer", failure)
        answer = client.get("/queue")
        said = capsys.readouterr()
        assert answer.status_code == status
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "swordfish" not in answer.text + said.out + said.err
        assert failure.__name__ in said.out + said.err
        assert "Traceback" not in answer.text
