# What can be done here. Each target sets up what it needs, in .venv and build; `make clean` removes both.

PYTHON ?= python3
WORKERS ?= auto
SEED ?= $(shell date +%s)
BIN := $(CURDIR)/.venv/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check

# uv makes the environment of the demo: neither an active environment nor an older Python on the PATH concerns it.
unexport VIRTUAL_ENV
export UV_PYTHON ?= $(BIN)/python

.PHONY: help test test-all fuzz demo lint bench mutate survivors clean

help:
	@echo 'make test       run the tests of the template'
	@echo 'make test-all   run the long tests as well'
	@echo 'make fuzz       try many more cases of the tests that draw their own; SEED=... tries those of another run again'
	@echo 'make demo       write the default service to build/demo and run its suite'
	@echo 'make lint       check our own style, format, types and workflow'
	@echo 'make bench      measure writing a service and running its suite, as ratios'
	@echo 'make mutate     break a service line by line, and count what its tests notice'
	@echo 'make survivors  show what they did not notice in the last run of mutate'
	@echo 'make clean      remove what the others made'

test: .venv/.has-test .venv/.has-suite
	@$(BIN)/python -m pytest -n $(WORKERS)

test-all: .venv/.has-test
	@$(BIN)/python -m pytest -n $(WORKERS) -m ''

# Each run draws new cases: its seed is the first line of the report, and the names of tests tell theirs.
fuzz: export FUZZ_SEED = $(SEED)
fuzz: .venv/.has-test .venv/.has-suite
	@$(BIN)/python -m pytest -n $(WORKERS) -m fuzz
	@SEQUENCES=100 $(BIN)/python -m pytest -n 0 tests/command/test_update_sequences.py -k lost

demo: .venv/.has-test
	@rm -rf build/demo build/template
	@mkdir -p build/template
	@cp -R copier.yml template hooks src build/template
	$(BIN)/copier copy --defaults --quiet build/template build/demo
	cd build/demo && $(BIN)/uv sync --quiet && $(BIN)/uv run pytest

lint: .venv/.has-test .venv/.has-suite .venv/.has-lint
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/yamllint --strict .
	@$(BIN)/zizmor --offline --quiet .github

bench: .venv/.has-test
	@$(BIN)/python -m benchmarks.bench

mutate: .venv/.has-test
	@$(BIN)/python -m benchmarks.mutate

survivors: .venv/.has-test
	@$(BIN)/python -m benchmarks.mutate --survivors

clean:
	@rm -rf .venv build

# This project, editable, and a dependency group of pyproject.toml.
.venv/.has-%: pyproject.toml | .venv/.made
	@echo 'Installing what `$*` needs into .venv ...'
	@$(PIP) --editable . --group $*
	@touch $@

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Phasework needs Python 3.11 or newer, and $(PYTHON) is %d.%d: name another one, as in `make PYTHON=python3.12`." % sys.version_info[:2])'
	@$(PYTHON) -m venv .venv
	@$(PIP) 'pip>=25.1' # the first that knows --group
	@touch $@
