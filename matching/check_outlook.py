"""Confirms what comes after the options of a decision, for the checker: each stay judged afresh, and none better.

It shares the facts and the rules with the search, and nothing of how it searches (`check_chains`). The options
themselves are confirmed with their decision.
"""

from collections.abc import Iterator
from datetime import date

from matching.check_chain import MOST_STAYS, ending, forbidden
from matching.check_chains import BED, FEW_STEPS, Stayed, TooManyChains, World, better_chain
from matching.check_nights import Block
from matching.check_payers import blocks, day_of, ordinal
from matching.check_shape import ROWS, Document, differences, misplaced
from matching.facts import Snapshot
from matching.value import DEFAULT_POLICY, Policy

HEADER = {
    *("version", "referral", "snapshot_sha256", "rules_version", "engine_version", "policy", "until"),
    *("options", "careful"),
}
OPTION = {"facility", "until", "binding", "links", "uncovered", "value", "bound", "proof"}
LINK = {"facility", "from", "until", "nights", "payers", "why", "binding"}
LICENCE = ("licence.in_force", "licence.age")
CAREFUL = [
    *("beds.planned", "people.planned", "others.wait", "house.once", "bed.one", "siblings.come", "stays.most"),
    "houses.by_beds",
]


def faults(document: Document, decision: Document, snapshot: Snapshot, policy: Policy = DEFAULT_POLICY) -> list[str]:
    """Say what is wrong with what comes after the options of a decision.

    Parameters
    ----------
    document : dict
        As `outlook_form.outlook_document` gives it.
    decision : dict
        The JSON of the decision that it belongs to.
    snapshot : Snapshot
        What both were decided from.
    policy : Policy
        The order of terms that the snapshot names.

    Returns
    -------
    list of str
        One sentence for each fault; none where it is confirmed. Where there are more chains than can be looked at,
        that none is better is not confirmed.
    """
    found = list(_misshapen(document)) or list(_header(document, decision, snapshot, policy))
    return found or list(_faults(document, decision, World(snapshot, document["referral"], policy)))


def _misshapen(document: Document) -> Iterator[str]:
    """Keys that are missing or not known, as far as the rest relies on them."""
    if not isinstance(document, dict) or set(document) != HEADER or not isinstance(document["options"], list):
        yield "the keys of the outlook are not those of its schema"
        return
    for row in document["options"]:
        if not isinstance(row, dict) or set(row) != OPTION or not isinstance(row["links"], list):
            yield "options have not the keys of the schema"
        elif not all(_is_link(link) for link in row["links"]):
            yield f"after {row['facility']}: links are not as the schema has them"
        elif row["proof"] not in ("optimal", "least", "bounded") or type(row["bound"]) is not int:
            yield f"after {row['facility']}: the bound is no number, or the proof has another name"
    careful = document["careful"]
    if not isinstance(careful, list) or [isinstance(row, dict) and row.get("code") for row in careful] != CAREFUL:
        yield "careful does not say what is taken for granted"


def _is_link(row: Document) -> bool:
    if not isinstance(row, dict) or set(row) != LINK or not isinstance(row["payers"], list):
        return False
    if not all(isinstance(one, dict) and set(one) == ROWS["payers"] for one in row["payers"]):
        return False
    dates = ordinal(row["from"]), ordinal(row["until"])
    return isinstance(row["facility"], str) and None not in dates and bool(blocks(row["payers"]))


def _header(document: Document, decision: Document, snapshot: Snapshot, policy: Policy) -> Iterator[str]:
    """Whether it belongs to this decision, this snapshot, these rules and this order of terms."""
    yield from misplaced(document, snapshot, policy, referral=decision["referral"])
    if document["referral"] not in [row.id for row in snapshot.referrals]:
        yield "the referral is not in the snapshot"


def _faults(document: Document, decision: Document, world: World) -> Iterator[str]:
    """Every option whose nights end before the need does, in the order of the decision, and what follows each."""
    if document["until"] != day_of(world.stop):
        yield "the need ends on another night"
    ended = [(row, stayed) for row in decision["options"] if (stayed := _stayed(row)).until < world.stop]
    if [row["facility"] for row in document["options"]] != [stayed.facility for _, stayed in ended]:
        yield "the options are not those that end before the need"
        return
    few = FEW_STEPS // max(1, len(ended))
    for row, (option, stayed) in zip(document["options"], ended, strict=True):
        yield from _after(f"after {stayed.facility}", row, option, stayed, world, few)


