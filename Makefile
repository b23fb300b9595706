# Each target installs what it needs into .venv and build; `make clean` removes both.

PYTHON ?= python3
WORKERS ?= auto
SEED ?= $(shell date +%s)
BIN := $(CURDIR)/.venv/bin
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python

# uv creates the environment of the demo: ignore an active environment and other Pythons.
unexport VIRTUAL_ENV
export UV_PYTHON ?= $(BIN)/python

.PHONY: help test test-all fuzz demo lint catalog bench faults mutate survivors clean

help:
	@echo 'make test       run the tests of the template; SEED=... draws the same random subsets of the catalog'
	@echo 'make test-all   run the slow tests too'
	@echo 'make fuzz       run property tests with many random examples; SEED=... repeats a run'
	@echo 'make demo       write the default service to build/demo and run its tests'
	@echo 'make lint       check style, format, types and the workflow of this repository'
	@echo 'make catalog    write docs/reference/catalog.md from the files of the modules'
	@echo 'make bench      measure writing and testing a service, and its requests, as ratios'
	@echo 'make faults     play races, overload and outages against a service, and count what is lost, duplicated or fails'
	@echo 'make mutate     create mutants of a service and count those that its tests kill; MODULES="tickets webhooks" judges these'
	@echo 'make survivors  show the surviving mutants of the last run'
	@echo 'make clean      remove .venv and build'

# The first lines of the report show the seed of the random subsets; `make test SEED=...` draws them again.
test test-all: export SUBSETS_SEED = $(SEED)
test: .venv/.has-test .venv/.has-suite
	@$(BIN)/python -m pytest -n $(WORKERS)

test-all: .venv/.has-test .venv/.has-suite
	@$(BIN)/python -m pytest -n $(WORKERS) -m ''

# Each run uses new examples; the first lines of the report and the names of tests show the seed.
fuzz: export FUZZ_SEED = $(SEED)
fuzz: .venv/.has-test .venv/.has-suite
	@$(BIN)/python -m pytest -n $(WORKERS) -m fuzz
	@SEQUENCES=100 $(BIN)/python -m pytest -n 0 tests/command/test_update_sequences.py -k lost

demo: .venv/.has-demo
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

catalog: .venv/.has-test
	@$(BIN)/python -m tests.support.catalog_page > docs/reference/catalog.md

bench: .venv/.has-test
	@$(BIN)/python -m benchmarks.bench

faults: .venv/.has-test .venv/.has-suite
	@$(BIN)/python -m benchmarks.faults

mutate: .venv/.has-test
	@$(BIN)/python -m benchmarks.mutate $(MODULES)

survivors: .venv/.has-test
	@$(BIN)/python -m benchmarks.mutate --survivors

clean:
	@rm -rf .venv build

# This project, editable, and a dependency group of pyproject.toml.
.venv/.has-%: pyproject.toml | .venv/.made
	@echo 'Installing what `$*` needs into .venv ...'
	@$(INSTALL) --editable . --group $*
	@touch $@

.venv/.has-demo: pyproject.toml | .venv/.made
	@echo 'Installing what `demo` needs into .venv ...'
	@$(INSTALL) --group demo
	@touch $@

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Phasework needs Python 3.11 or newer, and $(PYTHON) is %d.%d: name another one, as in `make PYTHON=python3.12`." % sys.version_info[:2])'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check uv
	@touch $@
