# `make` prints the targets. `make run` and `make test` are all a newcomer needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
ASSETS := web_static/vendor/.fetched

.DEFAULT_GOAL := help
# Each start of a daemon would compile all of it again; the tests start some two hundred.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help dev run demo check fix test catalogue bench bench-peers clients faults fuzz news accept clean

help:  ## print this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): setup.cfg pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ echo "make: python3 has no venv module. fix: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: Python 3.11 or later is needed (PYTHON=... make run)"; exit 1; }
	@echo "installing into $(VENV); the first time takes a minute or two"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

$(ASSETS): package-lock.json decnet_actors/web/fetch_assets.py | $(STAMP)
	$(BIN)/python -m decnet_actors.web.fetch_assets

dev: $(STAMP) $(ASSETS)  ## make the virtual environment and fetch the pinned front-end libraries

run: dev  ## start decnetd on the embedded default: no root, no Docker; Ctrl-C stops it (CONFIG=my.toml)
	@exec $(BIN)/decnetd $(if $(CONFIG),-c $(CONFIG)) --state-dir run/state --run-dir run/sock

demo: dev  ## start a throw-away instance with scripted attackers and a populated dashboard
	@exec $(BIN)/decnetctl demo

check: dev  ## format, lint, types, import contracts, architecture, unit and flow tests
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell README.md ARCHITECTURE.md CONTRIBUTING.md STYLE.md docs decnet_actors supervisors plugins
	$(BIN)/pytest -q -n 2 --dist loadfile -m 'not client and not browser and not server' --ignore tests/faults

fix:  ## format and apply safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: dev  ## run the whole test suite (T=path/to/test.py runs one, with its log)
ifdef T
	$(BIN)/pytest -x -vv --log-cli-level=DEBUG -p no:randomly $(T)
else
	$(MAKE) --no-print-directory check
	$(MAKE) --no-print-directory clients faults
endif

# The browser has a process of its own: its driver keeps an event loop in the thread that runs the tests.
clients: dev  ## only the tests with real clients, real database servers and a real browser
	$(BIN)/pytest -q -n 2 --dist loadfile -m 'client or server' -p no:randomly
	$(BIN)/pytest -q -m browser -p no:randomly tests/browser

faults: dev  ## only the tests that break things
	$(BIN)/pytest -q tests/faults -p no:randomly

fuzz: dev  ## the property tests with 100 times the examples
	HYPOTHESIS_PROFILE=nightly $(BIN)/pytest -q -n 2 --timeout 3600 -m 'not client and not browser and not server' tests

catalogue: dev  ## write docs/events.md, plugins.md, config.md, errors.md and conf/decnet.toml anew
	$(BIN)/python -m decnet_actors.catalogue

bench: dev  ## measure, side by side with what there is to compare with; results in docs/benchmarks
	$(BIN)/python -m benchmarks

bench-peers: dev  ## the shell beside Cowrie's (which it installs into envs/)
	$(BIN)/python -m benchmarks.peers

accept: dev  ## rewrite a play from the present behaviour: make accept PLAY=tests/plugins/decoy/redis/auth.play
	$(BIN)/python -m tests.plays accept $(PLAY)

news:  ## show the changelog of what is to be released
	$(BIN)/towncrier build --draft --version next

clean:  ## remove the virtual environment and everything a run left behind
	rm -rf $(VENV) run web_static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis
