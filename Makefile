# Everything a contributor or CI runs. The first use of any target makes .venv with the pinned versions.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check -q

.DEFAULT_GOAL := help
.PHONY: dist test-dist docs test-docs help demo test test-all fuzz check web bench clean

help:
	@echo "make demo      train on handwritten digits and write images, curves, film and the page (under 90 s)"
	@echo "make test      set up what the tests need, then run them"
	@echo "make test-all  the same with the slow tests"
	@echo "make fuzz      damaged images, arrays, archives, tables and runs for FUZZ_SECONDS (60), other cases each time"
	@echo "make check     ruff, mypy --strict; types, lint and tests of the viewer, and its bundle against its source"
	@echo "make bench     the benchmark table, into docs/benchmarks.md"
	@echo "make web       rebuild the viewer's bundle (needs Node)"
	@echo "make docs      the documentation site, into site/ (trains the runs it shows; about four minutes)"
	@echo "make dist      the wheel and the sdist, into dist/"
	@echo "make test-dist build both and try them: an empty environment without compilers, the sdist by its own files"
	@echo "make test-docs build the site and check its links, lines and pages"
	@echo "make clean     remove what the targets above made"

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	@# torch first: unpinned it would come with gigabytes of CUDA packages
	$(PIP) install -c constraints.txt torch
	$(PIP) install -c constraints.txt -e .
	touch $@

$(VENV)/installed-tests: $(VENV)/installed
	$(PIP) install -c constraints.txt -e ".[test,check]"
	@# axe-core, with which the page's tests look for what people with a reader or a keyboard cannot use
	@if command -v npm >/dev/null; then cd web && npm ci --no-audit --no-fund --loglevel=error; fi
	touch $@

demo: $(VENV)/installed
	rm -rf demo
	$(BIN)/ganscope train digits --run demo --snapshots 24
	@echo
	@echo "Open demo/report.html in a browser: the map, the images and the curves under one slider."

test: $(VENV)/installed-tests
	$(BIN)/python -m pytest -n auto --dist loadfile $(TESTFLAGS)

test-all: $(VENV)/installed-tests
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not gpu"

FUZZ_SECONDS ?= 60
fuzz: $(VENV)/installed-tests
	$(BIN)/python -W error tests/fuzz.py --seconds $(FUZZ_SECONDS) $(if $(FUZZ_FIRST),--first $(FUZZ_FIRST))

check: $(VENV)/installed-tests
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check -q src tests benchmarks
	$(BIN)/mypy
	$(BIN)/mypy --config-file tests/mypy.ini
	$(BIN)/python web/lines.py --check
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory check-web; else echo "npm is not here: the viewer's bundle was not checked"; fi

check-web:
	cd web && npm ci --no-audit --no-fund --loglevel=error && npm run --silent check
	git diff --exit-code --stat -- src/ganscope/page/static docs/glossary.md

web:
	cd web && npm ci --no-audit --no-fund && npm test && npm run build

bench: $(VENV)/installed-tests
	$(BIN)/python benchmarks/train_speed.py --write docs/benchmarks.md

$(VENV)/installed-release: $(VENV)/installed
	$(PIP) install -c constraints.txt -e ".[release,docs,export]"
	touch $@

dist: $(VENV)/installed-release
	rm -rf dist
	$(BIN)/python -m build -q --outdir dist .
	@ls -l dist

test-dist: dist
	$(BIN)/python packaging/try_dist.py --sdist $(if $(shell command -v npm),--viewer)
	$(BIN)/python packaging/try_dist.py

docs: $(VENV)/installed-release
	$(BIN)/python docs/build.py

test-docs: docs
	$(BIN)/python docs/check.py
	$(BIN)/python notebooks/make.py --run

clean:
	rm -rf dist site $(VENV) demo .pytest_cache .mypy_cache .ruff_cache web/node_modules
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
