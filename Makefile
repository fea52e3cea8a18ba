# Moviola. `make` alone prints this help.
SHELL  := /bin/bash
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
export PROMPT ?= a red ball bouncing on a blue floor
export ORT_DISABLE_TELEMETRY := 1
N      ?= 20
BUILD  ?= docker build
TRITON := nvidia-pytriton==0.7.0

.DEFAULT_GOAL := help
.PHONY: help demo serve test long check fix train eval bench chaos images clean

help:  ## print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.base  ## PROMPT="..." -> a 1080p film with sound in outputs/ (ARGS="--seconds 8 ...")
	@$(BIN)/moviola demo $(ARGS) -- "$$PROMPT"

serve: $(VENV)/.base  ## the whole stack on 127.0.0.1:8000 (MOVIOLA_PORT), state in .data/ (MOVIOLA_DATA_DIR)
	@exec $(BIN)/moviola serve

test: $(VENV)/.dev  ## all tests, with real Redis, Triton and MP4s (ARGS="-m 'not slow'" for a part)
	@$(BIN)/python -m pytest $(ARGS)

long: $(VENV)/.dev  ## the tests that `make test` leaves out because they take minutes
	@$(BIN)/python -m pytest -m long $(ARGS)

check: $(VENV)/.dev  ## ruff, mypy --strict and the architecture tests; edits nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/architecture

fix: $(VENV)/.dev  ## let ruff mend and format what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

train: $(VENV)/.dev  ## train moviegen-mini; stopped, it goes on (ARGS="--budget-s 3600"); see training/README.md
	$(BIN)/python -m training.run $(ARGS)

eval: $(VENV)/.dev  ## N=20 held-out captions through the stack, measured; goes on (ARGS="--sections text edit=200")
	$(BIN)/python -m training.evaluation --n $(N) $(ARGS)

bench: $(VENV)/.dev  ## the benchmarks, as ratios measured side by side
	@for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

chaos: $(VENV)/.dev  ## kill everything at every stage, 1,000 jobs (ARGS="--seed 2 --out DIR"; DIR resumes)
	@$(BIN)/python -m tests.chaos $(ARGS)

images:  ## build the three container images (docs/deploy.md; BUILD="podman build")
	@for part in gateway worker triton; do $(BUILD) -f docker/Dockerfile.$$part -t moviola-$$part:0.1.0 . || exit 1; done

clean:  ## remove the environment and caches (keeps .data/ and outputs/)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache *.egg-info

# The Triton wheel is a server binary to us: none of its Python dependencies are needed.
$(VENV)/.base: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "make: '$(PYTHON) -m venv' failed: it wants Python 3.11 to 3.13 with the venv module (Debian: python3-venv)" >&2; exit 1; }
	@echo "setting up $(VENV) (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps "$(TRITON)"
	@touch $@

$(VENV)/.dev: $(VENV)/.base pyproject.toml
	@echo "setting up $(VENV) for development (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[models,dev]'
	@touch $@
