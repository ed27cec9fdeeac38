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
# What .venv was made from stays: where LOCK is given once, later commands need not give it again.
LOCK ?= $(or $(shell awk 'NR == 1 { print $$2 }' .venv/contents 2>/dev/null),cpu)
LOCK_OPTIONS ?=
PYTHON ?=
GPU ?=

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help venv tools torch docker-build docker-test docker-reproduce-tables reproduce-tables reproduce-figures transfer finetune ablations robustness estimate search compare-searches report check-claims pages analysis bench-optimizers bench-engine test soak fuzz docs check audit format lock release clean

export PYTHON
export TF_CPP_MIN_LOG_LEVEL ?= 2

VENV := .venv
RUN := $(VENV)/bin/python
UV := uv==0.13.9
DOCKER ?= docker
DOCKER_OPTIONS ?=
BASE ?= debian:bookworm-slim
SHM_SIZE ?= 2g
KIND := $(if $(GPU),gpu,cpu)
IMAGE := paper-optimizers:$(KIND)
PODMAN = $(findstring podman,$(shell $(DOCKER) --version 2>/dev/null))
# A value as one word for the shell, whatever is in it; and a path, whose ~ is the home folder.
quote = '$(subst ','\'',$(1))'
path = $(subst '~/,~/',$(call quote,$(1)))
# What a run writes belongs to whoever started it, with rootless podman too; caches go to a hidden folder beside the rows.
# Data are only read. Ray keeps what its processes share in /dev/shm.
DOCKER_USER = --user "$$(id -u):$$(id -g)" $(if $(PODMAN),$$([ "$$(id -u)" = 0 ] || echo --userns=keep-id))
DOCKER_GPUS = $(if $(GPU),$(if $(PODMAN),--device nvidia.com/gpu=all,--gpus all))
DOCKER_DATA = $(if $(DATA_DIR),--volume "$$(cd $(call path,$(DATA_DIR)) && pwd):/project/data:ro")
DOCKER_RUN = $(DOCKER) run --rm --shm-size=$(SHM_SIZE) $(DOCKER_GPUS) $(DOCKER_USER) --env HOME=/project/output/.home \
  --volume "$$(cd $(call path,$(OUTPUT)) && pwd):/project/output" $(DOCKER_DATA) $(DOCKER_OPTIONS)
EXPERIMENT = --profile $(call quote,$(PROFILE)) $(if $(DATA_DIR),--data-dir $(call quote,$(DATA_DIR))) --output $(call quote,$(OUTPUT))
STUDIES = --study $(foreach study,$(STUDY),$(call quote,$(study)))
# Where a target names studies itself, or means all profiles: what was given, and not what is set above.
GIVEN_STUDIES = $(if $(filter file,$(origin STUDY)),,$(STUDIES))
GIVEN_PROFILES = $(if $(filter file,$(origin PROFILE)),,--profile $(foreach profile,$(PROFILE),$(call quote,$(profile))))
STORED = $(if $(ROWS),--rows $(call quote,$(ROWS))) $(GIVEN_PROFILES)

help:  ## List the targets (the default)
	@echo 'make TARGET, where TARGET is one of'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo 'Settings, given as NAME=VALUE: PROFILE ('$(call quote,$(PROFILE))'), STUDY ('$(call quote,$(STUDY))'), DATA_DIR (a folder of data sets),'
	@echo 'ROWS (a folder of stored rows, as OUTPUT is one), LOCK (cpu or gpu: which packages .venv is made of; then what it has),'
	@echo 'OUTPUT ('$(call quote,$(OUTPUT))'), PYTHON (the interpreter .venv is made with), TEST_OPTIONS (for pytest), LOCK_OPTIONS (for the locking tool).'

reproduce-tables: venv  ## Train what is not yet trained, then write the tables and figures to OUTPUT
	@$(RUN) -m reproduce tables $(EXPERIMENT) $(STUDIES)

