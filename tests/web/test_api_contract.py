"""The API keeps to its own description, whatever it is sent: no failure of ours, and no answer that is
not described, as a rep and as an admin, over a team with people, cards, drafts and strangers.

Schemathesis makes the requests from the description that /api/openapi.json gives, with ids that there
are and that there are not; the application answers in this process.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient
from tests.office import START
from tests.signed import HOME, program, token
from tests.web.world import World, world

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
EXAMPLES = 8
"""Requests for each route and role."""


@pytest.fixture
def team(sqlite_template: Path, tmp_path: Path) -> Iterator[World]:
    with time_machine.travel(START):
        yield from world(sqlite_template, tmp_path)


def operations(team: World) -> list[Any]:
    described = schemathesis.openapi.from_dict(team.app.openapi())
    found = [one.ok() for one in described.get_all_operations()]
    # A file is no JSON, and is brought in tests/web/test_imports.py.
    return [one for one in found if "multipart/form-data" not in one.get_request_payload_content_types()]


def send(client: TestClient, case: Any) -> Any:
    """The answer to a request that schemathesis made."""
    asked = case.as_transport_kwargs(base_url=HOME)
    asked.pop("cookies", None)
    headers = {name: value for name, value in dict(asked.pop("headers")).items() if name.isascii()}
    return client.request(**asked, headers=headers)


@pytest.mark.parametrize("role", ["rep", "admin"])
def test_every_answer_of_the_api_is_described(team: World, role: str) -> None:
    client = program(team.app, token(team.place.store, team.users[role].id, "api"))
    wrong: dict[str, str] = {}
    sent = 0
    for operation in operations(team):

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), chosen=st.sampled_from([team.mine, team.theirs, {}]))
        def ask(case: Any, chosen: dict[str, Any]) -> None:
            nonlocal sent
            ids = {name: chosen[name] for name in case.path_parameters or {} if name in chosen}
            case.path_parameters = {**(case.path_parameters or {}), **ids}
            answer = send(client, case)
            sent += 1
            try:
                case.validate_response(answer, checks=CHECKS)
            except AssertionError as error:
                wrong.setdefault(f"{case.method} {case.path} {answer.status_code}", str(error)[:600])

        ask()
    assert sent > 100
    assert not wrong, "\n\n".join(f"{where}: {why}" for where, why in wrong.items())


def test_every_route_of_the_api_says_who_may_not_and_what_is_not_there(team: World) -> None:
    lacking = []
    for operation in operations(team):
        told = set(operation.definition.raw["responses"])
        wanted = {"401"} | ({"404"} if "{" in operation.path else set())
        lacking += [f"{operation.method} {operation.path} lacks {code}" for code in wanted - told]
    assert lacking == []
