# Everything runs in .venv, which is made on first use. PYTHON chooses the interpreter (3.11 to 3.13).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export DAGSTER_HOME := $(CURDIR)/dagster_home

.PHONY: demo test lint ui clean

demo: $(VENV)/.demo
	@$(BIN)/video-assets demo

# One test worker more than there are cores: a worker that waits for another process leaves its core to somebody.
test: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n $$(( $$(nproc 2>/dev/null || sysctl -n hw.ncpu) + 1 )) --dist worksteal

lint: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/mypy

ui: $(VENV)/.demo
	$(BIN)/dagster dev -w workspace.yaml

clean:
	rm -rf lake demo_footage lake-work lake-catalog.sqlite*
	find dagster_home -mindepth 1 ! -name dagster.yaml -delete

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml
	@echo "Installing into $(VENV)"
	$(BIN)/pip install --quiet -e '.[demo,shell]'
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml
	@echo "Installing into $(VENV)"
	$(BIN)/pip install --quiet -e '.[dev]'
	@touch $@ $(VENV)/.demo
