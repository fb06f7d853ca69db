"""Every benchmark in turn; each writes its section of docs/figures.md."""

import sys

from benchmarks import engine, service

for benchmark in (engine, service):
    sys.stdout.write(benchmark.main() + "\n")
