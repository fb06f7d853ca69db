"""Every refusal the product can answer: one catalogue of codes, one shape (RFC 9457), never a value that was sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """What a code always means: its HTTP status, its title, and what the reader can do."""

    status: int
    title: str
    fix: str


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong in a request: where (a JSON pointer), what kind, and what would be right."""

    pointer: str
    code: str
    message: str
    fix: str | None = None


# A domain that refuses for a reason of its own adds its line here, so that the list stays whole.
CATALOGUE: dict[str, Kind] = {
    "bad_request": Kind(400, "The request could not be read", "Send UTF-8 text in the form the documentation shows."),
    "not_signed_in": Kind(401, "Sign in first", "Send an API key as a bearer token, or sign in again."),
    "forbidden": Kind(403, "You may not do this", "Ask your agency's administrator which role you need."),
    "proof_needed": Kind(403, "Prove again that it is you", "Prove it at /prove, then do this within five minutes."),
    "cross_site": Kind(403, "This form came from another site", "Open the page again in Bednight and send it there."),
    "not_found": Kind(404, "Not found", "Check the address. What you may not see answers the same."),
    "method_not_allowed": Kind(405, "This address does not take that method", "Use a method from the Allow header."),
    "conflict": Kind(409, "This conflicts with what is stored", "Read the current state and try again."),
    "already_exists": Kind(409, "This exists already", "Use the one that exists, or choose another name."),
    "in_use": Kind(409, "Something else still depends on this", "End what depends on it first."),
    "stale_update": Kind(409, "Someone changed this since you read it", "Read it again, then repeat your change."),
    "bed_taken": Kind(409, "This bed has just been taken", "Choose one of the next options."),
    "hold_ran_out": Kind(409, "The hold has run out", "Ask for the bed again."),
    "safeguard_breach": Kind(409, "A safeguard stands against this", "No one can waive it. Choose another option."),
    "exception_needed": Kind(
        409, "An exception must be on record first", "Record one for each rule that stands against the house."
    ),
    "reason_needed": Kind(409, "This is not the first option", "Say why it was chosen: send choice_reason."),
    "call_first": Kind(409, "This bed was not confirmed lately", "Call the house, then send called: true."),
    "held_already": Kind(
        409, "This referral has a hold already", "Take it back first, or ask the house without a hold."
    ),
    "asked_already": Kind(409, "This house is asked already", "Wait for its answer, or take the question back first."),
    "offers_full": Kind(409, "Two houses are asked already", "Hold a bed, wait for an answer, or take one back."),
    "offer_ended": Kind(409, "This offer has ended", "Ask the house again, or choose the next option."),
    "money_held": Kind(
        409, "The last nights of a payer are taken", "Choose one of the next options, or ask again in two hours."
    ),
    "not_an_option": Kind(409, "This house is not among the options", "Choose an option of the latest decision."),
    "history_too_short": Kind(409, "There is too little history yet", "Learn again when it is ninety nights long."),
    "release_void": Kind(
        409, "These signatures make no release", "See detail: who signs, and what must be known first."
    ),
    "too_late": Kind(409, "This can no longer be undone", "Take it back, or correct it with a reason."),
    "not_now": Kind(409, "This does not fit where things stand", "Read the current state and take the next step."),
    "not_available": Kind(409, "This house is not available", "Choose another option, or ask again later."),
    "referral_closed": Kind(409, "This referral is closed", "Open a new referral."),
    "expunged": Kind(410, "This record was expunged", "Nothing of it can be read again, by anybody."),
    "precondition_failed": Kind(412, "Someone changed this since you read it", "Read it again for a new ETag."),
    "too_large": Kind(413, "The request is too large", "Send less at once."),
    "unsupported_media_type": Kind(415, "This kind of content is not taken", "Send JSON, with its content type."),
    "invalid": Kind(422, "Something in the request is missing or malformed", "Correct the fields listed in errors."),
    "idempotency_mismatch": Kind(422, "This Idempotency-Key was used for another request", "Use a new key."),
    "version_required": Kind(428, "Say which version you read", "Send version, or If-Match with the ETag."),
    "too_many": Kind(429, "Too many requests", "Wait as long as Retry-After says."),
    "internal": Kind(500, "Something went wrong on our side", "Try again. If it goes on, give us the request id."),
    "no_keys": Kind(503, "Nothing can be sealed here yet", "Ask whoever runs it: bednight sealing init."),
    "busy": Kind(503, "The database is busy", "Try again as soon as Retry-After says."),
}


class Problem(Exception):
    """A refusal on its way to the caller. Its texts are written by us; nothing the caller sent goes in."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        errors: Iterable[FieldError] = (),
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        kind = CATALOGUE[code]
        super().__init__(code)
        self.code = code
        self.status = kind.status
        self.title = kind.title
        self.fix = kind.fix
        self.detail = detail
        self.errors = list(errors)
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})

    def document(self, request_id: str) -> dict[str, Any]:
        """The problem details as JSON."""
        where = f"/errors#{self.code}"
        body: dict[str, Any] = {
            "type": where,
            "code": self.code,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "fix": self.fix,
            "request_id": request_id,
            "doc_url": where,
            "errors": [{"pointer": e.pointer, "code": e.code, "message": e.message, "fix": e.fix} for e in self.errors],
        }
        return {**self.extra, **body}


def not_found() -> Problem:
    """Absent, or hidden from the asker: the same answer to both."""
    return Problem("not_found")


def conflict(code: str = "conflict", detail: str | None = None, **extra: Any) -> Problem:
    """A refusal by the state of things, never by the form of the request."""
    problem = Problem(code, detail, extra=extra)
    if problem.status != 409:
        raise ValueError(f"{code} is not a conflict")
    return problem


def stale_update(current: Mapping[str, Any] | None = None) -> Problem:
    """Someone changed the row since the caller read it; `current` shows what stands there now."""
    return Problem("stale_update", extra={} if current is None else {"current": dict(current)})


def invalid(errors: Iterable[FieldError]) -> Problem:
    """The request is malformed, field by field."""
    return Problem("invalid", errors=errors)
