"""Every answer that a test gets is held against the published OpenAPI document."""

import re
from functools import cache
from typing import Any

from fastapi import FastAPI
from httpx2 import Response
from jsonschema import Draft202012Validator, FormatChecker

Json = dict[str, Any]

_made: list[Json] = []


def hold_against_document(app: FastAPI, method: str, path: str, answer: Response) -> None:
    """Fail where the document does not announce this status, this type of content, or this body."""
    document = _document(app)
    operation = _operation(document, method.lower(), path.partition("?")[0])
    assert operation is not None, f"{method} {path} is not in the document"
    responses = operation["responses"]
    announced = responses.get(str(answer.status_code)) or (responses["default"] if answer.is_error else None)
    assert announced is not None, f"{method} {path} answered {answer.status_code}, which is not announced"
    content = announced.get("content", {})
    kind = answer.headers.get("content-type", "").partition(";")[0]
    assert kind in content, f"{kind} is not announced for {method} {path}"
    schema = {**content[kind]["schema"], "components": document["components"]}
    errors = list(Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(answer.json()))
    assert not errors, [f"{error.json_path}: {error.message}" for error in errors]


def _document(app: FastAPI) -> Json:
    """The document is of the product, so it is worked out for the first application and serves for all."""
    if not _made:
        _made.append(app.openapi())
    return _made[0]


def _operation(document: Json, method: str, path: str) -> Json | None:
    exact = document["paths"].get(path, {}).get(method)
    if exact is not None:
        return dict(exact)
    for template, operations in document["paths"].items():
        if method in operations and _pattern(template).fullmatch(path):
            return dict(operations[method])
    return None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{[^/]+\\}", "[^/]+", re.escape(template)))
