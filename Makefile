# Everything a newcomer or a maintainer does with linkgauge: `make help`.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
PROGRAMS := build/programs
# Module by module in several processes, longest first (tests/conftest.py); ARGS="-n 0" runs all in one.
PYTEST := $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder --durations 10
# Tests start hundreds of Pythons; without its compiled files each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help venv demo test test-all test-external chaos crashes lake-crashes mutants bench bench-peers bench-growth bench-lake bench-plots lint format lock lock-kafka

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(INSTALLED) ## the environment in .venv, with the linkgauge command

demo: $(INSTALLED) ## Kafka, worker, reporter and a synthetic fleet; Ctrl-C ends (ARGS=--exit: after the report)
	$(BIN)/linkgauge up --demo $(ARGS)

test: lint ## lint and all tests that need nothing but Python, pip and Maven Central (ARGS go to pytest)
	$(PYTEST) -m "not external" $(ARGS)

test-all: test test-external ## the same, and the tests that need programs which this installs by apt-get

test-external: $(INSTALLED) ## only the tests that need installed programs
	ops/install-test-programs $(PROGRAMS)
	PATH="$(CURDIR)/$(PROGRAMS)/usr/bin:$$PATH" $(PYTEST) -m external $(ARGS)

# Longer campaigns than the tests run; each prints what it found and fails at the first difference.
chaos: $(INSTALLED) ## kills of workers on a real Kafka (KILLS=14 SEED=1 WORKER_SHELL=faust)
	$(BIN)/python -m tests.integration.chaos $(or $(KILLS),14) $(or $(SEED),1) $(or $(WORKER_SHELL),faust)

crashes: $(INSTALLED) ## crashes after every message and row in the model (SECONDS=600 SEED=0)
	$(BIN)/python -m tests.model.crash.campaign $(or $(SECONDS),600) $(or $(SEED),0)

lake-crashes: $(INSTALLED) ## kills of the lake's sink at every step of every format (strace for those inside libraries)
	$(BIN)/python -m tests.lake.campaign

mutants: $(INSTALLED) ## the rule without each of its clauses, many seeds
	$(BIN)/python -m tests.model.crash.mutating

# Ratios are taken side by side; absolute figures are this machine's. `make bench ARGS=--help` tells the choices.
bench: $(INSTALLED) ## measure everything, a table at the end, JSON in build/bench (ARGS="--quick --only worker")
	$(BIN)/python -m bench $(ARGS)

bench-peers: $(INSTALLED) ## the worker beside other stream processors, which this installs under build/bench/peers
	$(BIN)/python -m bench.peers $(ARGS)

bench-growth: $(INSTALLED) ## cost and memory against what a worker is given, each beside its law (ARGS="--only memory")
	$(BIN)/python -m bench.growth $(ARGS)

bench-lake: $(INSTALLED) ## questions over a synthetic lake beside a plain scan (ARGS="--days 90 --report --every --folder DIR")
	$(BIN)/python -m bench.lake $(ARGS)

bench-plots: $(INSTALLED) ## docs/performance/*.svg from the newest figures of bench-growth (ARGS=FILE: from these)
	$(BIN)/python -m bench.growth.drawing $(ARGS)

lint: $(INSTALLED) ## ruff and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(INSTALLED) ## put the code into shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# pip-compile sees the public index alone: a folder of local wheels would narrow the hashes to this machine's.
COMPILE = env -u PIP_FIND_LINKS CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes \
	--allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

lock: $(INSTALLED) ## requirements/*.txt from pyproject.toml, by the oldest Python (ARGS=--upgrade: newest versions)
	$(COMPILE) --extra broker --extra fast --extra lake --extra dev --build-deps-for editable -o requirements/dev.txt $(ARGS) pyproject.toml
	$(COMPILE) --extra broker --extra fast --extra lake --constraint requirements/dev.txt -o requirements/runtime.txt $(ARGS) pyproject.toml
	$(COMPILE) --extra fast --extra lake --constraint requirements/dev.txt -o requirements/services.txt $(ARGS) pyproject.toml
	$(COMPILE) --only-build-deps --build-deps-for wheel --constraint requirements/dev.txt \
		-o requirements/build.txt $(ARGS) pyproject.toml

lock-kafka: $(INSTALLED) ## the pinned jars of the embedded Kafka, from streams/broker/pin.py
	$(BIN)/python -m streams.broker.pin

$(INSTALLED): requirements/dev.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "linkgauge needs Python 3.11 or newer, and '$(PYTHON)' is not: make PYTHON=python3.12, for instance" >&2; \
		exit 1; }
	@$(PYTHON) -m venv .venv || { \
		rm -rf .venv; \
		echo "$(PYTHON) cannot make an environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
		exit 1; }
