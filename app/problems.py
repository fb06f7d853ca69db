"""How a refusal leaves: problem details on the API, a page for a person, and on record where someone was denied."""

import html
import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

from app.access.actor import Denied
from app.addresses import allowed
from app.audit.service import record_denied
from app.beds.ledger import Taken
from app.codes import place_of
from app.db import may_be_tried_again
from app.errors import CATALOGUE, FieldError, Problem, conflict, invalid, stale_update

MEDIA_TYPE = "application/problem+json"
BY_STATUS = {
    400: "bad_request",
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}
# What pydantic calls an error, and what we say. Where a limit belongs to the text it is named; the value never is.
FIELD_TEXTS: dict[str, str] = {
    "missing": "This field is required.",
    "extra_forbidden": "This field is not known here.",
    "json_invalid": "The body is not valid JSON.",
    "enum": "Expected one of {expected}.",
    "literal_error": "Expected one of {expected}.",
    "string_type": "Expected text.",
    "string_unicode": "Expected text of whole characters.",
    "string_too_short": "Expected at least {min_length} characters.",
    "string_too_long": "Expected at most {max_length} characters.",
    "string_pattern_mismatch": "This text does not have the form expected here.",
    "int_type": "Expected a whole number.",
    "int_parsing": "Expected a whole number.",
    "int_from_float": "Expected a whole number.",
    "float_type": "Expected a number.",
    "float_parsing": "Expected a number.",
    "bool_type": "Expected true or false.",
    "bool_parsing": "Expected true or false.",
    "list_type": "Expected a list.",
    "dict_type": "Expected an object.",
    "model_type": "Expected an object.",
    "model_attributes_type": "Expected an object.",
    "too_short": "Expected at least {min_length} entries.",
    "too_long": "Expected at most {max_length} entries.",
    "greater_than": "Expected more than {gt}.",
    "greater_than_equal": "Expected {ge} or more.",
    "less_than": "Expected less than {lt}.",
    "less_than_equal": "Expected {le} or less.",
    "date_type": "Expected a date such as 2026-11-21.",
    "date_parsing": "Expected a date such as 2026-11-21.",
    "date_from_datetime_parsing": "Expected a date such as 2026-11-21.",
    "date_from_datetime_inexact": "Expected a date such as 2026-11-21.",
    "datetime_type": "Expected an instant such as 2026-11-21T22:14:00-05:00.",
    "datetime_parsing": "Expected an instant such as 2026-11-21T22:14:00-05:00.",
    "datetime_from_date_parsing": "Expected an instant such as 2026-11-21T22:14:00-05:00.",
    "own_words": "{words}",
    "timezone_aware": "Expected an instant with its offset, such as 2026-11-21T22:14:00-05:00.",
}
FIXES = {
    "missing": "Send it; null where it may be null and is not known.",
    "extra_forbidden": "Leave it out, or see /docs for its name.",
    "json_invalid": "Send one JSON object.",
}
# A clash of a minor's own nights does not say that the minor sleeps elsewhere.
_TAKEN = {"bed": "bed_taken", "minor": "conflict"}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_BUSY = {"55P03", "57014", "57P01", "57P02", "57P03"}


def answer(request: Request, problem: Problem) -> Response:
    """A problem as its reader wants it: a page for a browser outside the API, else JSON."""
    document = problem.document(request.scope.get("request_id", ""))
    wants_page = not request.url.path.startswith("/v1/") and "text/html" in request.headers.get("accept", "")
    if wants_page:
        render: Callable[[Request, dict[str, Any]], str] = getattr(request.app.state, "problem_page", plain_page)
        return HTMLResponse(render(request, document), problem.status, problem.headers)
    return JSONResponse(document, problem.status, problem.headers, MEDIA_TYPE)


def plain_page(_request: Request, document: dict[str, Any]) -> str:
    """The problem for a person, without anything else that could fail."""
    text = {name: html.escape(str(document[name] or "")) for name in ("title", "detail", "fix", "request_id")}
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{text['title']}</title><main><h1>{text['title']}</h1><p>{text['detail']}</p><p>{text['fix']}</p>"
        f'<p>Request {text["request_id"]}</p><p><a href="/">Back to the start</a></p></main></html>'
    )


