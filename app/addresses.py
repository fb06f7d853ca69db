"""Which methods an address takes: what a 405 and an OPTIONS answer name."""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path


def allowed(app: FastAPI, path: str) -> str:
    """The value of an Allow header: of every route of the address, where the framework names the first one's alone."""
    patterns: list[tuple[Any, Iterable[str]]] | None = getattr(app.state, "address_patterns", None)
    if patterns is None:
        contexts = [(context.path, context.methods) for context in iter_route_contexts(app.routes)]
        patterns = [(compile_path(str(at))[0], methods) for at, methods in contexts if methods]
        app.state.address_patterns = patterns
    found = {method for pattern, methods in patterns if pattern.match(path) for method in methods} or {"GET"}  # files
    # Whatever can be read can be asked about, and every address says what it takes.
    return ", ".join(sorted(found | ({"HEAD"} if "GET" in found else set()) | {"OPTIONS"}))
