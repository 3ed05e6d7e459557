# Everything happens in .venv; `make run` and `make test` need only Python 3.11+ and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SECONDS ?= 60
SEED ?= 1

.DEFAULT_GOAL := help
.PHONY: help run test lint fuzz bench ci clean

help: ## Show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	touch $@

run: $(INSTALLED) ## Install into .venv and start the demo
	$(BIN)/ingressd demo

test: $(INSTALLED) ## Install into .venv and run every test
	$(BIN)/pytest -q

lint: $(INSTALLED) ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fuzz: $(INSTALLED) ## Send damaged bytes to a data plane for SECONDS=60 a side, from SEED=1
	PYTHONPATH=tests $(BIN)/python -m support.fuzzing --seconds $(SECONDS) --seed $(SEED)

bench: $(INSTALLED) ## Compare CPU per request with other proxies, measure size (bench/README.md)
	$(BIN)/python -m bench
	$(BIN)/python -m bench.scale

ci: lint test ## What .ci/run does after installing what it needs

clean: ## Remove .venv and caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
