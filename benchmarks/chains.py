"""The best chain of stays and payers for one minor over 180 nights: how long, how sure, and what it is worth.

`python -m benchmarks.chains` takes the usual sizes, `python -m benchmarks.chains 600` other numbers of houses. Beside
each chain, on the same snapshot: the one stay tonight with the most paid nights, which is all that a ranking without
chains has to offer.
"""

import json
import sys
from collections.abc import Sequence
from functools import partial
from statistics import median

from benchmarks.alone import Json, alone, peak_memory, timed
from benchmarks.figures import write
from benchmarks.networks import network
from matching.chain import chain
from matching.codec import decode
from matching.ranking import rank

SIZES = (60, 100)
SEEDS = (1, 2, 3)
WAITING, ASKED, NIGHTS, CAP = 30, 5, 180, 30


def main(sizes: Sequence[int] = SIZES) -> str:
    """Measure every size with every seed, and write the figures."""
    rows = []
    for size in sizes:
        seen = [alone("benchmarks.chains", "measure", size, seed) for seed in SEEDS]
        took = sorted(one for row in seen for one in row["took"])
        nights, single, moves = ([one for row in seen for one in row[key]] for key in ("nights", "single", "moves"))
        rows.append(
            (
                f"{size:,}",
                f"{median(took) * 1000:,.0f}",
                f"{took[-1] * 1000:,.0f}",
                f"{sum(row['proved'] for row in seen)} of {len(took)}",
                f"{sum(single) / len(took):.0f}",
                f"{sum(nights) / len(took):.0f}",
                f"{sum(moves) / len(took):.1f}",
                f"{median(row['memory'] for row in seen):,.0f}",
            )
        )
    return write(
        "The best chain for one young person",
        " ".join(("python -m benchmarks.chains", *(str(size) for size in sizes if sizes is not SIZES))),
        (
            "facilities",
            "median, ms",
            "longest, ms",
            "proved the best",
            "paid nights of the best stay alone",
            "paid nights of the chain",
            "moves",
            "peak memory, MB",
        ),
        rows,
        f"Seeds {', '.join(map(str, SEEDS))}, {ASKED} young people each who need {NIGHTS} nights; nights and moves are "
        f"means. No cap of a fund is longer than {CAP} nights. Processor time. {WAITING} wait; nothing is planned for "
        "the others.",
    )


def measure(size: int, seed: int, count: int = ASKED) -> Json:
    """Some referrals of one size."""
    snapshot = decode(with_short_caps(network(size, WAITING, seed)))
    asked = [row.id for row in snapshot.referrals[:count]]
    chains = [timed(partial(chain, snapshot, one)) for one in asked]
    memory = peak_memory()
    single = [
        max((row.funded_nights or 0 for row in rank(snapshot, one, words=False).options), default=0) for one in asked
    ]
    return {
        "took": [seconds for _, seconds in chains],
        "proved": sum(found.proof == "optimal" for found, _ in chains),
        "nights": [sum(link.nights for link in found.links) for found, _ in chains],
        "single": single,
        "moves": [found.moves for found, _ in chains],
        "memory": memory,
    }


def with_short_caps(document: Json) -> Json:
    """No cap of a fund beyond so many nights, and a need far beyond it: nobody can stay where she or he begins."""
    for fund in document["funds"]:
        for clock in fund["limits"][0]["clocks"]:
            clock["limit"] = min(clock["limit"], CAP)
    for referral in document["referrals"]:
        referral["nights_needed"] = NIGHTS
    return document


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        sys.stdout.write(json.dumps(measure(*map(int, sys.argv[2:]))) + "\n")
    else:
        sys.stdout.write(main([int(one) for one in sys.argv[1:]] or SIZES))
