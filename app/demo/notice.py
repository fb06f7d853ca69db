"""What `bednight demo` prints when it is ready: where to look, for a person and for a program."""

import json
from typing import Any

from app.demo.scene import Play
from app.demo.stage import Doors
from app.demo.tonight import Tonight

Json = dict[str, Any]
EIGHT_ANSWERS: Json = {
    "minor": {
        "age_range": [14, 16],
        "residence": {"county": "13089"},
        "gender": "female",
        "trafficking": "verified",
        "custody": "none",
        "needs": {"infants": 0, "conditions": []},
        "approvals": [],
    },
    "needed_from": None,
    "nights_needed": 30,
}
"""What the form asks, and nothing else: about 15, a county, tonight, no infants, no conditions; no approval yet."""


def as_text(play: Play, doors: Doors, counts: Tonight, base: str, *, serving: bool) -> list[str]:
    """For a person."""
    lines = ["What the data says", *(f"  {n}. {line}" for n, line in enumerate(counts.sentences(), start=1)), ""]
    if not serving:
        return [*lines, "Nothing was served. Start it with: bednight demo"]
    lines.append("Try it as                     one-time links (this computer only)")
    for door in doors.entrances:
        lines.append(f"  {door.what:<28}{base}{door.path}{_what_is_there(play, door.role)}")
    lines += [f"  {'integrator':<28}key {doors.key}", "", "Or from another terminal", f"  K={doors.key}"]
    lines += [f"  {line}" for line in curl_lines(play, base)]
    return [*lines, "", "Stop with Ctrl-C. Keep the data with --keep DIR. Prove it again with: bednight demo --check"]


def _what_is_there(play: Play, role: str) -> str:
    if play.demo is not None and role == "intake_coordinator":
        return f"   {_special(play)} is waiting"
    return "   the gap audit" if role in {"funder_analyst", "administrator"} else ""


def curl_lines(play: Play, base: str) -> list[str]:
    """Three calls that run as they stand, where K holds the key."""
    head = 'curl -s -H "Authorization: Bearer $K"'
    referral = play.demo.special if play.demo else next((row.id for row in play.snapshot.referrals), None)
    lines = [f"{head} '{base}/v1/referrals?limit=5'"]
    if referral is not None:
        lines.append(f"{head} -X POST {base}/v1/referrals/{referral}/rankings")
    body = json.dumps(EIGHT_ANSWERS, separators=(",", ":"))
    return [*lines, f"{head} -H 'content-type: application/json' {base}/v1/referrals -d '{body}'"]


def _special(play: Play) -> str:
    return play.demo.referral_codes[play.demo.special] if play.demo else ""


def as_json(play: Play, doors: Doors, counts: Tonight, base: str, *, database: str, seconds: float) -> Json:
    """For a program: the same facts."""
    demo = play.demo
    return {
        "url": base,
        "seed": demo.seed if demo else None,
        "tonight": play.snapshot.tonight.isoformat(),
        "as_of": play.snapshot.as_of.isoformat(),
        "database": database,
        "seconds": round(seconds, 2),
        "counts": play.counts,
        "says": counts.as_json(),
        "special": {"referral": demo.special, "code": _special(play)} if demo else None,
        "links": [{"as": door.what, "role": door.role, "url": base + door.path} for door in doors.entrances],
        "key": doors.key,
    }
