# Everything a fresh machine needs: `make demo` to see it work, `make test` to check it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What has been compiled once is kept: without it every start of the program takes twice as long.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/pip install --quiet --no-compile --disable-pip-version-check

.PHONY: help demo test check words bench clean

help:
	@echo "make demo    set up and show an afternoon of complaints, offline"
	@echo "make test    set up and run every check and test"
	@echo "make check   the checks alone: style, types, layers"
	@echo "make words   bring the languages' catalogues up to what the program says"
	@echo "make bench   the benchmarks, each with its baseline"
	@echo "make clean   remove what was set up and built"

demo: $(VENV)/.runtime
	$(BIN)/python -m monitor demo

test: check
	$(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report=term:skip-covered

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

words: $(VENV)/.dev
	$(BIN)/python -m tests.catalogues

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.end_to_end
	$(BIN)/python -m benchmarks.escalation
	$(BIN)/python -m benchmarks.flood
	$(BIN)/python -m benchmarks.storms
	$(BIN)/python -m benchmarks.digest
	$(BIN)/python -m benchmarks.classifier
	$(BIN)/python -m benchmarks.inbox

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt constraints.txt | $(VENV)/bin/python
	$(PIP) -r requirements.txt
	touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt constraints.txt | $(VENV)/bin/python
	$(PIP) -r requirements-dev.txt
	npm install --silent --no-save --no-audit --no-fund --prefix $(VENV) local-slack-linux-x64@0.1.8 axe-core@4.14.1
	command -v chromium >/dev/null || { apt-get update -qq && apt-get install -qq -y chromium; } || true
	touch $@ $(VENV)/.runtime
