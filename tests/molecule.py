# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run molecule, which starts ``ansible-playbook --version`` once here and not before each of fifty playbooks.

python -m tests.molecule test --all
"""

from __future__ import annotations

from molecule.provisioner.ansible_playbook import AnsiblePlaybook
from molecule.shell import main

check = AnsiblePlaybook._validate_backend
checked: set[str] = set()


def check_once(playbook: AnsiblePlaybook, backend: str) -> None:
    """Check that a program can start, unless it did before."""
    if backend not in checked:
        check(playbook, backend)
        checked.add(backend)


if __name__ == "__main__":
    AnsiblePlaybook._validate_backend = check_once
    main()
