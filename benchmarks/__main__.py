"""Every benchmark in turn, some twenty minutes; each writes its section of docs/figures.md.

Each is a command of its own too (`python -m benchmarks.flow`), and those over instances take larger ones than these:
`python -m benchmarks.flow 5000x1500`.
"""

import sys

from benchmarks import chains, engine, flow, growth, ledger, masks, plans, service, together

for benchmark in (masks, engine, flow, together, plans, chains, growth, service, ledger):
    sys.stdout.write(benchmark.main() + "\n")
