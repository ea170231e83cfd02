# gameday: `make demo` shows it, `make test` proves it. Both set themselves up; a second run is quick.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
.DEFAULT_GOAL := help

help:  ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.run: requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "gameday needs Python 3.11 or newer; say make PYTHON=python3.12"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	@touch $@

demo: $(VENV)/.run  ## a whole game day on the embedded stack: about a minute
	$(BIN)/gameday run auth-connection-leak

test: $(VENV)/.dev  ## every test that needs no outside service
	$(BIN)/python -m pytest -n logical --dist worksteal -m "not service and not alone"
	$(BIN)/python -m pytest -m "alone and not service"
	@echo
	@echo "Left out: tests that need an outside service (a Docker engine, a cluster, a real toxiproxy-server, Alertmanager)."
	@echo "They run with: make test-all"

test-all: $(VENV)/.dev  ## also the tests that need an outside service; those that miss theirs say so
	$(BIN)/python -m pytest -n logical --dist worksteal -m "not service and not alone"
	$(BIN)/python -m pytest -m "service or alone"

lint: $(VENV)/.dev  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

prove: $(VENV)/.dev  ## the long form: every scenario, every control, every lever alone; can be resumed
	$(BIN)/python -m benchmarks.prove --parallel 2

bench: $(VENV)/.dev  ## what it costs and how exact its clock is: about 45 minutes; can be resumed
	$(BIN)/python -m benchmarks.bench

docs: $(VENV)/.dev  ## write again what the documentation takes from the program
	$(BIN)/python docs/generate.py

pins:  ## make the pinned lists again
	rm -rf .pins && $(PYTHON) -m venv .pins
	.pins/bin/python -m pip install --quiet --upgrade pip hatchling editables
	.pins/bin/python -m pip install --quiet -e '.[fast]'
	.pins/bin/python -m pip freeze --exclude-editable > requirements/run.txt
	.pins/bin/python -m pip install --quiet -e '.[kubernetes]'
	.pins/bin/python -m pip freeze --exclude-editable | grep -vxFf requirements/run.txt > requirements/kubernetes.txt
	.pins/bin/python -m pip install --quiet --group dev
	.pins/bin/python -m pip freeze --exclude-editable | grep -vxFf requirements/run.txt > requirements/dev.txt
	rm -rf .pins

clean:  ## remove the environment and every run
	rm -rf $(VENV) runs .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: help demo test test-all lint prove bench docs pins clean
