# Needs Python 3.11+ (with venv) and make; everything else is installed into .venv from requirements.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help up test attack lint bench lock clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "comethooks needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "$(PYTHON) cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

up: $(STAMP) ## Run everything on this machine until Ctrl-C
	@exec $(BIN)/comethooks up

test: $(STAMP) ## Run the test suite
	$(BIN)/python -m pytest -n 3 $(ARGS)

attack: $(STAMP) ## Run the long fault campaigns, an hour or more
	$(BIN)/python -m pytest -m attack -rA -o faulthandler_timeout=1860 $(ARGS)

lint: $(STAMP) ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP) ## Measure throughput, latency and memory; ARGS=peers beside others
	$(BIN)/python -m bench $(ARGS)

lock: ## Make requirements.lock and .txt again from pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes \
	  --no-emit-index-url --no-annotate --upgrade \
	  --custom-compile-command 'make lock' -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra postgres \
	  --no-emit-index-url --no-annotate --upgrade --constraint requirements.lock \
	  --custom-compile-command 'make lock' -o requirements.txt pyproject.toml
	echo '.[postgres]' >> requirements.txt

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) .venv-peers .mypy_cache .ruff_cache .pytest_cache
