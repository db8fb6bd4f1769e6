# Every target starts from nothing but Python 3.11 or newer: it makes .venv, installs, and does its job.
# Another interpreter: make PYTHON=python3.12 demo

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
PYTEST_FLAGS ?=

.PHONY: help demo test lint types format bench wheel clean distclean

help:
	@echo "make demo    complete the bundled partial scan; the picture is in demo/"
	@echo "make test    run the tests"
	@echo "make lint    ruff and the import rules"
	@echo "make types   pyright"
	@echo "make format  let ruff mend what it can"
	@echo "make bench   measured speed and memory beside NumPy, SciPy and Pillow"
	@echo "make wheel   build the wheel into dist/"
	@echo "make clean   remove what these made, except .venv (distclean: .venv too)"

demo: $(VENV)/.installed
	$(BIN)/stemgan demo -o demo --overwrite

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.installed-dev
	$(BIN)/pyright --pythonpath $(BIN)/python

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/kernels.py
	$(BIN)/python benchmarks/reconstruct.py
	$(BIN)/python benchmarks/data.py

wheel: $(VENV)/.installed-dev
	rm -rf dist
	$(BIN)/python -m build --wheel

clean:
	rm -rf build dist demo .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find stemgan kernels data_prep tests benchmarks examples -name __pycache__ -prune -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV)

# A virtual environment is whole only once its stamp is there.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "stemgan needs Python 3.11 or newer: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/.made
	$(PIP) -e .
	@touch $@

# What the tests need contains what the demo needs.
$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/.made
	$(PIP) -e '.[dev]'
	@touch $(VENV)/.installed $@
