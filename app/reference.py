"""`/docs`: the API for people, made from the document that programs read. No script, nothing from elsewhere."""

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from app.web.pages import page

Json = dict[str, Any]


def reference(request: Request) -> HTMLResponse:
    """Every address with what it takes and answers, then the form of everything that is sent."""
    document = request.app.openapi()
    groups: dict[str, list[Json]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            groups.setdefault(operation.get("tags", ["other"])[0], []).append(_operation(method, path, operation))
    schemas = document["components"]["schemas"]
    context = {
        "groups": groups,
        "schemas": [{"name": name, **_schema(schema)} for name, schema in sorted(schemas.items())],
    }
    return page(request, "web/docs.html", context)


def _operation(method: str, path: str, operation: Json) -> Json:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    return {
        "method": method.upper(),
        "path": path,
        "says": operation.get("description", operation.get("summary", "")),
        "parameters": [
            {"name": p["name"], "in": p["in"], "required": p.get("required", False), "says": p.get("description", "")}
            | {"type": _type(p.get("schema", {}))}
            for p in operation.get("parameters", [])
        ],
        "body": None if body is None else _type(body),
        "responses": [
            (status, " or ".join(_type(kind.get("schema", {})) for kind in found.get("content", {}).values()))
            for status, found in operation["responses"].items()
            if status.startswith("2")
        ],
        "refusals": [status for status in operation["responses"] if status.startswith(("4", "5"))],
    }


def _schema(schema: Json) -> Json:
    required = set(schema.get("required", ()))
    return {
        "says": schema.get("description", ""),
        "values": schema.get("enum", []),
        "members": [
            {"name": name, "type": _type(part), "required": name in required, "says": part.get("description", "")}
            for name, part in schema.get("properties", {}).items()
        ],
    }


def _type(schema: Json) -> str:
    """A schema in a word or two; a schema with a name is called by it."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(part) for part in schema["anyOf"]))
    if "const" in schema or "enum" in schema:
        return " | ".join(str(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        inner = schema.get("prefixItems") or [schema.get("items", {})]
        return f"[{', '.join(_type(part) for part in inner)}]"
    return str(schema.get("format") or schema.get("type", "anything"))
