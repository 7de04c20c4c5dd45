# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Convert lists of a plan to module options with all defaults, or report why a module would reject them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._instances.wanted import INSTANCE, parse_instances
from ansible_collections.vfio.devices.plugins.module_utils._model.wanted import CardWanted, DeviceWanted
from ansible_collections.vfio.devices.plugins.module_utils._modes.wanted import FUNCTION, parse_functions
from ansible_collections.vfio.devices.plugins.module_utils._partitions.wanted import GPU, Wanted, parse_gpus

Entries = Sequence[Mapping[str, object]]


def functions(entries: Entries) -> list[CardWanted]:
    """Return the entries for sriov_pf_mode; raise ``ValueError`` if it would reject one."""
    parsed = parse_functions(_complete(entries, FUNCTION))
    problems = [problem for entry in parsed for problem in entry.problems]
    if problems:
        raise ValueError("; ".join(problems))
    return parsed


def instances(entries: Entries) -> list[DeviceWanted]:
    """Return the entries for mdev_instance; raise ``ValueError`` if it would reject one."""
    try:
        return parse_instances(_complete(entries, INSTANCE), "present", True)
    except Refused as refused:
        raise ValueError(str(refused)) from refused


def gpus(entries: Entries) -> list[Wanted]:
    """Return the entries for mig_layout; raise ``ValueError`` if it would reject one."""
    try:
        return parse_gpus(_complete(entries, GPU))
    except Refused as refused:
        raise ValueError(str(refused)) from refused


def _complete(entries: Entries, options: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    spec = {"entries": {"type": "list", "elements": "dict", "options": options}}
    checked = ArgumentSpecValidator(spec).validate({"entries": [dict(entry) for entry in entries]})
    if checked.error_messages:
        raise ValueError("; ".join(checked.error_messages))
    complete: Sequence[Mapping[str, Any]] = checked.validated_parameters["entries"]
    return complete
