"""Lists in pages: a cursor names the last row that was read, so rows added meanwhile are neither doubled nor lost."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import quote, urlencode

from fastapi import Query, Request, Response
from pydantic import Field
from sqlalchemy import Integer, Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.codes import ApiModel, storable
from app.db import UtcDateTime
from app.errors import FieldError, invalid

Item = TypeVar("Item")
Row = TypeVar("Row")


class PageOf(ApiModel, Generic[Item]):
    """One page of a list."""

    data: list[Item]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null at the end")
    has_more: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a list to read on, and how many rows."""

    limit: Annotated[int, Query(ge=1, le=100)] = 25
    cursor: Annotated[str | None, Query(max_length=400)] = None


def page(
    session: Session,
    query: Select[Row],
    order: Sequence[InstrumentedAttribute[Any]],
    place: Place,
    *,
    newest_first: bool = False,
) -> tuple[list[Row], str | None]:
    """The rows of one page in the order of unique columns, and the cursor of the next."""
    if place.cursor is not None:
        after = _read(place.cursor, order)
        here = tuple_(*order)
        query = query.where(here < after if newest_first else here > after)
    by = [column.desc() if newest_first else column for column in order]
    rows = list(session.scalars(query.order_by(*by).limit(place.limit + 1)))
    if len(rows) <= place.limit:
        return rows, None
    last = rows[place.limit - 1]
    return rows[: place.limit], _write([getattr(last, column.key) for column in order])


def whole(rows: list[Item]) -> PageOf[Item]:
    """A short list, in the form of every list."""
    return PageOf(data=rows, next_cursor=None, has_more=False)


def link_next(request: Request, response: Response, cursor: str | None) -> None:
    """Name the next page in a Link header, as a relative reference: behind a proxy we do not know our own address."""
    if cursor is not None:
        parameters = {**request.query_params, "cursor": cursor}
        response.headers["Link"] = f'<{quote(request.url.path)}?{urlencode(parameters)}>; rel="next"'


def _write(values: Sequence[Any]) -> str:
    plain = [
        ["t", v.isoformat()] if isinstance(v, datetime) else ["n" if isinstance(v, int) else "s", v] for v in values
    ]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode()


def _read(cursor: str, order: Sequence[InstrumentedAttribute[Any]]) -> tuple[datetime | str | int, ...]:
    try:
        plain = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return tuple(_value(column, kind, said) for column, (kind, said) in zip(order, plain, strict=True))
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError):
        raise invalid(
            [FieldError("/cursor", "malformed", "This is no cursor of ours.", "Send next_cursor as you got it.")]
        ) from None


def _value(column: InstrumentedAttribute[Any], kind: object, said: Any) -> datetime | str | int:
    """A value such as the column holds: anybody can write a cursor, and a database may crash on what does not fit."""
    if isinstance(column.type, UtcDateTime):
        at = datetime.fromisoformat(said)
        if kind != "t" or at.tzinfo is None:
            raise ValueError
        return at.astimezone(UTC)
    if isinstance(column.type, Integer):
        if kind != "n" or type(said) is not int or abs(said) > 2**62:
            raise ValueError
        return said
    if kind != "s" or not isinstance(said, str) or not storable(said):
        raise ValueError
    return said
