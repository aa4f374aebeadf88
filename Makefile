# Two commands need nothing but make, Python 3.11+ and the package index:  make demo  and  make test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= 2
DEMO ?= demo
PYTEST := $(BIN)/python -m pytest
CODE := schemas importers reports ledger tests
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
FUZZER := $(VENV)/fuzzer
SECONDS ?= 600

.DEFAULT_GOAL := help
.PHONY: help demo test lint external-programs test-external bench longtest fuzz accept lock wheel clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(RUNTIME) ## install the locked dependencies, import invented exports of five venues, print the main reports
	$(BIN)/marginbook demo $(DEMO)
	@echo "(the command lies in $(BIN)/marginbook)"

test: lint ## lint, types and all tests
	$(PYTEST) -n $(JOBS) --dist worksteal

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

accept: $(DEV) ## rewrite golden files and the generated blocks of the README; read the difference before committing
	$(PYTEST) --accept || $(PYTEST) -n $(JOBS)

test-external: $(DEV) ## tests that need programs of the system (chromium, hledger, ledger); says what it could not run
	$(PYTEST) -m external -rs tests/external

longtest: $(DEV) ## the random tests with ten times as many examples
	MARGINBOOK_EXAMPLES=$${MARGINBOOK_EXAMPLES:-10} $(PYTEST) -n $(JOBS)

fuzz: $(DEV) ## readers, numbers and times fed by atheris, which is not in the lock, for SECONDS=600 in all
	@test -d $(FUZZER) || $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(FUZZER) \
	  'atheris>=3' || { rm -rf $(FUZZER); echo "NOT RUN: atheris cannot be installed here"; }
	@test ! -d $(FUZZER) || for target in files numbers times; do \
	  PYTHONPATH=$(FUZZER):. $(BIN)/python -m tests.fuzz.readers $$target .fuzz/$$target -artifact_prefix=.fuzz/$$target- \
	    -max_total_time=$$(( $(SECONDS) * $$([ $$target = files ] && echo 8 || echo 1) / 10 )) -print_final_stats=1 || exit 1; \
	done

bench: $(DEV) ## the table of speed and memory, docs/benchmark.md (SMALL=1: in two minutes; ARGS="--help": what can be chosen)
	$(BIN)/python -m tests.bench $(if $(SMALL),--small) $(ARGS)

wheel: $(DEV) ## a wheel in dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

lock: $(VENV)/bin/python ## renew requirements.lock and requirements-dev.lock
	$(BIN)/python -m pip install --quiet uv
	echo 'setuptools>=77' | $(BIN)/uv pip compile --quiet --universal --generate-hashes --upgrade --no-annotate \
	  --python-version 3.11 --custom-compile-command 'make lock' --extra charts pyproject.toml - -o requirements.lock
	echo 'setuptools>=77' | $(BIN)/uv pip compile --quiet --universal --generate-hashes --upgrade --no-annotate \
	  --python-version 3.11 --custom-compile-command 'make lock' --constraint requirements.lock --extra charts --extra dev \
	  pyproject.toml - -o requirements-dev.lock
	@! grep -n '://' requirements.lock requirements-dev.lock

clean: ## remove what was made: environment, demo, caches
	rm -rf $(VENV) $(DEMO) build dist *.egg-info .fuzz .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than 3.11; say PYTHON=python3.11 (or newer)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The stamps tell when an environment is older than its lock; a second run does nothing.
$(RUNTIME): requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
