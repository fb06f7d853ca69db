"""The engine and the brute force say the same of every random network.

A disagreement names its seed, so that `worlds.nasty(seed)` shows the network it is about.
"""

from typing import Any

import pytest

from matching.codec import decode
from matching.decision_form import decision_document
from matching.ranking import rank
from tests.matching.oracle import decide
from tests.matching.worlds import nasty
from tests.proofs import or_many, saw

Json = dict[str, Any]
SEEDS = or_many(200, 400)
PARTS = 20
PLACED = ("unit", "bed", "admit_on", "bed_until", "funded_nights", "first_unfunded_night", "binding", "payers")
COMPARED = {
    "options": (*PLACED, "provisional"),
    "later": (*PLACED, "provisional", "from"),
    "needs_info": ("unknown", "ask"),
    "excluded": ("failed", "fix"),
}
Finding = tuple[str, str, str, str | None]


def findings(entry: Json) -> list[Finding]:
    """Keep what is pinned of the findings, in one order."""
    kept = [(f["rule"], f["subject"], f["outcome"], f["changes_on"]) for f in entry["findings"]]
    return sorted(kept, key=lambda finding: finding[:2])


def pinned(name: str, entry: Json) -> Json:
    """Keep what the rules pin of an entry; texts, terms and the network's part aside."""
    kept = {key: entry.get(key) for key in COMPARED[name]}
    if name == "excluded":
        kept["fix"] = [{key: fix[key] for key in ("rule", "who", "waivable")} for fix in entry["fix"]]
    return kept


def by_facility(answer: Json) -> dict[str, tuple[str, Json]]:
    """Give list and entry of every facility; fail where one is listed twice."""
    rows = [(entry["facility"], (name, entry)) for name in COMPARED for entry in answer[name]]
    assert len(rows) == len(dict(rows)), "a facility stands in two lists"
    return dict(rows)


def compare(name: str, engine: Json, oracle: Json) -> list[str]:
    """Name every difference between two entries of one list."""
    ours, theirs = pinned(name, engine), pinned(name, oracle)
    found = [f"{key}: engine {ours[key]!r}, rules {theirs[key]!r}" for key in ours if ours[key] != theirs[key]]
    left, right = set(findings(engine)), set(findings(oracle))
    found += [f"finding only of the engine: {finding}" for finding in sorted(left - right, key=str)]
    found += [f"finding only by the rules: {finding}" for finding in sorted(right - left, key=str)]
    if not found and findings(engine) != findings(oracle):
        found.append("a finding stands there twice")
    return found


def disagreements(seed: int) -> list[str]:
    """Decide one referral both ways and name every difference."""
    snapshot = nasty(seed)
    referral = snapshot["referrals"][seed % len(snapshot["referrals"])]["id"]
    try:
        engine = by_facility(decision_document(rank(decode(snapshot), referral), findings="all"))
    except Exception as fault:
        fault.add_note(f"seed {seed} {referral}")
        raise
    oracle = by_facility(decide(snapshot, referral))
    assert set(engine) == set(oracle)
    found = []
    for facility, (name, entry) in oracle.items():
        listed, ours = engine[facility]
        lines = compare(name, ours, entry) if listed == name else [f"engine {listed}, rules {name}"]
        found += [f"seed {seed} {referral} {facility} ({name}): {line}" for line in lines]
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_engine_and_brute_force_agree(part: int) -> None:
    found = [line for seed in range(part, SEEDS, PARTS) for line in disagreements(seed)]
    assert not found, "\n".join([f"{len(found)} disagreements", *found[:40]])
    saw("answers of the engine against the brute force", len(range(part, SEEDS, PARTS)))
