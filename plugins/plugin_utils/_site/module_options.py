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
from ansible_collections.vfio.devices.plugins.module_utils._mig.wanted import GPU, Wanted, parse_gpus
from ansible_collections.vfio.devices.plugins.module_utils._model.wanted import CardWanted, DeviceWanted
from ansible_collections.vfio.devices.plugins.module_utils._modes.wanted import FUNCTION, parse_functions

Entries = Sequence[Mapping[str, object]]
Complete = Sequence[Mapping[str, Any]]


def complete_functions(entries: Entries) -> Complete:
    """Return the entries with all options of sriov_pf_mode; raise ``ValueError`` if one has another option."""
    return _complete(entries, FUNCTION)


def complete_instances(entries: Entries) -> Complete:
    """Return the entries with all options of mdev_instance; raise ``ValueError`` if one has another option."""
    return _complete(entries, INSTANCE)


def complete_gpus(entries: Entries) -> Complete:
    """Return the entries with all options of mig_layout; raise ``ValueError`` if one has another option."""
    return _complete(entries, GPU)


def functions(entries: Entries) -> list[CardWanted]:
    """Return the entries for sriov_pf_mode; raise ``ValueError`` if it would reject one."""
    parsed = parse_functions(complete_functions(entries))
    problems = [problem for entry in parsed for problem in entry.problems]
    if problems:
        raise ValueError("; ".join(problems))
    return parsed


def instances(entries: Entries) -> list[DeviceWanted]:
    """Return the entries for mdev_instance; raise ``ValueError`` if it would reject one."""
    try:
        return parse_instances(complete_instances(entries), "present", True)
    except Refused as refused:
        raise ValueError(str(refused)) from refused


def gpus(entries: Entries) -> list[Wanted]:
    """Return the entries for mig_layout; raise ``ValueError`` if it would reject one."""
    try:
        return parse_gpus([*complete_gpus(entries)])
    except Refused as refused:
        raise ValueError(str(refused)) from refused


def _complete(entries: Entries, options: Mapping[str, Any]) -> Complete:
    spec = {"entries": {"type": "list", "elements": "dict", "options": options}}
    checked = ArgumentSpecValidator(spec).validate({"entries": [dict(entry) for entry in entries]})
    if checked.error_messages:
        raise ValueError("; ".join(checked.error_messages))
    complete: Complete = checked.validated_parameters["entries"]
    return complete
