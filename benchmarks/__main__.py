"""Every benchmark in turn, some forty minutes; each writes its section of docs/figures.md.

Each is a command of its own too (`python -m benchmarks.flow`), and those over instances take larger ones than these:
`python -m benchmarks.flow 5000x1500`.
"""

import sys

from benchmarks import (
    chains,
    controls,
    duplicates,
    engine,
    everyone,
    flow,
    growth,
    ledger,
    masks,
    pas,
    plans,
    prices,
    service,
    together,
)

OF_MATCHING = (masks, engine, flow, together, plans, prices, chains, everyone, pas, growth)
for benchmark in (*OF_MATCHING, service, ledger, controls, duplicates):
    sys.stdout.write(benchmark.main() + "\n")
