# Two commands on a fresh machine: `make demo` and `make test`. Each sets up what it needs and can be run again at once.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11; do \
	$$candidate -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$candidate; break; }; done)
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.PHONY: help demo test lint bench soak sample lock readers system clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

demo: $(VENV)/.runtime readers ## crawl the sample portals on loopback and publish the dataset under output/sample/
	$(BIN)/scrapy crawl henan_reports -a portals=sample

test: $(VENV)/.dev system ## every test, a file a core; a small form of each long run
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(VENV)/.dev ## ruff, mypy --strict, and the project's own checkall
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/scrapy checkall

bench: $(VENV)/.dev system ## speed as ratios against named baselines, in the same run
	$(BIN)/python -m benchmarks

soak: $(VENV)/.dev system ## the long runs in full; each prints its figures
	$(BIN)/python -m pytest -m soak -o addopts="-W error --strict-markers --strict-config -rA" --timeout 3600

sample: $(VENV)/.dev system ## build the sample portals again from their generator
	$(BIN)/python -m crawler.sample.build

lock: $(VENV)/.dev ## resolve the pins of pyproject.toml into the two hashed lock files (needs uv)
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command "make lock" --no-emit-index-url -q -o requirements.lock
	uv pip compile pyproject.toml --all-extras --group dev -c requirements.lock --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command "make lock" --no-emit-index-url -q -o requirements-dev.lock

# Installs $$missing; where that cannot be done, says what is lost ($$without) and goes on.
INSTALL_MISSING = \
	if [ -n "$$missing" ]; then \
		echo "Installing system packages:$$missing"; \
		if command -v apt-get >/dev/null && { [ -z "$(AS_ROOT)" ] || command -v sudo >/dev/null; }; then \
			{ $(AS_ROOT) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(AS_ROOT) apt-get install -y -qq --no-install-recommends $$missing >/dev/null; } \
			|| echo "Could not install$$missing; $$without. Install them by hand and run again."; \
		else \
			echo "No apt-get or no right to use it; install$$missing by hand. Until then $$without."; \
		fi; \
	fi

# System packages that some kinds of document are read with: .doc, .wps and RTF by LibreOffice, RAR and 7z by libarchive.
readers:
	@missing=""; without="documents that need them end as unsupported"; \
	command -v soffice >/dev/null || missing="$$missing libreoffice-writer-nogui"; \
	/usr/bin/python3 -c 'import uno' 2>/dev/null || missing="$$missing python3-uno"; \
	PATH="$$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null | grep 'libarchive\.so\.13' >/dev/null || missing="$$missing libarchive13"; \
	$(INSTALL_MISSING)

# Those, and what samples and benchmarks are made with. Where they cannot be had, the tests that need them say so and skip.
system: readers
	@missing=""; without="the tests that need them are skipped"; \
	{ soffice_path="$$(command -v soffice)" && [ -e "$$(dirname "$$(readlink -f "$$soffice_path")")/../program/libsclo.so" ]; } || missing="$$missing libreoffice-calc-nogui"; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing="$$missing chromium"; \
	fc-list :lang=zh 2>/dev/null | grep . >/dev/null || missing="$$missing fonts-noto-cjk fontconfig"; \
	$(INSTALL_MISSING)

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11, 3.12 or 3.13 is needed; install one (apt-get install python3 python3-venv) or set PYTHON=..."; exit 1; fi
	@$(PYTHON) -m venv $(VENV) || { \
		echo "python3-venv is missing; installing it"; rm -rf $(VENV); \
		$(AS_ROOT) apt-get update -qq && $(AS_ROOT) apt-get install -y -qq python3-venv && $(PYTHON) -m venv $(VENV); }

$(VENV)/.runtime: requirements.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/.runtime

clean: ## remove the sample output and caches; real output stays
	rm -rf output/sample .mypy_cache .ruff_cache .pytest_cache .hypothesis
