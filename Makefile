# SPDX-License-Identifier: GPL-3.0-or-later
# All build output is in .build; "make clean" removes it.

SHELL := bash
.PHONY: help capture-program recordings demo test lint sanity unit integration molecule lab lab-cuts lab-shell compat ee docs bench format keys lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

demo: ## show the complete workflow on simulated hosts, in 3 to 5 minutes
	@tests/demo/run

test: ## run all tests: lint, sanity, unit, integration, molecule
	@tests/run

lint: ## ruff, mypy, yamllint, ansible-lint, changelog and documentation
	@tests/run lint

sanity: ## all sanity tests of ansible-test
	@tests/run sanity

unit: ## pytest on tests/unit
	@tests/run unit

integration: ## real Placement, Keystone, mdevctl and libvirt
	@tests/run integration

molecule: ## whole plays on simulated hosts
	@tests/run molecule

lab: ## the collection and the simulator's rules on a real kernel, in a virtual machine
	@tests/run lab

lab-cuts: ## 20 power cuts, 50 kills and full disks in that virtual machine, in about an hour
	@tests/setup test
	@tests/setup lab
	@. tests/env.sh && trap 'python -m tests.lab stop' EXIT && \
		python -m tests.lab.cuts; wrong=$$?; python -m tests.lab start && \
		python -m tests.lab kills --full || wrong=1; python -m tests.lab.killed_plays || wrong=1; exit $$wrong

lab-shell: ## a shell in that virtual machine
	@tests/setup test
	@tests/setup lab
	@. tests/env.sh && python -m tests.lab shell

compat: ## other versions of Python and ansible-core, and the release as Galaxy imports it
	@tests/run compat

ee: ## build the execution environment with Podman or Docker, and run the collection in it
	@tests/setup test
	@tests/ee

docs: ## build the documentation as a site in .build/docs
	@tests/setup test
	@. tests/env.sh && python -m tests.docsite

bench: ## compare speeds, in one table
	@tests/bench/run

format: ## format the Python files with ruff
	@tests/setup test
	@. tests/env.sh && ruff format && ruff check --fix

keys: ## write the argument spec and the table of keys from the schema of the declaration
	@tests/setup test
	@. tests/env.sh && python -m tests.declaration

lock: ## renew the locks: the newest versions of all Python packages that the tests install
	@tests/setup test
	@tests/setup lock
	@. tests/env.sh && PATH=$$BUILD/locker/bin:$$PATH $$BUILD/venv/bin/python -m tests.lock

recordings: ## renew the expected answers for the recorded hosts
	@tests/setup test
	@. tests/env.sh && python -m ansible_collections.vfio.devices.tests.recordings renew

capture-program: ## write .build/vfio-devices-capture.pyz, which records a host without Ansible
	@mkdir -p .build
	@python3 -c 'import sys; sys.path.insert(0, "plugins"); from module_utils._boot.archive import build; open(".build/vfio-devices-capture.pyz", "wb").write(build("_capture"))'

clean: ## remove .build, which has all output
	rm -rf .build
