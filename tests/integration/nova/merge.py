# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Merge files with the real kolla-ansible; runs with the Python of nova's environment.

The arguments are the directory of kolla-ansible and the existing files in order. Prints the merged text.
"""

from __future__ import annotations

import io
import sys
import types
from pathlib import Path
from unittest import mock

# The action plugin imports Ansible for templates, which these files do not contain.
for name in ("ansible", "ansible.constants", "ansible.plugins", "ansible.plugins.action", "ansible.template"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["ansible"].constants = sys.modules["ansible.constants"]
sys.modules["ansible.plugins"].action = sys.modules["ansible.plugins.action"]
sys.modules["ansible.plugins.action"].ActionBase = object
sys.modules["ansible.template"].trust_as_template = mock.MagicMock()
(plugins,) = Path(sys.argv[1]).rglob("merge_configs.py")
sys.path.insert(0, str(plugins.parent))
import merge_configs  # noqa: E402

merged = merge_configs.OverrideConfigParser()
for path in map(Path, sys.argv[2:]):
    if path.exists():
        merged.parse(io.StringIO(path.read_text(encoding="utf-8")))
text = io.StringIO()
merged.write(text)
print(text.getvalue())
