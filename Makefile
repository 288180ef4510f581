# Two commands do everything, set-up included: `make report` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all
SNAKEMAKE := $(BIN)/snakemake --cores $(CORES) --rerun-incomplete
SOURCES := workflow/hybridbatch tests performance

.PHONY: help report xquad test lint format lock clean setup

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

report: setup ## the embedded default, from nothing to results/report.html
	$(SNAKEMAKE) results/report.html

xquad: setup ## train on MLQA-R, test on XQuAD-R; MIRROR=folder or URL instead of upstream
	$(if $(MIRROR),HYBRIDBATCH_MIRROR="$(MIRROR)" ,)$(SNAKEMAKE) --configfile config/xquad_cpu.yaml -- results/report.html

test: setup ## the tests; HYBRIDBATCH_MIRROR=folder adds those on real data
	$(BIN)/python -m pytest

lint: setup ## ruff, mypy, snakefmt and snakemake --lint
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/snakefmt --check workflow/Snakefile workflow/rules
	$(BIN)/snakemake --lint

format: setup ## put code into the one format
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/snakefmt workflow/Snakefile workflow/rules

setup: $(VENV)/.complete ## the virtual environment, exactly as locked

# The marker is written last, so that an interrupted set-up is not taken for a finished one.
$(VENV)/.complete: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hybridbatch needs Python 3.11 or newer: set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

lock: ## write requirements.lock anew from pyproject.toml
	rm -rf $(VENV)/lock && $(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip install --quiet torch==2.13.0
	$(VENV)/lock/bin/python -m pip install --quiet "setuptools>=77" ".[dev,slurm,storage,tensorboard]"
	{ sed -n '/^#/p' requirements.lock; $(VENV)/lock/bin/python -m pip freeze --all --exclude hybridbatch --exclude pip | sed 's/+cpu$$//; s/ @ .*//'; } > requirements.lock.new
	mv requirements.lock.new requirements.lock
	rm -rf $(VENV)/lock

clean: ## remove results and logs, keep the environment
	find results -mindepth 1 -not -name .gitkeep -delete
	rm -rf logs .snakemake
