# Every target works as the first command after a clone: it makes .venv when that is missing.
# Needs git, GNU make, bash and Python 3.11, 3.12 or 3.13 with its venv module; nothing is installed outside this folder.

PROFILE ?= smoke
STUDY ?= $(if $(filter smoke,$(PROFILE)),main,all)
DATA_DIR ?=
OUTPUT ?= output
ROWS ?=
TEST_WORKERS ?= 2
TEST_OPTIONS ?=
KILLS ?= 100
SECONDS ?= 60
LOCK ?= cpu
LOCK_OPTIONS ?=
PYTHON ?=
GPU ?=

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help venv torch docker-build docker-test docker-reproduce-tables reproduce-tables reproduce-figures transfer finetune ablations robustness estimate search compare-searches report check-claims bench-optimizers bench-engine test soak fuzz docs check audit format lock clean

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export TF_CPP_MIN_LOG_LEVEL ?= 2

VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/ready-$(LOCK)
TORCH_READY := $(VENV)/torch-ready
PIP_LOG := $(VENV)/pip.log
UV := uv==0.13.9
DOCKER ?= docker
IMAGE := paper-optimizers:$(if $(GPU),gpu,cpu)
# What a run writes belongs to whoever started it; caches go to a hidden folder beside the rows. Data are only read.
DOCKER_DATA = $(if $(DATA_DIR),--volume "$$(cd "$(DATA_DIR)" && pwd):/project/data:ro")
DOCKER_RUN = $(DOCKER) run --rm $(if $(GPU),--gpus all) --user "$$(id -u):$$(id -g)" --env HOME=/project/output/.home \
  --volume "$$(cd "$(OUTPUT)" && pwd):/project/output" $(DOCKER_DATA) $(IMAGE)
EXPERIMENT = --profile $(PROFILE) $(if $(DATA_DIR),--data-dir "$(DATA_DIR)") --output "$(OUTPUT)"
STORED = $(if $(ROWS),--rows "$(ROWS)")

help:  ## List the targets (the default)
	@echo 'make TARGET, where TARGET is one of'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo 'Settings, given as NAME=VALUE: PROFILE ($(PROFILE)), STUDY ($(STUDY)), DATA_DIR (a folder of data sets),'
	@echo 'ROWS (a folder of stored rows, as OUTPUT is one),'
	@echo 'OUTPUT ($(OUTPUT)), PYTHON (the interpreter .venv is made with), TEST_OPTIONS (for pytest), LOCK_OPTIONS (for the locking tool).'

reproduce-tables: $(READY)  ## Train what is not yet trained, then write the tables and figures to OUTPUT
	@$(RUN) -m reproduce tables $(EXPERIMENT) --study $(STUDY)

reproduce-figures: $(READY)  ## Write the tables and figures again from the stored rows, without training
	@$(RUN) -m reproduce figures $(EXPERIMENT) --study $(STUDY)

transfer: $(READY)  ## Train every optimizer from scratch on tasks of more classes, then write the tables
	@$(RUN) -m reproduce tables $(EXPERIMENT) --study transfer

finetune: $(READY)  ## Fine-tune a pretrained network with every optimizer, then write the tables
	@$(RUN) -m reproduce tables $(EXPERIMENT) --study finetune

ablations: $(READY)  ## Optimizers without their decays, and Adam and SGD with every evolved schedule
	@$(RUN) -m reproduce tables $(EXPERIMENT) --study decays schedules

robustness: $(READY)  ## Noisy labels and gradients, imbalance, batch sizes and other networks
	@$(RUN) -m reproduce tables $(EXPERIMENT) --study label_noise imbalance gradient_noise batch_size architectures

estimate: $(READY)  ## Minutes, GPU-hours and disk of a profile's studies, from measured runs, before anything starts
	@$(RUN) -m reproduce estimate $(EXPERIMENT) --study $(STUDY)

report: $(READY)  ## Write the report of the rows kept under artifact/results (of others: ROWS=output) to OUTPUT/report
	@$(RUN) -m reproduce report $(STORED) --output "$(OUTPUT)/report"

check-claims: $(READY)  ## Say which claims of artifact/claims.toml the same rows bear out, do not, or leave open
	@$(RUN) -m reproduce check-claims $(STORED)

search: $(READY)  ## Evolve optimizers, score the best again, and let them pass rounds of longer and larger training
	@$(RUN) -m reproduce search $(EXPERIMENT)
	@$(RUN) -m reproduce eliminate $(EXPERIMENT)

compare-searches: $(READY)  ## Compare the search with random search and aging evolution, and spaces, under one budget
	@$(RUN) -m reproduce compare-searches $(EXPERIMENT)

bench-optimizers: $(READY)  ## Time a training step and count the state of every optimizer beside Keras Adam
	@$(RUN) -m reproduce bench-optimizers --output "$(OUTPUT)"

bench-engine: $(READY)  ## Time the population engine beside Keras, candidate by candidate
	@$(RUN) -m reproduce bench-engine --output "$(OUTPUT)"

test: $(READY)  ## Run the tests
	@$(RUN) -m pytest -n $(TEST_WORKERS) $(TEST_OPTIONS)

soak: $(READY)  ## Kill runs at random moments, break things on purpose, and write artifact/RELIABILITY.md
	@$(RUN) -m tests.soak --kills $(KILLS)

fuzz: $(READY)  ## Fuzz every reader for SECONDS each (after: .venv/bin/pip install atheris)
	@$(RUN) -m tests.fuzz --seconds $(SECONDS) --corpus "$(OUTPUT)/fuzz"

docs: $(READY)  ## Build the documentation as a site in build/site (not with LOCK=gpu, which leaves its packages out)
	@NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --quiet
	@echo 'build/site/index.html'

check: audit  ## Check formatting, lint, types and security advisories
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy

