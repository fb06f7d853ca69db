"""The engine on the command line, over snapshot files; `arguments.py` says what it takes."""

import argparse
import codecs
import ctypes
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from matching import plain
from matching.arguments import ANSWERS, parser
from matching.census import Census
from matching.codec import Problem, SnapshotError, decode, not_json, schema
from matching.decision_form import decision_document, explanation_document
from matching.doubled import doubled
from matching.eligibility import assess
from matching.facts import Snapshot
from matching.policy_form import policy_document, policy_of
from matching.ranking import UnknownPolicy, UnknownReferral, rank
from matching.value import DEFAULT_POLICY, Policy

T = TypeVar("T")
STDOUT, STDERR = 1, 2
QUIET = 2.0
"""Seconds after which a plan says on standard error what it is doing."""


class BadInput(Exception):
    """Something the caller can mend; said in one line, exit code 2."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 where it printed an answer, 1 where one is not right, 2 where the input was at fault."""
    options = parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command](options) or 0
    except BadInput as error:
        _say(f"matching: {error}")
        return 2
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone; nothing more can be said
    except OSError as error:
        _say(f"matching: the answer cannot be written: {(error.strerror or 'unknown reason').lower()}")
        return 2
    return 0


def _rank(options: argparse.Namespace) -> None:
    policy = _policy_asked(options)
    for file in options.files:
        snapshot = _read(file)
        chosen = [row.id for row in snapshot.referrals] if options.all else [options.referral]
        for referral in chosen:
            with _mended(file, snapshot):
                decision = rank(snapshot, referral, policy)
            document = decision_document(decision, options.findings)
            if options.plain:
                _print(plain.decision(document))
            else:
                _print(json.dumps(document, indent=None if options.all else 1))


def _explain(options: argparse.Namespace) -> None:
    snapshot = _read(options.file)
    census = Census(snapshot)
    referral = census.referrals.get(options.referral)
    facility = next((row for row in snapshot.facilities if row.id == options.facility), None)
    if referral is None:
        raise BadInput(f"{options.file}: no referral {options.referral!r}; it holds {_some(snapshot.referrals)}")
    if facility is None:
        raise BadInput(f"{options.file}: no facility {options.facility!r}; it holds {_some(snapshot.facilities)}")
    document = explanation_document(assess(census, referral, facility), options.findings)
    _print(plain.explanation(document) if options.plain else json.dumps(document, indent=1))


def _plan(options: argparse.Namespace) -> None:
    from matching.plan import plan
    from matching.plan_form import plan_document

    snapshot = _read(options.file)
    with _mended(options.file, snapshot), solver_on_stderr():
        found = plan(snapshot, _policy_asked(options), seconds=options.seconds, progress=_progress())
    document = plan_document(found)
    _print(plain.plan(document) if options.plain else json.dumps(document, indent=1))


def _chains(options: argparse.Namespace) -> None:
    from matching.chains import chains
    from matching.chains_form import chains_document

    snapshot = _read(options.file)
    with _mended(options.file, snapshot), solver_on_stderr():
        found = chains(snapshot, _policy_asked(options), seconds=options.seconds, progress=_progress())
    document = chains_document(found)
    _print(plain.chains(document) if options.plain else json.dumps(document, indent=1))


def _progress() -> Callable[[str], None]:
    """Tells what takes long on standard error, with the seconds from here on."""
    began = monotonic()

    def progress(said: str) -> None:
        if monotonic() - began >= QUIET:
            _say(f"matching: {monotonic() - began:.0f} s: {said}")

    return progress


def _chain(options: argparse.Namespace) -> None:
    from matching.chain import chain
    from matching.chain_form import chain_document

    snapshot = _read(options.file)
    with _mended(options.file, snapshot):
        document = chain_document(chain(snapshot, options.referral, _policy_asked(options)))
    _print(plain.chain(document) if options.plain else json.dumps(document, indent=1))


def _outlook(options: argparse.Namespace) -> None:
    from matching.outlook import outlook
    from matching.outlook_form import outlook_document

    snapshot, policy = _read(options.file), _policy_asked(options)
    with _mended(options.file, snapshot):
        decision = decision_document(rank(snapshot, options.referral, policy))
        document = outlook_document(outlook(snapshot, decision, policy))
    _print(plain.outlook(document) if options.plain else json.dumps(document, indent=1))


