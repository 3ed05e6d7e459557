# Everything happens in .venv; `make run` and `make test` need only Python 3.11+ and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help run test lint bench ci clean

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

bench: $(INSTALLED) ## Compare CPU per request with other proxies, measure size (bench/README.md)
	$(BIN)/python -m bench
	$(BIN)/python -m bench.scale

ci: lint test ## What .ci/run does after installing what it needs

clean: ## Remove .venv and caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
