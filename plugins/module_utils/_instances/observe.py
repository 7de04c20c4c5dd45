# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read the state of a host for mdev_instance."""

from __future__ import annotations

from .._devices import pci
from .._frameworks.registry import Frameworks
from .._host.root import HostRoot
from .assemble import assemble
from .context import observe_context
from .state import State


def observe_devices(host: HostRoot) -> State:
    """Read parents, devices, definitions and records. Users are read later and only if needed."""
    functions = pci.observe(host)
    frameworks = Frameworks(host, functions, pci.NumaNodes(host))
    framework_state = frameworks.observe()
    context = observe_context(host, functions, frameworks, framework_state)
    return assemble(framework_state, context)._replace(functions=functions)
