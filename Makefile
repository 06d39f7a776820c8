# Everything here sets up what it needs first: on a fresh machine, `make demo` and `make test` are enough.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv/bin
WORKERS ?= $(shell echo $$((2 * $$(nproc))))
PYTEST := $(VENV)/python -m pytest -n $(WORKERS) --dist worksteal
LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras --custom-compile-command "make lock"
AGENT = rollback/hosts/agent
SCRIPTS = scripts/setup .ci/run $(shell find rollback tests/bench -name '*.sh' -not -path '$(AGENT)/*')
unexport PYTHONDONTWRITEBYTECODE  # with it every command and every test process compiles all it imports
export PATH := $(CURDIR)/$(VENV):$(PATH):/usr/sbin:/sbin

.PHONY: help setup demo test simulate rates mutants bench bench-quick guard cover check lint types format lock pictures clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## .venv in this folder, with everything in it; Debian packages that are missing
	@scripts/setup

demo:  ## replay the incident on this machine (ARGS="--keep --hosts 5")
	@scripts/setup demo
	@$(VENV)/rollback demo $(ARGS)

test: setup  ## all tests (ARGS="tests/core -k plan")
	@$(PYTEST) $(ARGS)

simulate: setup  ## many more simulated fleets than the tests run (SEEDS=0..200000)
	@$(VENV)/python -m tests.simulation --seeds $(or $(SEEDS),0..20000)

rates: setup  ## how often simulated deploys are decided wrongly (DEPLOYS=20000)
	@$(VENV)/python -m tests.rates --deploys $(or $(DEPLOYS),2000)

mutants: setup  ## plant mistakes, and fail when the tests do not notice one (ARGS="fencing")
	@$(VENV)/python -m tests.mutants $(ARGS)

bench: setup  ## how fast, beside other tools: README's table and docs/bench.* (root; ARGS="--hosts 1,10 --runs 3")
	@$(VENV)/python -m tests.bench $(ARGS)

bench-quick: setup  ## the same in 3 minutes: fails when we are far slower than docs/bench.json says
	@$(VENV)/python -m tests.bench --quick $(ARGS)

guard: setup  ## the same for one fleet, in half a minute: it is part of what CI runs
	@$(VENV)/python -m tests.bench --quick --hosts 10 --rtt 0 --runs 2

cover: setup  ## the core is covered to the last branch by its own quick tests
	@$(VENV)/python -m pytest tests/core tests/report --cov

check: lint types cover test guard  ## what CI runs: lint, types, the core's coverage, all tests, and whether we got far slower

lint: setup  ## ruff and shellcheck
	@$(VENV)/ruff check
	@$(VENV)/ruff format --check
	@shellcheck $(SCRIPTS)
	@cat $(AGENT)/*.sh | shellcheck --shell=sh -

types: setup  ## mypy --strict
	@$(VENV)/mypy

format: setup  ## let ruff write the code its way
	@$(VENV)/ruff check --fix
	@$(VENV)/ruff format

lock: setup  ## make requirements.lock again from pyproject.toml
	@$(VENV)/uv pip compile --quiet $(LOCK) --all-extras --group dev --upgrade pyproject.toml -o requirements.lock

pictures: setup  ## the README's pictures, anew from a real run
	@$(VENV)/python -m tests.pictures

clean:  ## remove .venv and everything that was made
	rm -rf .venv dist build .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
