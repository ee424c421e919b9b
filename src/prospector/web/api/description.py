"""The description of the API: OpenAPI for programs, and a page of it for people without any script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from prospector.web.rendering import page
from prospector.web.viewer import Signed

router = APIRouter(include_in_schema=False)
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the page: what is asked, with what, and what comes back."""

    method: str
    path: str
    summary: str
    detail: str
    parameters: tuple[tuple[str, str, bool, str], ...]
    body: tuple[tuple[str, str, bool], ...]
    answers: tuple[tuple[str, str], ...]


@router.get("/api/openapi.json")
def openapi(request: Request, viewer: Signed) -> dict[str, Any]:
    description: dict[str, Any] = request.app.openapi()
    return description


@router.get("/api/docs")
def docs(request: Request, viewer: Signed) -> Response:
    described = request.app.openapi()
    return page(request, viewer, "api-docs.html", groups=_grouped(routes(described)))


def routes(described: Mapping[str, Any]) -> Iterator[Route]:
    """Every route of an OpenAPI 3 description, in its order."""
    schemas = described.get("components", {}).get("schemas", {})
    for path, operations in described.get("paths", {}).items():
        for method in METHODS:
            if method in operations:
                yield _route(method, path, operations[method], schemas)


def _route(method: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Route:
    parameters = tuple(
        (one["name"], _kind(one.get("schema", {})), bool(one.get("required")), one.get("description", ""))
        for one in operation.get("parameters", ())
    )
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    answers = operation.get("responses", {})
    return Route(
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        detail=operation.get("description", ""),
        parameters=parameters,
        body=tuple(_fields(content.get("schema", {}), schemas)),
        answers=tuple((str(status), answer.get("description", "")) for status, answer in answers.items()),
    )


def _fields(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    schema = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
    for name, value in schema.get("properties", {}).items():
        yield name, _kind(value), name in schema.get("required", ())


def _kind(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(str(one) for one in schema["enum"])
    return str(schema.get("format") or schema.get("type") or schema.get("$ref", "").rpartition("/")[2])


def _grouped(found: Iterator[Route]) -> dict[str, list[Route]]:
    groups: dict[str, list[Route]] = {}
    for route in found:
        groups.setdefault(route.path.split("/")[2], []).append(route)
    return groups
