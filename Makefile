# Everything a newcomer needs: `make demo`, `make test`. Nothing is installed outside .venv.
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= 2
# Tests wait for the disk at each commit, and need no disk.
SCRATCH ?= $(shell [ -w /dev/shm ] && [ $$(df -Pk /dev/shm | awk 'NR==2 {print $$4}') -gt 8000000 ] && echo /dev/shm || echo $${TMPDIR:-/tmp})

help:  ## list what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/'

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "careloom: $(PYTHON) was not found; set PYTHON=… to Python 3.11, 3.12 or 3.13"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

install: $(STAMP)  ## install the locked dependencies into .venv

demo: $(STAMP)  ## synthetic patients in, care plans out (DEMO="--exit" to end it)
	$(BIN)/careloom demo $(DEMO)

up: $(STAMP)  ## run everything with the embedded database and broker
	$(BIN)/careloom up $(UP)

format: $(STAMP)  ## put the code into its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(STAMP)  ## form, style, security rules, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint  ## everything that has to hold before a change lands
	TMPDIR=$(SCRATCH) $(BIN)/pytest -n $(JOBS) --dist loadgroup $(TESTS)

cover: $(STAMP)  ## the same tests, and which lines they reach
	rm -f .coverage .coverage.*
	TMPDIR=$(SCRATCH) $(BIN)/pytest -n $(JOBS) --dist loadgroup --cov --cov-config=pyproject.toml --cov-report=term \
		--cov-fail-under=90 $(TESTS)

lock: $(STAMP)  ## resolve the dependencies anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--extra postgres --group dev pyproject.toml -o requirements.lock

clean:  ## remove what was made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .coverage .coverage.*

.PHONY: help install demo up format lint test cover lock clean