audit: $(READY)  ## Compare the locked packages with the published security advisories, where these can be reached
	@$(RUN) requirements/audit.py

format: $(READY)  ## Format the code and apply the lint's safe fixes
	$(RUN) -m ruff check --fix-only .
	$(RUN) -m ruff format .

venv: $(READY)  ## Make .venv from the hashed lock requirements/cpu.txt (or gpu.txt: LOCK=gpu)
	@echo 'The environment is ready: $(VENV)'

torch: $(TORCH_READY)  ## Add the CPU build of PyTorch to .venv, where it can be had

# Sets the shell variable python to an interpreter this project can use, or ends with what is wrong.
define find_python
python=; \
for candidate in $(or $(PYTHON),python3.11 python3.12 python3.13 python3); do \
  if "$$candidate" -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; \
  then python=$$candidate; break; fi; \
done; \
if [ -z "$$python" ]; then \
  echo 'No usable Python among: $(or $(PYTHON),python3.11 python3.12 python3.13 python3).' >&2; \
  echo 'This project needs Python 3.11, 3.12 or 3.13 with its venv module (on Debian and Ubuntu: the package python3-venv).' >&2; \
  echo 'Another interpreter is named so: make PYTHON=/path/to/python3.11 TARGET' >&2; \
  exit 1; \
fi
endef

# pip's output, cut down to signs of life: each large download, a count, and the start of the long unpacking.
define pip_progress
awk '/^ *Downloading .*[0-9][0-9]\.[0-9] MB\)/ { sub(/^ *Downloading /, ""); sub(/-.*\(/, " ("); print "  fetching " $$0; fflush() } \
     /^(Collecting|Processing) / && ++n % 20 == 0 { print "  " n " packages collected"; fflush() } \
     /^Installing collected/ { print "  " n " packages collected, installing them (about a minute)"; fflush() }'
endef

# The stamp comes last, so an interrupted set-up is begun again from nothing.
$(READY): requirements/$(LOCK).txt
	@$(find_python); \
	start=$$SECONDS; \
	echo "Making $(VENV) with $$("$$python" --version), once: a few minutes, about 3 GB"; \
	rm -rf $(VENV); \
	"$$python" -m venv $(VENV); \
	$(RUN) -m pip install --require-hashes --only-binary :all: --no-binary promise --progress-bar off -r $< 2>$(PIP_LOG) | $(pip_progress) \
	  || { cat $(PIP_LOG) >&2; exit 1; }; \
	touch $@; \
	echo "  ready after $$((SECONDS - start)) s"

$(TORCH_READY): requirements/torch-cpu.txt $(READY)
	@echo 'Adding the CPU build of PyTorch to $(VENV)'; \
	if $(RUN) -m pip install --quiet --require-hashes --only-binary :all: -r $< 2>$(PIP_LOG); then \
	  touch $@; echo '  ready'; \
	elif grep -qE 'No matching distribution found for|ResolutionImpossible' $(PIP_LOG); then \
	  echo '  not to be had from the package sources of this machine for this Python: the tests on the torch backend will be skipped'; \
	else \
	  cat $(PIP_LOG) >&2; exit 1; \
	fi

lock:  ## Resolve requirements/*.txt again, with hashes (newer versions: LOCK_OPTIONS=--upgrade)
	@$(find_python); \
	folder=$$(mktemp -d); \
	trap 'rm -rf "$$folder"' EXIT; \
	"$$python" -m venv "$$folder/venv"; \
	"$$folder/venv/bin/python" -m pip install -qq '$(UV)'; \
	compile() { \
	  "$$folder/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --custom-compile-command 'make lock' $(LOCK_OPTIONS) "$$@"; \
	}; \
	echo 'Locking requirements/cpu.txt'; \
	compile pyproject.toml --extra cpu --extra reproduce --extra search --extra data --extra cluster --extra docs \
	  --extra dev -o requirements/cpu.txt; \
	echo 'Locking requirements/gpu.txt'; \
	"$$folder/venv/bin/uv" pip compile --quiet --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
	  --generate-hashes --custom-compile-command 'make lock' $(LOCK_OPTIONS) pyproject.toml --extra cuda \
	  --extra reproduce --extra search --extra data --extra cluster --extra dev -c requirements/cpu.txt \
	  -o requirements/gpu.txt; \
	echo 'Locking requirements/torch-cpu.txt'; \
	if "$$folder/venv/bin/python" -m pip download -qq --no-deps -d "$$folder/wheels" -r requirements/torch-cpu.in; then \
	  compile requirements/torch-cpu.in -c requirements/cpu.txt --find-links "$$folder/wheels" \
	    -o requirements/torch-cpu.txt; \
	else \
	  echo '  left as it was: the CPU build of PyTorch is not to be had from the package sources of this machine'; \
	fi

docker-build:  ## Build the image for CPUs, or with GPU=1 for NVIDIA GPUs
	$(DOCKER) build --file docker/Dockerfile --target $(if $(GPU),gpu,cpu) --tag $(IMAGE) .

docker-test: docker-build  ## Run the tests in the image (GPU=1: in that for GPUs)
	@mkdir -p "$(OUTPUT)"
	$(DOCKER_RUN) make test LOCK=$(if $(GPU),gpu,cpu)

docker-reproduce-tables: docker-build  ## Run the main job in the image (GPU=1: in that for GPUs)
	@mkdir -p "$(OUTPUT)"
	$(DOCKER_RUN) make reproduce-tables LOCK=$(if $(GPU),gpu,cpu) PROFILE=$(PROFILE) STUDY=$(STUDY) $(if $(DATA_DIR),DATA_DIR=data)

clean:  ## Remove .venv, build products and caches; what is in OUTPUT stays
	rm -rf $(VENV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