def _stayed(option: Document) -> Stayed:
    """The option's stay, night by night while it is paid and its bed is free."""
    start = date.fromisoformat(option["admit_on"]).toordinal()
    taken = ordinal(option["bed_until"])
    until = start
    while until < start + option["funded_nights"] and until != taken:
        until += 1
    paid = [row for row in blocks(option["payers"]) or [] if row.start < until]
    return Stayed(
        option["facility"], start, until, tuple(Block(row.fund, row.start, min(row.end, until)) for row in paid)
    )


def _after(where: str, row: Document, option: Document, stayed: Stayed, world: World, few: int) -> Iterator[str]:
    """One option: when and why it ends, each stay after it, the sums, and that none is better by as many looks."""
    by_bed = ordinal(option["bed_until"]) == stayed.until
    if by_bed and option["first_unfunded_night"] == option["bed_until"]:
        by_bed = option["binding"] not in LICENCE
    yield from differences(where, row, {"until": day_of(stayed.until), "binding": BED if by_bed else option["binding"]})
    chain, houses = [stayed], {house.id: house for house in world.snapshot.facilities}
    for at, link in enumerate(row["links"]):
        start, until = ordinal(link["from"]) or 0, ordinal(link["until"]) or 0
        one = Stayed(link["facility"], start, until, tuple(blocks(link["payers"]) or ()))
        if one.facility not in houses or one.facility in [before.facility for before in chain]:
            yield f"{where}, link {at}: its house is not in the snapshot, or stands in the chain twice"
            return
        if not chain[-1].until <= one.start < one.until <= world.stop or len(chain) == MOST_STAYS:
            yield f"{where}, link {at}: its nights do not follow, lie outside the need, or are of one stay too many"
            return
        if wrong := _wrong(link, one, tuple(chain), world):
            yield from (f"{where}, link {at}: {text}" for text in wrong)
            return
        chain.append(one)
    wrong = [*_sums(where, row, chain, world)]
    yield from wrong or _best(where, row, tuple(chain), world, few)


def _wrong(link: Document, one: Stayed, before: tuple[Stayed, ...], world: World) -> list[str]:
    """What is wrong with one stay after those before it."""
    house = next(house for house in world.snapshot.facilities if house.id == one.facility)
    door = world.door(before, house, one.start)
    if door is None or door.judged.place is None or door.judged.listed != "options":
        return [f"{one.facility} does not take the minor on {link['from']}"]
    if not world.beds_decide(house):
        return [f"in {one.facility} other people decide on some night"]
    if (text := forbidden(door, one)) is not None:
        return [text]
    why, binding = ending(world, door, one)
    return list(differences("it", link, {"nights": one.until - one.start, "why": why, "binding": binding}))


def _sums(where: str, row: Document, chain: list[Stayed], world: World) -> Iterator[str]:
    """The nights left over after the option, and what all costs."""
    edges = [chain[0].until, *(edge for one in chain[1:] for edge in (one.start, one.until)), world.stop]
    gaps = [(edges[at], edges[at + 1]) for at in range(0, len(edges), 2) if edges[at] < edges[at + 1]]
    left, moves = sum(until - start for start, until in gaps), len(chain) - 1
    cost = left * world.night + moves * world.move
    expected: Document = {
        "uncovered": [{"from": day_of(start), "until": day_of(until)} for start, until in gaps],
        "value": {"uncovered": left, "moves": moves, "cost": cost},
    }
    yield from differences(where, row, expected)
    if row["bound"] > cost or (row["proof"] == "bounded") != (row["bound"] < cost):
        yield f"{where}: the bound does not fit what it costs"


def _best(where: str, row: Document, chain: tuple[Stayed, ...], world: World, few: int) -> Iterator[str]:
    """Whether there is a better one, as far as can be looked at; where not all was claimed, none is looked for."""
    if row["proof"] != "optimal":
        return
    houses = {house.id for house in world.snapshot.facilities if world.beds_decide(house)}
    try:
        if better_chain(world, chain, MOST_STAYS, chain[:1], houses, few):
            yield f"{where}: something better follows"
    except TooManyChains:
        return
