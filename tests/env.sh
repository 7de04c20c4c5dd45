# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The environment of the demo and of every test: all files that a run writes are below .build.
# Source it (". tests/env.sh") to use the tools of .build/venv in a shell.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=$ROOT/.build

export LC_ALL=C.UTF-8
export PATH=$BUILD/venv/bin:$PATH
# The second directory has a sitecustomize that keeps the compiled files of Ansible's modules.
export PYTHONPATH=$BUILD/collections:$ROOT/tests/lab/guest
export KEPT_FROM_ZIP_FILES=$BUILD/cache/zip-files
export PYTHONPYCACHEPREFIX=$BUILD/cache/compiled
export XDG_CACHE_HOME=$BUILD/cache

export ANSIBLE_CONFIG=$ROOT/tests/ansible.cfg
export ANSIBLE_HOME=$BUILD/ansible
export ANSIBLE_REMOTE_TEMP=$BUILD/ansible/tmp
export ANSIBLE_COLLECTIONS_PATH=$BUILD/collections

# Modules on simulated hosts run with the Python of the system, as on real hosts. Distributions build it with more
# optimizations than pyenv, so a module takes three quarters of the time.
HOST_PYTHON=/usr/bin/python3
"$HOST_PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null || HOST_PYTHON=$BUILD/venv/bin/python
export HOST_PYTHON

export HYPOTHESIS_STORAGE_DIRECTORY=$BUILD/cache/hypothesis
# Every start of Ansible takes three times as long if Python may not keep compiled files.
unset PYTHONDONTWRITEBYTECODE
# With this variable, Python reads a script from a pipe byte by byte. Ansible sends each module as a script of 160 to
# 560 kB through a pipe, so a module would take up to twice as long.
unset PYTHONUNBUFFERED
unset VIRTUAL_ENV ANSIBLE_INVENTORY ANSIBLE_ROLES_PATH ANSIBLE_LIBRARY
