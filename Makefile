# Greffe: everything a newcomer runs. `make help` lists it.
#
# Needs make and Python 3.11 or later; the rest comes from PyPI into a virtual environment.
# Another Python: `PYTHON=python3.13 make test`; each has an environment of its own.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# The first Python on the PATH that is new enough, unless the caller names one.
ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11; do \
    $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; \
  done)
VENV := .venv
else ifeq ($(PYTHON),python3)
VENV := .venv
else
VENV := .venv-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
endif

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Workers of pytest: a number, auto (one for each core, at most eight), or 0 for none.
JOBS ?= auto
# More arguments for pytest or the bench: `make test ARGS="-k mtom -x"`, `make bench ARGS=scale`.
ARGS ?=
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --maxprocesses 8

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: venv
venv: $(INSTALLED) ## Make the virtual environment (every other target does when it must)

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Greffe needs Python 3.11 or later; PYTHON is '$(PYTHON)'." >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || \
	  { echo "==> making $(VENV) with $$($(PYTHON) --version)"; $(PYTHON) -m venv --clear $(VENV); } || \
	  { echo "'$(PYTHON) -m venv' failed; on Debian: apt install python3-venv" >&2; exit 1; }
	@echo "==> installing Greffe and its tools into $(VENV) (a minute or two the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

.PHONY: lint
lint: $(INSTALLED) ## Style: ruff, check and format
	@echo "==> ruff"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .

.PHONY: check
check: lint ## Style, strict types and import contracts: no test is run
	@echo "==> mypy --strict"
	@$(BIN)/mypy
	@echo "==> import contracts"
	@$(BIN)/lint-imports

.PHONY: test
test: check pytest ## All checks, then all tests in random order

# Pythons at hand beside the default one: on the PATH and working, or where pyenv keeps them.
OTHERS = $(shell default=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
  for version in 3.11 3.12 3.13; do [ $$version != "$$default" ] || continue; \
    for python in python$$version $$HOME/.pyenv/versions/$$version.*/bin/python; do \
      $$python -c '' 2>/dev/null && echo $$python && break; \
    done; done)

.PHONY: versions
versions: ## The tests once more on every supported Python at hand
	@for python in $(OTHERS); do \
	  $(MAKE) --no-print-directory PYTHON=$$python pytest || exit 1; \
	done

.PHONY: pytest
pytest: $(INSTALLED)
	@echo "==> pytest ($$($(BIN)/python --version))"
	@$(PYTEST) -m "not interop" $(ARGS)

.PHONY: explore
explore: $(INSTALLED) ## All tests, property tests with examples that were not drawn before
	@GREFFE_EXPLORE=1 $(PYTEST) -m "not interop" $(ARGS)

.PHONY: interop
interop: $(INSTALLED) ## Foreign clients against a running node: gSOAP, JAX-WS, zeep, node, PHP
	@echo "==> foreign clients"
	@$(PYTEST) --dist loadfile -m interop $(ARGS) tests/interop

.PHONY: demo
demo: $(INSTALLED) ## The whole job on real documents, told as a story
	@$(BIN)/greffe demo

.PHONY: bench
bench: $(INSTALLED) ## How fast, beside a yardstick from the same run (ARGS=scale: at 1,000,000)
	@$(BIN)/python -m bench $(ARGS)

.PHONY: docs
docs: $(INSTALLED) ## Write the generated pages of docs/ anew
	@$(BIN)/python -m xds.error_codes > docs/errors.md

.PHONY: clean
clean: ## Remove the virtual environments and what tools left behind
	rm -rf .venv .venv-* build dist *.egg-info interop/build \
	  .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
