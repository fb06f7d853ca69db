"""Every benchmark in turn; each writes its section of docs/figures.md."""

import sys

from benchmarks import engine, ledger, plans, service

for benchmark in (engine, plans, service, ledger):
    sys.stdout.write(benchmark.main() + "\n")
