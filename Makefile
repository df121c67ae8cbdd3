# Everything sets itself up in .venv from nothing but Python 3.11 or newer:
#
#   make picture PROMPT="a yellow boat on the sea at night"
#   make test | make lint | make slow
#
# Which torch: the pinned version, as the default index offers it (on Linux that is the CUDA build; elsewhere the
# build that fits the machine). To choose another build, name its index before the first run:
#
#   make picture TORCH_INDEX=https://download.pytorch.org/whl/cpu      no GPU, and no gigabytes of CUDA
#   make picture TORCH_INDEX=https://download.pytorch.org/whl/cu130    an NVIDIA GPU

PROMPT ?= a red sports car on a mountain road, golden hour
PYTHON ?= python3
TORCH_INDEX ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt
# Handed over in the environment, so that quotes and dollar signs in a prompt reach the program as they were typed.
export SAFELIGHT_PROMPT := $(value PROMPT)

.PHONY: picture test lint slow
picture: $(VENV)/.ready
	@$(BIN)/safelight generate "$$SAFELIGHT_PROMPT"

test: $(VENV)/.ready-test
	$(BIN)/python -m pytest

slow: $(VENV)/.ready-test
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/.ready-test
	$(BIN)/ruff check .
	$(BIN)/pyright

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Safelight needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: pyproject.toml constraints.txt | $(BIN)/python
	@echo "setting up $(VENV): once, a few minutes"
	$(PIP) torch $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(PIP) --editable .
	@touch $@

# k-diffusion alone comes without its dependencies: see `test` in pyproject.toml.
$(VENV)/.ready-test: $(VENV)/.ready
	$(PIP) --editable '.[test,lint]'
	$(PIP) --no-deps k-diffusion
	@touch $@
