"""The OpenAPI document, made to tell the truth about errors: the framework describes a shape that is never sent."""

from typing import Any

from fastapi import FastAPI

from app.errors import CATALOGUE
from app.idempotency import REPLAYED
from app.problems import MEDIA_TYPE

_TEXT = {"type": "string"}
_MAYBE_TEXT = {"type": ["string", "null"]}
FIELD_ERROR = {
    "type": "object",
    "required": ["pointer", "code", "message", "fix"],
    "properties": {
        "pointer": {**_TEXT, "description": "JSON pointer into the body, or the parameter's name after a slash"},
        "code": _TEXT,
        "message": _TEXT,
        "fix": _MAYBE_TEXT,
    },
}
PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details. A code may bring members of its own, such as `current`.",
    "required": ["type", "code", "title", "status", "detail", "fix", "request_id", "doc_url", "errors"],
    "properties": {
        "type": _TEXT,
        "code": {**_TEXT, "enum": sorted(CATALOGUE)},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _MAYBE_TEXT,
        "fix": _TEXT,
        "request_id": _TEXT,
        "doc_url": _TEXT,
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
    },
}
REPLAY_HEADER = {
    "description": "Sent where the same request came before under this Idempotency-Key: nothing was made this time",
    "schema": {"type": "string", "const": "true"},
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The document of the application, with every error response as it is sent."""
    document = FastAPI.openapi(app)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    if "Problem" in schemas:
        return document
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= {"Problem": PROBLEM, "FieldError": FIELD_ERROR}
    for path in document.get("paths", {}).values():
        for method, operation in path.items():
            _tell_errors(method, operation)
    return document


def _tell_errors(method: str, operation: dict[str, Any]) -> None:
    parameters, body = operation.get("parameters", []), "requestBody" in operation
    statuses = {
        "400": body,
        "401": "security" in operation,
        "403": "security" in operation,
        "404": any(parameter["in"] == "path" for parameter in parameters),
        "409": method != "get",
        "413": body,
        "415": body,
        "422": body or bool(parameters),
        "default": True,
    }
    if any(parameter["name"] == "idempotency-key" for parameter in parameters):
        done = next(status for status in operation["responses"] if status.startswith("2"))
        operation["responses"][done]["headers"] = {REPLAYED: REPLAY_HEADER}
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, possible in statuses.items():
        if possible:
            operation["responses"][status] = {"description": "Problem", "content": content}
