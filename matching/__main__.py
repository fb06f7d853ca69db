"""The engine on the command line: rank, explain, plan, chain, chains and schema, over snapshot files."""

import argparse
import ctypes
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from math import inf, nan
from pathlib import Path
from time import monotonic
from typing import Any, NoReturn

from matching import plain
from matching.census import Census
from matching.codec import SnapshotError, decode, schema
from matching.decision_form import decision_document, explanation_document
from matching.doubled import doubled
from matching.eligibility import assess
from matching.facts import Snapshot
from matching.ranking import UnknownPolicy, UnknownReferral, rank

EXAMPLES = """examples:
  python -m matching rank tonight.json --referral ref_1
  python -m matching rank tonight.json --referral ref_1 --plain
  python -m matching rank tonight.json tomorrow.json --all --findings failed
  python -m matching explain tonight.json --referral ref_1 --facility fac_harbor --plain
  python -m matching plan tonight.json --plain
  python -m matching plan tonight.json --seconds 20 > plan.json
  python -m matching chain tonight.json --referral ref_1 --plain
  python -m matching chains tonight.json --seconds 20 --plain
  python -m matching schema > snapshot.schema.json
  python -m matching schema plan > plan.schema.json
  python -m matching schema chain > chain.schema.json
  python -m matching schema chains > chains.schema.json

FILE is a snapshot of the contract, version 1; - reads standard input. Nothing is sent anywhere."""

STDOUT, STDERR = 1, 2
QUIET = 2.0
"""Seconds after which a plan says on standard error what it is doing."""


class BadInput(Exception):
    """Something the caller can mend; said in one line, exit code 2."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 where it printed an answer, 2 where the input was at fault."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
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
    for file in options.files:
        snapshot = _read(file)
        chosen = [row.id for row in snapshot.referrals] if options.all else [options.referral]
        for referral in chosen:
            with _mended(file, snapshot):
                decision = rank(snapshot, referral)
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
        found = plan(snapshot, seconds=options.seconds, progress=_progress())
    document = plan_document(found)
    _print(plain.plan(document) if options.plain else json.dumps(document, indent=1))


def _chains(options: argparse.Namespace) -> None:
    from matching.chains import chains
    from matching.chains_form import chains_document

    snapshot = _read(options.file)
    with _mended(options.file, snapshot), solver_on_stderr():
        found = chains(snapshot, seconds=options.seconds, progress=_progress())
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
        document = chain_document(chain(snapshot, options.referral))
    _print(plain.chain(document) if options.plain else json.dumps(document, indent=1))


@contextmanager
def _mended(file: str, snapshot: Snapshot) -> Iterator[None]:
    """Say of a referral or a policy that is not there in one line."""
    try:
        yield
    except UnknownReferral as error:
        raise BadInput(f"{file}: no referral {str(error)!r}; it holds {_some(snapshot.referrals)}") from None
    except UnknownPolicy as error:
        raise BadInput(f"{file}: /policy: this engine does not know policy {error}") from None


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
    from matching.plan_form import plan_schema

    schemas = {"snapshot": schema, "plan": plan_schema, "chain": chain_schema, "chains": chains_schema}
    _print(json.dumps(schemas[options.what](), indent=1))


def _seconds(text: str) -> float:
    """A number of seconds, more than none."""
    try:
        found = float(text)
    except ValueError:
        found = nan
    if not 0 < found < inf:
        raise argparse.ArgumentTypeError("expected a number of seconds above 0")
    return found


def _read(file: str) -> Snapshot:
    """Read a snapshot; every fault of the file becomes one line."""
    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: {(error.strerror or 'cannot be read').lower()}") from None
    try:
        if twice := doubled(text):
            raise SnapshotError(twice)
        return decode(text)
    except SnapshotError as error:
        first, more = error.problems[0], len(error.problems) - 1
        others = f" (and {more} more)" if more else ""
        raise BadInput(f"{file}: {first.pointer or '/'}: {first.message}{others}") from None


def _some(rows: Iterable[Any]) -> str:
    ids = [row.id for row in rows]
    return ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "") if ids else "none"


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _say(text: str) -> None:
    sys.stderr.write(plain.one_line(text) + "\n")


class _Parser(argparse.ArgumentParser):
    """One clear line on wrong usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"matching: {message}; see python -m matching --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m matching",
        description="Decides which safe, funded bed fits a minor, from one snapshot file.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    ranking = commands.add_parser("rank", help="rank every facility for a referral")
    ranking.add_argument("files", nargs="+", metavar="FILE")
    which = ranking.add_mutually_exclusive_group(required=True)
    which.add_argument("--referral", metavar="ID", help="the referral to decide")
    which.add_argument("--all", action="store_true", help="every referral, one decision a line, in the files' order")
    explain = commands.add_parser("explain", help="every rule for one referral at one facility")
    explain.add_argument("file", metavar="FILE")
    explain.add_argument("--referral", metavar="ID", required=True)
    explain.add_argument("--facility", metavar="ID", required=True)
    for command, run in ((ranking, _rank), (explain, _explain)):
        command.add_argument(
            "--findings", choices=("all", "failed"), default="all", help="failed leaves out what is met"
        )
        command.add_argument("--plain", action="store_true", help="text for people in place of JSON")
        command.set_defaults(run=run)
    for name, said, run in (
        ("plan", "everyone who waits tonight, jointly: who would go where, why, and what is proved", _plan),
        (
            "chains",
            "everyone who waits, over all nights: chains of stays planned together, and what is proved",
            _chains,
        ),
    ):
        planning = commands.add_parser(
            name,
            help=said,
            epilog=f"The answer is JSON (python -m matching schema {name}). What takes long is told on standard error.",
        )
        planning.add_argument("file", metavar="FILE")
        planning.add_argument("--seconds", type=_seconds, metavar="N", help="stop looking then, and say what is proved")
        planning.add_argument("--plain", action="store_true", help="text for people in place of JSON")
        planning.set_defaults(run=run)
    chaining = commands.add_parser(
        "chain",
        help="the best chain of stays and payers for one referral, with every move and why it is then",
        epilog="The answer is JSON (python -m matching schema chain). A chain is advice: nothing is kept by it.",
    )
    chaining.add_argument("file", metavar="FILE")
    chaining.add_argument("--referral", metavar="ID", required=True)
    chaining.add_argument("--plain", action="store_true", help="text for people in place of JSON")
    chaining.set_defaults(run=_chain)
    schemas = commands.add_parser("schema", help="print the JSON Schema of a snapshot or of an answer")
    schemas.add_argument("what", nargs="?", choices=("snapshot", "plan", "chain", "chains"), default="snapshot")
    schemas.set_defaults(run=_schema)
    return parser


if __name__ == "__main__":
    sys.exit(main())
