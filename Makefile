# Everything runs from a fresh clone with Python 3.11 or newer; each target makes what it needs in .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
PROOFS ?= 25
# Two more than there are cores, four at most: some tests wait for servers, browsers and databases.
WORKERS := $(BIN)/python -c 'import os; print(min(4, (os.cpu_count() or 1) + 2))'
# A test that hangs is shown with its stack and fails, rather than holding up all others.
ENDS := --override-ini=faulthandler_timeout=300 --override-ini=faulthandler_exit_on_timeout=true

# What Python compiled is kept: the tests start servers and commands by the hundred.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check read prove cover bench lock clean

demo: .venv/.runs  ## an invented state on http://127.0.0.1:8000
	$(BIN)/bednight demo

test: .venv/.tests  ## everything that must be true, in minutes, on up to four cores
	$(MAKE) --no-print-directory --jobs=2 check read
	$(BIN)/pytest --numprocesses=$$($(WORKERS)) --dist=worksteal $(ENDS)

check: .venv/.tests  ## form, types and who may import whom
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache > /dev/null || $(BIN)/lint-imports --no-cache

read: .venv/.tests  ## the tests compiled once, rather than by each process that runs some of them
	$(BIN)/pytest --collect-only -qqq > /dev/null || $(BIN)/pytest --collect-only -qqq

prove: .venv/.tests  ## the proofs of the matcher and of the ledger, many more times: PROOFS times as many
	$(BIN)/python -m benchmarks.prove $(PROOFS)

cover: .venv/.tests  ## which lines and branches the tests reach
	$(BIN)/pytest --cov --cov-report=term

bench: .venv/.tests  ## the figures of the documentation
	$(BIN)/python -m benchmarks

# Same versions for everyone, hashes checked, and no host named: pip takes them from wherever it is set up to.
lock:
	$(PYTHON) -m venv .venv/lock
	.venv/lock/bin/python -m pip --quiet install uv
	.venv/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-strip-extras \
	  --no-emit-index-url --group build --output-file requirements.lock pyproject.toml
	.venv/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-strip-extras \
	  --no-emit-index-url --group build --group dev --constraint requirements.lock \
	  --output-file requirements-dev.lock pyproject.toml

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Bednight needs Python 3.11 or newer; name one with: make PYTHON=…" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

# The project itself is installed in place, with the locked build tools: nothing is fetched for it.
.venv/.runs: .venv/.made requirements.lock pyproject.toml
	$(PIP) install --require-hashes --requirement requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.tests: .venv/.runs requirements-dev.lock
	$(PIP) install --require-hashes --requirement requirements-dev.lock
	@touch $@