def _gaps(options: argparse.Namespace) -> None:
    from matching.gaps import unlocks
    from matching.gaps_form import gaps_document

    snapshot = _read(options.file)
    chosen = [row.id for row in snapshot.referrals] if options.referral is None else [options.referral]
    with _mended(options.file, snapshot):
        document = gaps_document(snapshot, [unlocks(snapshot, referral) for referral in chosen])
    _print(plain.gaps(document) if options.plain else json.dumps(document, indent=1))


def _check(options: argparse.Namespace) -> int:
    from matching.check import faults

    snapshot, policy = _read(options.file), _policy_asked(options)
    found = faults(_document(options.answer, _json), snapshot, policy)
    _print("\n".join(found) or "The checker finds no fault.")
    return int(bool(found))


def _policy(options: argparse.Namespace) -> None:
    _print(json.dumps(policy_document(DEFAULT_POLICY), indent=1))


def _policy_asked(options: argparse.Namespace) -> Policy:
    return DEFAULT_POLICY if options.policy is None else _document(options.policy, lambda text: policy_of(_json(text)))


@contextmanager
def _mended(file: str, snapshot: Snapshot) -> Iterator[None]:
    """Say of a referral or a policy that is not there in one line."""
    try:
        yield
    except UnknownReferral as error:
        raise BadInput(f"{file}: no referral {str(error)!r}; it holds {_some(snapshot.referrals)}") from None
    except UnknownPolicy as error:
        raise BadInput(f"{file}: /policy: give the file of policy {error} with --policy") from None


@contextmanager
def solver_on_stderr() -> Iterator[None]:
    """Send what a solver's own code may write on standard output to standard error: there stands the answer alone."""
    try:
        kept = os.dup(STDOUT)
    except OSError:  # there is no standard output at all
        yield
        return
    os.dup2(STDERR, STDOUT)
    try:
        yield
    finally:
        with suppress(OSError, AttributeError, TypeError):
            ctypes.CDLL(None).fflush(None)  # what C has buffered would follow the answer
        os.dup2(kept, STDOUT)
        os.close(kept)


def _schema(options: argparse.Namespace) -> None:
    from matching.chain_form import chain_schema
    from matching.chains_form import chains_schema
    from matching.gaps_form import gaps_schema
    from matching.outlook_form import outlook_schema
    from matching.plan_form import plan_schema

    made = (schema, outlook_schema, plan_schema, chain_schema, chains_schema, gaps_schema)
    schemas = dict(zip(ANSWERS, made, strict=True))
    _print(json.dumps(schemas[options.what](), indent=1))


def _read(file: str) -> Snapshot:
    """Read a snapshot; every fault of the file becomes one line."""
    return _document(file, decode)


def _document(file: str, read: Callable[[bytes], T]) -> T:
    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: {(error.strerror or 'cannot be read').lower()}") from None
    text = text.removeprefix(codecs.BOM_UTF8)
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: /: expected JSON in UTF-8, and byte {error.start + 1} is none") from None
    try:
        if twice := doubled(text):
            raise SnapshotError(twice)
        return read(text)
    except SnapshotError as error:
        first, more = error.problems[0], len(error.problems) - 1
        others = f" (and {more} more)" if more else ""
        raise BadInput(f"{file}: {first.pointer or '/'}: {first.message}{others}") from None


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise SnapshotError([Problem("", not_json(error.lineno, error.colno))]) from None
    except (ValueError, RecursionError):
        raise SnapshotError([Problem("", "expected JSON")]) from None


def _some(rows: Iterable[Any]) -> str:
    ids = [row.id for row in rows]
    return ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "") if ids else "none"


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _say(text: str) -> None:
    sys.stderr.write(plain.one_line(text) + "\n")


_COMMANDS: dict[str, Callable[[argparse.Namespace], int | None]] = {
    "rank": _rank,
    "explain": _explain,
    "outlook": _outlook,
    "plan": _plan,
    "chain": _chain,
    "chains": _chains,
    "gaps": _gaps,
    "check": _check,
    "policy": _policy,
    "schema": _schema,
}

if __name__ == "__main__":
    sys.exit(main())
