# Two commands are enough: `make demo` and `make test`. Each sets up what it needs.
PYTHON ?= python3
RUN := .venv/bin/python
# Much of a test's time is waiting, for Kafka most of all: files run two at a time. A file stays whole, because it shares what it started.
TOGETHER := -n 2 --dist loadfile --no-loadscope-reorder
.PHONY: help demo test simulate faults check lint bench schemas lock clean

help: ## Say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

demo: ## Set up, and run the main job on a real Kafka (ARGS="--no-wait" ends by itself)
	@$(PYTHON) deploy/install.py
	@$(RUN) -m deploy.demo $(ARGS)

test: ## All tests, those on a real Kafka among them (ARGS go to pytest)
	@$(PYTHON) deploy/install.py --dev
	@$(RUN) -m pytest -q $(TOGETHER) $(ARGS)

faults: ## The tests that take minutes, 20,000 simulated worlds, a long run under faults (ARGS="--minutes 60 --seed 1"; see docs/reliability.md)
	@$(PYTHON) deploy/install.py --dev
	@$(RUN) -m pytest -q -m faults
	@$(RUN) -m tests.simulation --seeds $(or $(SEEDS),1001..21000) --jobs $$(nproc)
	@$(RUN) -m tests.faults.run $(ARGS)

lint: ## Style, types, import contracts, drift of the published contract
	@$(PYTHON) deploy/install.py --dev
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy
	@.venv/bin/lint-imports --no-cache
	@$(RUN) -m schemas.publish --check

check: lint test ## lint, then the tests

bench: ## Measure both halves of the flow beside a bare loop and FastStream, and how soon the hub works after a start or a kill
	@$(PYTHON) deploy/install.py --dev
	@$(RUN) -m tests.bench $(ARGS)

simulate: ## Seeded runs of everything in one process (SEEDS=1000, or SEEDS=17..17 for one with its trace; see docs/simulation.md)
	@$(PYTHON) deploy/install.py --dev
	@$(RUN) -m tests.simulation --seeds $(or $(SEEDS),1000) --jobs $$(nproc) $(ARGS)

schemas: ## Generate the published contract anew
	@$(RUN) -m schemas.publish

lock: ## Resolve the dependencies anew
	@.venv/bin/uv pip compile -q --universal --python-version 3.11 --upgrade pyproject.toml --generate-hashes --no-header --no-emit-index-url -o deploy/requirements.txt
	@.venv/bin/uv pip compile -q --universal --python-version 3.11 pyproject.toml --extra dev -c deploy/requirements.txt --generate-hashes --no-header --no-emit-index-url -o deploy/requirements-dev.txt

clean: ## Remove what runs leave behind
	rm -rf .local/demo .local/bench .local/faults
