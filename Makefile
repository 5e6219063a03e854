# Everything runs in VENV, which is made on first use. PYTHON chooses the interpreter (3.11 to 3.13).
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The versions that were tested. 'make LOCK= ...' takes the newest ones that pyproject.toml allows.
LOCK ?= constraints.txt
# pip's options for torch and torchvision alone, where they are to come from elsewhere: a build for CPUs, for one.
TORCH ?=
export DAGSTER_HOME := $(CURDIR)/dagster_home
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# pip says nothing for many seconds while it unpacks; on a terminal a line goes on.
LIVING := @.ci/living
PIP = $(LIVING) Installing $(BIN)/pip install --progress-bar $$([ -t 1 ] && echo raw || echo auto)

# One test worker more than there are cores: a worker that waits for another process leaves its core to somebody.
PYTEST = $(BIN)/pytest -n $$(( $$(nproc 2>/dev/null || sysctl -n hw.ncpu) + 1 )) --dist worksteal
# What a new version of Python, PyAV or any other package is most likely to break.
TELLING := tests/media tests/footage tests/measure/test_decode_pass.py tests/measure/test_decode_pass_damage.py \
	tests/test_demo_footage.py tests/batches/test_end_to_end.py

.PHONY: demo test long torch lint docs ui trial telling newest lock clean

demo: $(VENV)/.demo
	@$(BIN)/video-assets demo

test: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST) -m "not long"

# Whole runs that show once more, on another store, on a cluster or after more kills, what shorter tests show in parts.
long: $(VENV)/.dev
	$(PYTEST) -m long

lint: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/mypy

# What docs/reference says follows from the code; the site goes to site/, and a broken link is an error.
docs: $(VENV)/.dev
	$(BIN)/python docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

ui: $(VENV)/.demo
	$(BIN)/dagster dev -w workspace.yaml

# The demo once more, in an empty folder that is removed afterwards.
trial: $(VENV)/.demo
	place=$$(mktemp -d) && cd "$$place" && DAGSTER_HOME="$$place/dagster_home" "$(abspath $(BIN))/video-assets" demo && rm -r "$$place"

telling: $(VENV)/.dev trial
	$(PYTEST) $(TELLING)

# The newest versions that pyproject.toml allows, on the newest Python that can be had, in an environment of their own.
newest:
	python="$$(.ci/newest-python)" && $(MAKE) telling VENV=.venv-newest LOCK= PYTHON="$$python"

# Asks for the newest versions that pyproject.toml allows, for every Python and system, and writes them down. Try them with
# 'make test' before they are committed.
lock: $(VENV)/bin/python
	$(BIN)/pip install --quiet 'uv>=0.13,<0.14'
	$(COMPILE) --extra dev --upgrade --output-file constraints.txt
	printf "%s ; sys_platform == 'none'\n" torch torchvision > $(VENV)/without-torch
	$(COMPILE) --extra demo --extra shell --constraint constraints.txt --override $(VENV)/without-torch --output-file embedded.txt

COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --no-annotate --custom-compile-command 'make lock' --quiet

clean:
	rm -rf lake demo_footage lake-work lake-catalog.sqlite*
	find dagster_home -mindepth 1 ! -name dagster.yaml -delete

$(VENV)/bin/python:
	$(LIVING) "Making $(VENV)" $(PYTHON) -m venv $(VENV)
	$(LIVING) "Renewing pip" $(BIN)/pip install --quiet --upgrade 'pip>=25.3'

# The demo runs without torch, which is most of what would be installed; 'make torch' adds it.
$(VENV)/.demo: $(VENV)/bin/python pyproject.toml embedded.txt
	@echo "Installing into $(VENV) by $$($(BIN)/python --version), with embedded.txt:"
	@echo "0.6 GB to download, 2.0 GB of disk, a minute or two. torch is not among it;"
	@echo "'make torch' adds it, and README.md says what for."
	$(PIP) --no-deps -r embedded.txt
	$(PIP) --no-deps -e .
	@touch $@

torch: $(VENV)/.torch

$(VENV)/.torch: $(VENV)/bin/python pyproject.toml $(LOCK)
	$(call install,demo$(comma)shell)
	@touch $@ $(VENV)/.demo

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml $(LOCK)
	$(call install,dev)
	@touch $@ $(VENV)/.demo $(VENV)/.torch

comma := ,
define install
	@echo "Installing into $(VENV) by $$($(BIN)/python --version), with"
	@echo "$(or $(LOCK),the newest versions that are allowed). On Linux this downloads 3.7 GB and takes 7.6 GB"
	@echo "of disk and some minutes; 4.3 GB of it are torch's CUDA libraries, of no use"
	@echo "without a GPU. README.md says how to do without them."
	$(if $(TORCH),$(PIP) --no-deps -c constraints.txt $(TORCH) torch torchvision)
	$(PIP) $(addprefix -c ,$(LOCK)) -e '.[$(1)]'
endef
