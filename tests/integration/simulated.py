# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Common parts of all tests that run Ansible on simulated hosts."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def inventory(fleet: Path, hosts: dict[str, Any], **variables: Any) -> str:
    """Return an inventory of ``hosts`` with their variables, mounted at ``fleet``."""
    common = {
        "ansible_connection": "local",
        "ansible_python_interpreter": os.environ.get("HOST_PYTHON", "{{ ansible_playbook_python }}"),
        "vfio_host_root": str(fleet / "{{ inventory_hostname }}"),
    }
    return json.dumps({"all": {"hosts": hosts, "vars": {**common, **variables}}})