def install(app: FastAPI) -> None:
    """Answer every exception that has a meaning; the rest is the edge's."""
    app.exception_handler(Problem)(_problem)
    app.exception_handler(RequestValidationError)(_malformed)
    app.exception_handler(HTTPException)(_refused_by_framework)
    app.exception_handler(StaleDataError)(lambda request, _: answer(request, stale_update()))
    app.exception_handler(IntegrityError)(lambda request, _: answer(request, conflict()))
    app.exception_handler(Taken)(lambda request, taken: answer(request, conflict(_TAKEN[taken.what])))
    app.exception_handler(OperationalError)(_database)


def _problem(request: Request, problem: Problem) -> Response:
    if isinstance(problem, Denied):
        record_denied(
            request.app.state.database,
            problem.actor,
            problem.action,
            problem.subject_kind,
            problem.subject_id,
            reason=problem.reason,
            request_id=request.scope.get("request_id"),
        )
    return answer(request, problem)


def _malformed(request: Request, error: RequestValidationError) -> Response:
    return answer(request, invalid(field_errors(error.errors())))


def field_errors(errors: Sequence[Any]) -> list[FieldError]:
    """What was wrong where, in our words. Pydantic's own text may repeat what was sent, so it is not used."""
    return [FieldError(_pointer(_place(e)), e["type"], _text(e), FIXES.get(e["type"])) for e in errors]


def _place(error: dict[str, Any]) -> tuple[str | int, ...]:
    """Where the error is. A key that we do not know may be somebody's name, so it is not repeated."""
    return (*error["loc"][:-1], "*") if error["type"] == "extra_forbidden" else place_of(error)


def _text(error: dict[str, Any]) -> str:
    template = FIELD_TEXTS.get(error["type"])
    if template is None:
        return "This value cannot be used here."
    context = error.get("ctx", {})
    own = error["type"] == "own_words"
    return template.format(**(context if own else {name: _plain(limit) for name, limit in context.items()}))


def _plain(limit: Any) -> Any:
    """A limit as one would send it: pydantic tells a date, and each value that is taken, as Python writes it."""
    if not isinstance(limit, str):
        return limit
    if found := re.fullmatch(r"datetime\.date\((\d+), (\d+), (\d+)\)", limit):
        return date(*map(int, found.groups())).isoformat()
    return ", ".join(re.findall(r"'([^']*)'", limit)) or limit


def _pointer(loc: Sequence[str | int]) -> str:
    """A JSON pointer into the body, or the parameter's name. A key that looks like no name of ours is not repeated."""
    parts = loc[1:] if loc and loc[0] in {"body", "query", "path", "header", "cookie"} else loc
    if len(parts) == 1 and isinstance(parts[0], int) and loc[0] == "body":
        return ""  # the position of a syntax error in the text
    names = [str(p) if isinstance(p, int) or _NAME.fullmatch(p) else "*" for p in parts]
    return "".join(f"/{name}" for name in names)


def _refused_by_framework(request: Request, error: HTTPException) -> Response:
    if error.status_code == 405:
        named = {"Allow": allowed(request.app, request.scope["path"])}
        return (
            Response(status_code=204, headers=named)
            if request.method == "OPTIONS"
            else answer(request, Problem("method_not_allowed", headers=named))
        )
    code = BY_STATUS.get(error.status_code, "bad_request" if error.status_code < 500 else "internal")
    return answer(request, Problem(code, headers=error.headers))


def _database(request: Request, error: OperationalError) -> Response:
    """A database that is only busy or away says so; what lost against another goes to the edge, which tries again."""
    code = getattr(error.orig, "sqlstate", None)
    away = error.connection_invalidated or (code is None and isinstance(error.orig, psycopg.OperationalError))
    if may_be_tried_again(error) or not (away or code in _BUSY):
        raise error
    return answer(request, busy())


def busy() -> Problem:
    """The database cannot be asked at this moment."""
    return Problem("busy", headers={"Retry-After": "1"})


def catalogue_page() -> str:
    """Every code, what it means and what to do: where `doc_url` points."""
    rows = "".join(
        f'<tr id="{code}"><th scope="row"><code>{code}</code></th><td>{kind.status}</td>'
        f"<td>{html.escape(kind.title)}</td><td>{html.escape(kind.fix)}</td></tr>"
        for code, kind in sorted(CATALOGUE.items(), key=lambda item: (item[1].status, item[0]))
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<link rel="stylesheet" href="/static/app.css"><link rel="icon" href="/static/icon.svg">'
        "<title>Error codes</title><main><h1>Error codes</h1><table><thead><tr><th>Code</th><th>Status</th>"
        f"<th>Meaning</th><th>What to do</th></tr></thead><tbody>{rows}</tbody></table></main></html>"
    )