reproduce-figures: venv  ## Write the tables and figures again from the stored rows, without training
	@$(RUN) -m reproduce figures $(EXPERIMENT) $(STUDIES)

transfer: venv  ## Train every optimizer from scratch on tasks of more classes, then write the tables
	@$(RUN) -m reproduce tables $(EXPERIMENT) --group transfer $(GIVEN_STUDIES)

finetune: venv  ## Fine-tune a pretrained network with every optimizer, then write the tables
	@$(RUN) -m reproduce tables $(EXPERIMENT) --group finetune $(GIVEN_STUDIES)

ablations: venv  ## Optimizers without their decays, and Adam and SGD with every evolved schedule
	@$(RUN) -m reproduce tables $(EXPERIMENT) --group ablations $(GIVEN_STUDIES)

robustness: venv  ## Noisy labels and gradients, imbalance, batch sizes and other networks
	@$(RUN) -m reproduce tables $(EXPERIMENT) --group robustness $(GIVEN_STUDIES)

estimate: venv  ## Minutes, GPU-hours and disk of a profile's studies, from measured runs, before anything starts
	@$(RUN) -m reproduce estimate $(EXPERIMENT) $(STUDIES)

report: venv  ## Write the report of the rows kept under artifact/results (of others: ROWS=output) to OUTPUT/report
	@$(RUN) -m reproduce report $(STORED) --output $(call quote,$(OUTPUT)/report)

check-claims: venv  ## Say which claims of artifact/claims.toml the same rows bear out, do not, or leave open
	@$(RUN) -m reproduce check-claims $(STORED)

pages: venv  ## Write what is written by program: tables of the READMEs, pages of artifact/ and docs/, the spec's schema
	@$(RUN) -m reproduce.report.pages.rates
	@$(RUN) -m reproduce.report.pages
	@$(RUN) -m reproduce.commands.reference

search: venv  ## Evolve optimizers, score the best again, and let them pass rounds of longer and larger training
	@$(RUN) -m reproduce search $(EXPERIMENT)
	@$(RUN) -m reproduce eliminate $(EXPERIMENT)

compare-searches: venv  ## Compare the search with random search and aging evolution, and spaces, under one budget
	@$(RUN) -m reproduce compare-searches $(EXPERIMENT)

analysis: venv  ## Simulate the analysis of the claims again, and write its tables to artifact/ANALYSIS.md
	@$(RUN) -m reproduce.report.pages.analysis

bench-optimizers: venv  ## Time a training step and count the state of every optimizer beside Keras Adam
	@$(RUN) -m reproduce bench-optimizers --output $(call quote,$(OUTPUT))

bench-engine: venv  ## Time the population engine beside Keras, and on processors its steps beside other frameworks
	@$(RUN) -m reproduce bench-engine --output $(call quote,$(OUTPUT))
	$(if $(filter gpu,$(LOCK)),,@$(RUN) -m reproduce bench-frameworks --output $(call quote,$(OUTPUT)))

test: tools  ## Run the tests
	@$(RUN) -m pytest -n $(TEST_WORKERS) --dist worksteal $(TEST_OPTIONS)

soak: tools  ## Kill runs at random moments, break things on purpose, and write artifact/RELIABILITY.md
	@$(RUN) -m tests.soak --kills $(KILLS)

fuzz: tools  ## Fuzz every reader for SECONDS each (after: .venv/bin/pip install atheris)
	@$(RUN) -m tests.fuzz --seconds $(SECONDS) --corpus $(call quote,$(OUTPUT)/fuzz)

docs: tools  ## Build the documentation as a site in build/site
	@NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --quiet
	@echo 'build/site/index.html'

check: audit  ## Check formatting, lint, types, spelling and security advisories
	$(RUN) -m codespell_lib .
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy

audit: tools  ## Compare the locked packages with the published security advisories, where these can be reached
	@$(RUN) requirements/audit.py

format: tools  ## Format the code and apply the lint's safe fixes
	$(RUN) -m ruff check --fix-only .
	$(RUN) -m ruff format .

