# run: the sandbox · test: every check and test that needs only pip · live: real servers and Chromium
# fault: slow fault runs · bench: benchmarks · screenshots: pictures of every page · lock: pin the dependencies anew
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
UV := $(BIN)/uv --system-certs
# One more than there are cores: some tests wait for processes of their own.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

.PHONY: run test check live fault bench screenshots lock clean

run: $(READY)
	$(BIN)/prospector demo

test: check
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

live: $(READY)
	bash tests/live/install.sh
	$(BIN)/pytest -m live tests/live tests/browser --timeout 300

fault: $(READY)
	$(BIN)/pytest -m fault tests/crash --timeout 3600

bench: $(READY)
	$(BIN)/python -m benchmarks

screenshots: $(READY)
	$(BIN)/python -m tests.browser.screenshots

lock: $(READY)
	$(UV) pip compile --universal --generate-hashes --no-header --no-annotate --all-extras --group dev \
		pyproject.toml --upgrade -o requirements.lock

$(READY): requirements.lock pyproject.toml hatch_build.py
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "prospector needs Python 3.11 or newer; try make PYTHON=python3.11"'
	$(PYTHON) -m venv .venv
	grep -A 40 '^uv==' requirements.lock | awk 'NR > 1 && /^[a-z]/ {exit} {print}' > .venv/uv.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r .venv/uv.lock
	$(UV) pip install --quiet --require-hashes -r requirements.lock
	$(UV) pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

clean:
	rm -rf .venv sandbox
