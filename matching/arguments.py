"""What the command line of the engine takes, and how it says so."""

import argparse
from math import inf, nan
from typing import NoReturn

EXAMPLES = """examples:
  python -m matching rank tonight.json --referral ref_1
  python -m matching rank tonight.json --referral ref_1 --plain
  python -m matching rank tonight.json tomorrow.json --all --findings failed
  python -m matching explain tonight.json --referral ref_1 --facility fac_harbor --plain
  python -m matching outlook tonight.json --referral ref_1 --plain
  python -m matching plan tonight.json --plain
  python -m matching plan tonight.json --seconds 20 > plan.json
  python -m matching check tonight.json plan.json
  python -m matching chain tonight.json --referral ref_1 --plain
  python -m matching chains tonight.json --seconds 20 --plain
  python -m matching gaps tonight.json --plain
  python -m matching policy > ours.json
  python -m matching rank tonight.json --referral ref_1 --policy ours.json
  python -m matching schema > snapshot.schema.json
  python -m matching schema plan > plan.schema.json

FILE is a snapshot of the contract, version 1; - reads standard input. Nothing is sent anywhere."""

ANSWERS = ("snapshot", "outlook", "plan", "chain", "chains", "gaps")


class _Parser(argparse.ArgumentParser):
    """One clear line on wrong usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"matching: {message}; see python -m matching --help\n")


def parser() -> argparse.ArgumentParser:
    """Every command; what was chosen stands in `command`."""
    whole = _Parser(
        prog="python -m matching",
        description="Decides which safe, funded bed fits a minor, from one snapshot file.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = whole.add_subparsers(required=True, metavar="COMMAND", dest="command")
    _one_decision(commands)
    _everyone(commands)
    _over_the_nights(commands)
    _gaps(commands)
    checking = commands.add_parser(
        "check",
        help="whether an answer is right, by code that it was not found with",
        epilog="One line for each fault, and exit code 1; 2 where a file is none. A decision needs all its findings.",
    )
    checking.add_argument("file", metavar="FILE")
    checking.add_argument("answer", metavar="ANSWER", help="a decision, a plan, a chain or everybody's chains, as JSON")
    _by_policy(checking)
    commands.add_parser(
        "policy",
        help="print the order of terms that is used where no file names another",
        epilog="Change its weights, raise its version, and name the file with --policy. The snapshot names both.",
    )
    schemas = commands.add_parser("schema", help="print the JSON Schema of a snapshot or of an answer")
    schemas.add_argument("what", nargs="?", choices=ANSWERS, default="snapshot")
    return whole


def _one_decision(commands: "argparse._SubParsersAction[_Parser]") -> None:
    ranking = commands.add_parser("rank", help="rank every facility for a referral")
    ranking.add_argument("files", nargs="+", metavar="FILE")
    which = ranking.add_mutually_exclusive_group(required=True)
    which.add_argument("--referral", metavar="ID", help="the referral to decide")
    which.add_argument("--all", action="store_true", help="every referral, one decision a line, in the files' order")
    _by_policy(ranking)
    explain = commands.add_parser("explain", help="every rule for one referral at one facility")
    explain.add_argument("file", metavar="FILE")
    explain.add_argument("--referral", metavar="ID", required=True)
    explain.add_argument("--facility", metavar="ID", required=True)
    for command in (ranking, explain):
        command.add_argument(
            "--findings", choices=("all", "failed"), default="all", help="failed leaves out what is met"
        )
        _plain(command)


def _everyone(commands: "argparse._SubParsersAction[_Parser]") -> None:
    for name, said in (
        ("plan", "everyone who waits tonight, jointly: who would go where, why, and what is proved"),
        ("chains", "everyone who waits, over all nights: chains of stays planned together, and what is proved"),
    ):
        planning = commands.add_parser(
            name,
            help=said,
            epilog=f"The answer is JSON (python -m matching schema {name}). What takes long is told on standard error.",
        )
        planning.add_argument("file", metavar="FILE")
        planning.add_argument("--seconds", type=_seconds, metavar="N", help="stop looking then, and say what is proved")
        _by_policy(planning)
        _plain(planning)


def _over_the_nights(commands: "argparse._SubParsersAction[_Parser]") -> None:
    for name, said in (
        ("chain", "the best chain of stays and payers for one referral, with every move and why it is then"),
        ("outlook", "what comes after each option of one referral that ends before the need does"),
    ):
        looking = commands.add_parser(
            name,
            help=said,
            epilog=f"The answer is JSON (python -m matching schema {name}). It is advice: nothing is kept by it.",
        )
        looking.add_argument("file", metavar="FILE")
        looking.add_argument("--referral", metavar="ID", required=True)
        _by_policy(looking)
        _plain(looking)


def _gaps(commands: "argparse._SubParsersAction[_Parser]") -> None:
    looking = commands.add_parser(
        "gaps",
        help="for whoever has no bed tonight, the smallest changes that would have opened one",
        epilog="The answer is JSON (python -m matching schema gaps). A change is a fact that is obtained, or a rule of "
        "a fund or of a house's own that is put aside; never a safeguard, a licence, or what a young person refuses.",
    )
    looking.add_argument("file", metavar="FILE")
    looking.add_argument("--referral", metavar="ID", help="this one alone; else everybody")
    _plain(looking)


def _by_policy(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--policy",
        metavar="FILE",
        help="the order of terms that the snapshot names, where it is not that of the engine",
    )


def _plain(command: argparse.ArgumentParser) -> None:
    command.add_argument("--plain", action="store_true", help="text for people in place of JSON")


def _seconds(text: str) -> float:
    """A number of seconds, more than none."""
    try:
        found = float(text)
    except ValueError:
        found = nan
    if not 0 < found < inf:
        raise argparse.ArgumentTypeError("expected a number of seconds above 0")
    return found
