# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# All targets work in a fresh clone with Python 3.10 or later, git and make. All generated files are in .venv/ and build/.
# `make` without a target lists the targets. PYTHON=... selects the interpreter, ARGS=... adds arguments to the command.

MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PORT ?= 8088
STORE ?= $(CURDIR)/build/serve/runtime.db
export PYTHON
# Without compiled files, the runtime takes twice as long to start.
unexport PYTHONDONTWRITEBYTECODE

# A link tree, in which Ansible finds the collection regardless of the name of the clone.
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/build/collections
export MYPY_CACHE_DIR := $(CURDIR)/build/mypy

.PHONY: help
help: ## list the targets
	@awk -F ' *:.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' Makefile

# Stamp files, so that pip only runs if the requirements have changed: for users, and for developers.
.venv/run: requirements.txt requirements-dev.txt scripts/venv | link
	@scripts/venv .venv ansible-core -r requirements.txt -c requirements-dev.txt
	@touch $@

.venv/dev: .venv/run requirements-dev.txt
	@scripts/venv .venv -r requirements-dev.txt
	@touch $@

.PHONY: link
link:
	@mkdir -p build/collections/ansible_collections/threadworks
	@ln -sfn "$(CURDIR)" build/collections/ansible_collections/threadworks/openai

# Ansible's own files stay in build/ too.
PLAYBOOK = mkdir -p build/example && \
	ANSIBLE_HOME="$(CURDIR)/build/example/ansible" ANSIBLE_REMOTE_TMP="$(CURDIR)/build/example/ansible/tmp" \
	ANSIBLE_LOCALHOST_WARNING=0 ANSIBLE_INVENTORY_UNPARSED_WARNING=0 \
	OPENAI_RUNTIME_STORE="$(CURDIR)/build/example/runtime.db" \
	.venv/bin/ansible-playbook
EXAMPLE = $(PLAYBOOK) playbooks/example.yml -e '{"local_model_home": "$(CURDIR)/build/local-model"}'

.PHONY: example
example: .venv/run ## run the example with OPENAI_API_KEY or OPENAI_BASE_URL, or with a small model on this machine: ARGS="-e example_temperature=0.9"
	@$(EXAMPLE) -e '{"example_outputs_file": "$(CURDIR)/build/example/outputs.json"}' $(ARGS)

.PHONY: example-destroy
example-destroy: .venv/run ## remove what the example created
	@$(EXAMPLE) -e example_state=absent $(ARGS)

.PHONY: serve
serve: .venv/run ## serve the runtime over HTTP: PORT=8088 STORE=path-or-url
	@mkdir -p build/serve
	@PYTHONPATH=roles/runtime/files exec .venv/bin/python -m threadworks_runtime serve --port "$(PORT)" --store "$(STORE)" $(ARGS)

.PHONY: local-runtime
local-runtime: .venv/run ## show the local runtime of the example, or stop it: ARGS="-e local_runtime_state=stopped"
	@$(PLAYBOOK) playbooks/local_runtime.yml $(ARGS)

# The tests of pages need a browser. Without one, they are skipped.
build/browser: scripts/browser
	@mkdir -p build
	@scripts/browser && touch $@

# More processes than the two cores of the smallest supported machine, because many tests wait for something.
.PHONY: test
test: .venv/dev build/browser ## run all tests
	@ANSIBLE_HOME="$(CURDIR)/build/ansible" .venv/bin/python -m pytest -n 5 --dist worksteal $(ARGS)

.PHONY: lint
lint: .venv/dev ## check the sources: ruff, mypy (strict), vulture, codespell, yamllint, ansible-lint, reuse, changelog, antsibull-nox
	@.venv/bin/python scripts/gates lint

.PHONY: gates
gates: .venv/dev ## check the tarball and the documentation site: galaxy-importer, ansible-builder, antsibull-docs, plugins and pages with only ansible-core
	@.venv/bin/python scripts/gates collection

.PHONY: check
check: .venv/dev ## run lint, gates and sanity
	@.venv/bin/python scripts/gates lint collection sanity

.PHONY: docs
docs: .venv/dev ## build the documentation site into build/docs/site/
	@.venv/bin/python scripts/docs

.PHONY: format
format: .venv/dev ## format the Python files
	@.venv/bin/ruff check --fix
	@.venv/bin/ruff format

.PHONY: role
role: .venv/dev ## write the options of runs into the files of the role run
	@.venv/bin/python scripts/role_options.py

.PHONY: sanity
sanity: .venv/dev ## run ansible-test sanity with each installed Python: CORE=2.16 ARGS="--test pylint"
	@CORE="$(CORE)" scripts/sanity $(ARGS)

.PHONY: integration
integration: .venv/dev ## run ansible-test integration on this machine: ARGS="openai_run lookups" selects targets
	@scripts/integration $(ARGS)

.PHONY: matrix
matrix: link ## run the tests marked `matrix` on all supported versions of ansible-core, and the tests of the runtime with the oldest and newest libraries: CORES= PYTHONS= LIBRARIES=
	@scripts/matrix $(ARGS)

.PHONY: audit
audit: ## look for known vulnerabilities in the pinned libraries. Needs the internet
	@scripts/venv build/audit pip-audit
	@build/audit/bin/pip-audit --requirement requirements-dev.txt --no-deps --disable-pip $(ARGS)

.PHONY: mutation
mutation: .venv/dev ## change the decision logic in small ways, and list the changes that no test notices: ARGS="plugins --module _identity"
	@scripts/venv build/mutation/venv cosmic-ray
	@.venv/bin/python scripts/mutation $(ARGS)

.PHONY: bench
bench: .venv/dev ## measure the performance, and write it to build/bench.json: ROUNDS=5 ARGS="--only lookup"
	@.venv/bin/python scripts/bench --rounds $(or $(ROUNDS),3) $(ARGS)

.PHONY: coverage
coverage: .venv/dev ## run all tests, and measure which lines and branches of the plugins and the runtime they execute
	@scripts/coverage $(ARGS)

.PHONY: faults
faults: .venv/dev ## run the fault tests, and write the results to build/faults/: ARGS="--only kills --seed 1"
	@.venv/bin/python scripts/faults $(ARGS)

.PHONY: clients
clients: .venv/dev link ## run clients of the Assistants API, such as openai-node and langchain, against the runtime: ARGS="--only node"
	@.venv/bin/python scripts/clients $(ARGS)

.PHONY: build
build: .venv/run ## build the collection's tarball into build/
	@.venv/bin/ansible-galaxy collection build --force --output-path build

.PHONY: release
release: .venv/dev ## make a release of the version in galaxy.yml: gates, changelog, tarball, commit and tag: ARGS=--dry-run
	@scripts/release $(ARGS)

.PHONY: requirements
requirements: ## update the pins in requirements-dev.txt from requirements-dev.in
	@scripts/venv build/uv uv
	@build/uv/bin/uv pip compile --quiet --universal --python-version 3.10 --no-annotate --upgrade \
		--custom-compile-command "make requirements" requirements-dev.in --output-file requirements-dev.txt

.PHONY: clean
clean: ## remove .venv/ and build/
	@rm -rf .venv build