venv:  ## Make .venv from the hashed lock requirements/cpu.txt (or gpu.txt: LOCK=gpu)
	@requirements/install.sh $(LOCK)
	$(if $(filter venv,$(MAKECMDGOALS)),@echo "The environment is ready: .venv with $$($(RUN) --version)")

tools:  ## Add what tests, checks and the documentation's site need to .venv, from requirements/dev.txt
	@requirements/install.sh $(LOCK) dev

torch: tools  ## Add the CPU build of PyTorch to .venv, where it can be had
	@requirements/install.sh $(LOCK) dev torch-cpu

lock:  ## Resolve requirements/*.txt again, with hashes (newer versions: LOCK_OPTIONS=--upgrade)
	@python=$$(requirements/python.sh); \
	folder=$$(mktemp -d); \
	trap 'rm -rf "$$folder"' EXIT; \
	"$$python" -m venv "$$folder/venv"; \
	"$$folder/venv/bin/python" -m pip install -qq '$(UV)'; \
	compile() { \
	  "$$folder/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --custom-compile-command 'make lock' $(LOCK_OPTIONS) "$$@"; \
	}; \
	echo 'Locking requirements/cpu.txt'; \
	compile pyproject.toml --extra cpu --extra reproduce --extra search --extra data --extra cluster \
	  -o requirements/cpu.txt; \
	echo 'Locking requirements/gpu.txt'; \
	"$$folder/venv/bin/uv" pip compile --quiet --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
	  --generate-hashes --custom-compile-command 'make lock' $(LOCK_OPTIONS) pyproject.toml --extra cuda \
	  --extra reproduce --extra search --extra data --extra cluster -c requirements/cpu.txt \
	  -o requirements/gpu.txt; \
	echo 'Locking requirements/dev.txt'; \
	compile --group dev --group docs -c requirements/cpu.txt -o requirements/dev.txt; \
	echo 'Locking requirements/torch-cpu.txt'; \
	if "$$folder/venv/bin/python" -m pip download -qq --no-deps -d "$$folder/wheels" -r requirements/torch-cpu.in; then \
	  compile requirements/torch-cpu.in -c requirements/cpu.txt -c requirements/dev.txt --find-links "$$folder/wheels" \
	    -o requirements/torch-cpu.txt; \
	else \
	  echo '  left as it was: the CPU build of PyTorch is not to be had from the package sources of this machine'; \
	fi

release: tools  ## Make dist/: wheel, source archive and one zip of code, rows, locks and image recipe, with checksums
	@requirements/release.sh

# An image for GPUs is large: what it will need here is looked for before anything is fetched.
define build_image
$(if $(GPU),$(if $(filter docker-build,$(MAKECMDGOALS)),requirements/nvidia_driver.sh,docker/gpu.sh $(DOCKER)))
$(DOCKER) build --file docker/Dockerfile --build-arg BASE="$$(docker/base.sh "$(BASE)" $(DOCKER))" --target $(1) --tag $(2) .
endef

docker-build:  ## Build the image for CPUs, or with GPU=1 for NVIDIA GPUs
	$(call build_image,$(KIND),$(IMAGE))

docker-test:  ## Run the tests in an image with their tools (GPU=1: in that for GPUs)
	$(call build_image,$(KIND)-test,$(IMAGE)-test)
	@mkdir -p $(call path,$(OUTPUT))
	$(DOCKER_RUN) $(IMAGE)-test -n $(TEST_WORKERS) $(TEST_OPTIONS)

docker-reproduce-tables: docker-build  ## Run the main job in the image (GPU=1: in that for GPUs)
	@mkdir -p $(call path,$(OUTPUT))
	$(DOCKER_RUN) $(IMAGE) tables --profile $(call quote,$(PROFILE)) $(STUDIES) $(if $(DATA_DIR),--data-dir data)

clean:  ## Remove .venv, build products and caches; what is in OUTPUT stays
	rm -rf $(VENV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
