# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Common parts of all tests that run Ansible on simulated hosts."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from ansible_collections.vfio.devices.tests.simhost import plain
from ansible_collections.vfio.devices.tests.unit.conftest import Simulated


def inventory(fleet: Path, hosts: dict[str, Any], **variables: Any) -> str:
    """Return an inventory of ``hosts`` with their variables, mounted at ``fleet``."""
    common = {
        "ansible_connection": "local",
        "ansible_python_interpreter": os.environ.get("HOST_PYTHON", "{{ ansible_playbook_python }}"),
        "vfio_host_root": str(fleet / "{{ inventory_hostname }}"),
    }
    return json.dumps({"all": {"hosts": hosts, "vars": {**common, **variables}}})


def plain_root(fleet: Path, name: str) -> Path:
    """Return the root of a host as ordinary files, because tests cannot write processes of a mounted one."""
    root = fleet / name
    root.mkdir(parents=True)
    plain.write(Simulated(name).kernel, root)
    return root


def counting_interpreter(directory: Path) -> tuple[Path, Path]:
    """Return an interpreter for hosts, and the file to which it adds a line for each module run."""
    count, interpreter = directory / "count", directory / "python"
    interpreter.write_text(f'#!/bin/sh\necho run >>"{count}"\nexec "{sys.executable}" "$@"\n')
    interpreter.chmod(0o755)
    return interpreter, count
