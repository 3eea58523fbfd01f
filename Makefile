# A machine needs only python3 (3.11 or later), make and git. `make` alone lists the targets.

SHELL := /bin/bash
.DEFAULT_GOAL := help

STATE := .sluice
OUR_UV := $(STATE)/uv/bin/uv
UV := $(or $(shell command -v uv),$(CURDIR)/$(OUR_UV))
RUN = "$(UV)" run --frozen --quiet
STACK = $(RUN) python -m stack
# The lowest and the highest that the tests run on. LocalStack needs a Python of its own.
PYTHONS = 3.11 3.13
SAM = SAM_CLI_TELEMETRY=0 $(RUN) --project infra/sam

export UV_PYTHON_DOWNLOADS ?= never
# The user's settings of Python are not for the programs that run here; text is UTF-8 everywhere.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONOPTIMIZE PYTHONWARNINGS PYTHONDONTWRITEBYTECODE
unexport PYTHONUSERBASE PYTHONINSPECT PYTHONVERBOSE PYTHONDEBUG PYTHONSAFEPATH PYTHONIOENCODING
export PYTHONUTF8 = 1

.PHONY: help
help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

# --- the local stack -------------------------------------------------------------------------

.PHONY: demo up down status logs env deploy undeploy dev key psql redis-cli clean
demo: | .venv ## install everything, start the stack, submit jobs, show their progress
	@$(STACK) demo

up: | .venv ## start the local stack and deploy into it; returns when all is healthy
	@$(STACK) up

down: | .venv ## stop the stack gracefully; jobs and exports are kept
	@$(STACK) down

status: | .venv ## each part: up or down, port, version, health
	@$(STACK) status

logs: | .venv ## follow all logs as one stream (PART=poller: one part)
	@$(STACK) logs --part "$(PART)"

env: | .venv ## the addresses of the running stack, as KEY=value
	@$(STACK) env

deploy: | .venv ## build and deploy changes into the running stack (ENV=localstack, dev or prod: into that target)
	@$(STACK) deploy --env "$(ENV)"

undeploy: | .venv ## delete the deployment; rows, queues and exports stay (ENV= as above; YES=1: do not ask)
	@$(STACK) undeploy --env "$(ENV)" $(if $(YES),--yes)

dev: | .venv ## deploy on every save
	@$(STACK) dev

key: | .venv ## API keys: ARGS="create OWNER --scopes submit,read", ARGS=list, ARGS="revoke ID" (ENV=prod: there)
	@$(STACK) key --env "$(ENV)" $(or $(ARGS),list)

psql: | .venv ## the stack's database (statements may come from standard input)
	@$(STACK) psql

redis-cli: | .venv ## the stack's Redis (commands may come from standard input)
	@$(STACK) redis-cli

clean: | .venv ## stop the stack and remove all that make created, environments too; exports are kept
	@$(STACK) clean
	@rm -rf .aws-sam .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -type d \( -name .venv -o -name __pycache__ \) -prune -exec rm -rf {} +
	@rm -rf $(STATE)

# --- the code --------------------------------------------------------------------------------

.PHONY: check format reference test test-unit test-pythons test-e2e test-localstack test-faults verify-docker
check: | .venv ## formatting, lint, types, imports, structure, template, stale files
	@$(RUN) ruff format --check
	@$(RUN) ruff check
	@$(RUN) mypy
	@$(RUN) lint-imports
	@$(RUN) python -m structure
	@"$(UV)" lock --check --quiet
	@$(MAKE) --no-print-directory -s -C layers/common check UV="$(UV)"
	@$(SAM) cfn-lint template.yaml infra/data-tier.yaml
	@AWS_DEFAULT_REGION=us-east-1 $(SAM) sam validate --lint
	@$(RUN) python -m reference --check

format: | .venv ## format the code and repair what lint can repair
	@$(RUN) ruff format
	@$(RUN) ruff check --fix

reference: | .venv ## write the generated parts of the API reference, after a change to job types, options or openapi.yaml
	@$(RUN) python -m reference

test: | .venv ## the test suite, on stacks of its own beside a running one (without test-faults)
	@$(RUN) python tests/lanes.py all

test-unit: | .venv ## the tests that need no server
	@$(RUN) pytest --numprocesses=auto tests/unit

# Each in an environment of its own, with a Python on the path, in pyenv's folder or in uv's.
test-pythons: | .venv ## the unit tests on the lowest and on the highest Python that is promised
	@for python in $(PYTHONS); do \
		found=$$($(RUN) python -m stack.interpreters "==$$python.*") && \
		UV_PYTHON="$$found" UV_PROJECT_ENVIRONMENT="$(CURDIR)/$(STATE)/pythons/$$python/.venv" \
			$(RUN) pytest -p no:cacheprovider tests/unit || exit 1; done

test-e2e: | .venv ## from HTTP to row, file and mail, on stacks of its own (ENGINE=localstack: on that)
	@$(RUN) python tests/lanes.py e2e

test-localstack: | .venv ## types and tests of the plug-in that runs functions in LocalStack without Docker
	@$(RUN) python -m stack.engines localstack
	@cd localstack/engines/localstack && $(RUN) --group test pytest
	@cd localstack/engines/localstack/executor && $(RUN) --project ../../../.. mypy --strict \
		--python-executable ../.venv/bin/python --python-version 3.13 -p lambda_process

verify-docker: | .venv ## bring docker-compose.yml up with images made here, and try it (root; minutes; COMPOSE=v1, v2)
	@$(RUN) python -m stack.containers --compose "$(or $(COMPOSE),v1)"

test-faults: | .venv ## kill, freeze and starve real processes, search the model, break the code (minutes; needs spin, gcc)
	@$(RUN) python tests/lanes.py faults

.PHONY: bench
bench: | .venv ## drain throughput beside a bare loop of the same statements and scripts
	@PYTHONPATH=tests $(RUN) python -m bench.compare

# --- tools -----------------------------------------------------------------------------------

.venv: | $(if $(shell command -v uv),,$(OUR_UV))
	@echo "installing the environment …"
	@"$(UV)" sync --frozen --quiet

$(OUR_UV):
	@python3 -c 'import sys; sys.version_info >= (3, 11) or sys.exit("python3 must be 3.11 or later, this one is " + sys.version.split()[0])'
	@echo "installing uv …"
	@(python3 -m venv $(STATE)/uv >/dev/null && $(STATE)/uv/bin/pip install --quiet uv) \
		|| (rm -rf $(STATE)/uv && python3 -m pip install --quiet --target $(STATE)/uv uv) \
		|| (echo "uv could not be installed: python3 has neither venv nor pip, or no package registry answers" >&2; exit 1)
