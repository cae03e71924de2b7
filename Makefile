# Everything runs in a virtual environment of its own (.venv); all that is needed is Python >= 3.11 and make.
#
#   make demo     play a story from start to end and draw the machines into build/
#   make test     the tests, on all cores
#   make check    all that must hold: style, types, levels, fresh pages, the site, stories on both engines, coverage
#   make proof    all that shows that no money is lost, none paid twice and none stuck, with its figures
#   make bench    what a life, a replay, an import cost, as ratios to bare state machines
#   make docs     make the committed pages anew from the tables, and the site of all pages into build/site
#   make clean    remove what was made, the virtual environment included

VENV ?= .venv
BIN := $(VENV)/bin
# The first interpreter that is new enough; make PYTHON=... takes another.
PYTHON := $(or $(PYTHON),$(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done))
PIP := $(BIN)/python -m pip --disable-pip-version-check
PYTEST ?= -n auto
COVERAGE := $(BIN)/coverage
# `-E`: every page is read, so that a warning is never hidden by an earlier run.
SITE := $(BIN)/sphinx-build -E -W --keep-going -n -q -d build/doctrees docs build/site

.PHONY: help demo test check proof bench docs clean style types levels fresh site stories canaries removals mutants coverage
.DELETE_ON_ERROR:

help:
	@sed -n '3,9s/^#   //p' Makefile

# -- what people run ---------------------------------------------------------------------------------------------------

demo: $(VENV)/with-demo
	@$(BIN)/escrowkit play
	@mkdir -p build
	@$(BIN)/escrowkit draw --format svg --output build/overview.svg
	@$(BIN)/escrowkit draw dispute --rulebook standard@1 --format svg --output build/dispute.svg
	@echo
	@echo "Drawn from the same tables: build/overview.svg and build/dispute.svg"
	@echo "Go on with: $(BIN)/escrowkit play --list"

test: $(VENV)/with-dev
	$(BIN)/python -m pytest $(PYTEST)

# The tests come last: they take longest.
check: style types levels fresh site stories canaries coverage

proof: $(VENV)/with-dev
	$(BIN)/python tools/proof.py $(PROOF)

bench: $(VENV)/with-bench
	$(BIN)/python -m bench.run $(BENCH)

docs: $(VENV)/with-dev
	$(BIN)/python tools/golden.py
	$(BIN)/python tools/docs.py
	$(BIN)/python tools/schemas.py
	$(BIN)/python tools/histories.py
	$(SITE)
	@echo "The site: build/site/index.html"

clean:
	rm -rf build dist mutants $(VENV) .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# -- the parts of a check ----------------------------------------------------------------------------------------------

style: $(VENV)/with-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/with-dev
	$(BIN)/mypy
	$(BIN)/mypy tools/*.py

levels: $(VENV)/with-dev
	$(BIN)/lint-imports --no-logo

fresh: $(VENV)/with-dev
	$(BIN)/python tools/golden.py --check
	$(BIN)/python tools/docs.py --check
	$(BIN)/python tools/schemas.py --check
	$(BIN)/python tools/histories.py --check

# Offline: no other project's index, no font, no script from elsewhere.
site: $(VENV)/with-dev
	$(SITE)

stories: $(VENV)/with-dev
	$(BIN)/escrowkit play --check --engine compiled
	$(BIN)/escrowkit play --check --engine stock

# Bugs of other systems, planted one at a time: one that no test catches fails.
canaries: $(VENV)/with-dev
	$(BIN)/python -m planted.canaries

# Every row, guard and line of the tables, taken out one at a time: what no test of behaviour misses fails.
removals: $(VENV)/with-dev
	$(BIN)/python -m planted.removals

# Small bugs planted in levels 1 to 5: what no test finds and tests/mutants.toml does not list fails. It takes more than an hour on
# two cores, so it is no part of a check; MODULE=money takes one module, MODULE=sample a hundred mutants.
mutants: $(VENV)/with-dev
	$(BIN)/python tools/mutants.py $(MODULE) $(MUTANTS)

coverage: $(VENV)/with-dev
	$(COVERAGE) erase --rcfile=tools/coverage.ini
	$(COVERAGE) run --rcfile=tools/coverage.ini -m pytest $(PYTEST)
	$(COVERAGE) combine --rcfile=tools/coverage.ini --quiet
	$(COVERAGE) report --rcfile=tools/coverage.ini

# -- the virtual environment -------------------------------------------------------------------------------------------

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found; make PYTHON=/path/to/python names one." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/with-demo: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet -e '.[cli,diagrams]'
	@touch $@

$(VENV)/with-dev: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet -e '.[dev]'
	@touch $@ $(VENV)/with-demo

$(VENV)/with-bench: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet -e '.[dev,bench]'
	@touch $@ $(VENV)/with-dev $(VENV)/with-demo
