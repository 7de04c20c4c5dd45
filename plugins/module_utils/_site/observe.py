# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read everything for the plan of a host: facts, records, definitions, boot files, settings and services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional, TypedDict

from .._core.problems import Failed, Refused
from .._host.root import HostRoot
from .._instances.context import observe_context
from .._model.host import FrameworkState
from .._run.facts import DEFAULT_PARTS, Facts, observe_host
from .._run.managed_files import Requested
from .._services import restarts
from .._services.observe import observe
from .._services.options import Service
from .devices import PlainDevices, as_plain
from .recorded import observe_layouts, observe_modes
from .settings import is_boot_due, observe_settings


class Boot(NamedTuple):
    """The options of boot_restore, and the SHA-256 of its program."""

    present: bool
    python: Optional[str]
    timeout: float
    program: str


class SeenHost(TypedDict):
    """What the module ``cards`` returns. The controller plans the host from it."""

    facts: Facts
    devices: PlainDevices
    modes: Mapping[str, Mapping[str, object]]  # by card: the recorded entry of sriov_pf_mode
    layouts: Mapping[str, Mapping[str, object]]  # by GPU: the recorded entry of mig_layout
    boot_due: Optional[bool]  # whether the files of the boot service differ; None if unknown
    boot_problems: list[str]  # why the boot service cannot be installed
    settings: Mapping[str, str]  # by path: the text of each settings file, empty if it is missing
    services: Mapping[str, Mapping[str, Any]]  # by program: the result of service_settings_info
    obstacles: Mapping[str, str]  # by path: why the settings file could not be written
    restarts_owed: list[str]  # programs that still have former settings
    # Why the current state may differ from its records, by the stage that would change it. Reasons of ``host`` may
    # concern every stage. Only the roles can report reasons of ``roles``.
    reasons: Mapping[str, list[str]]


def observe_site(
    host: HostRoot, parts: Sequence[str], boot: Boot, services: Sequence[Service], files: Sequence[Requested]
) -> SeenHost:
    """Read the host; ``parts`` are those of the facts that are not gathered by default."""
    observed = observe_host(host, [*DEFAULT_PARTS, *parts])
    framework_state = observed.framework_state or FrameworkState([], [], {}, {})
    modes = observe_modes(host, observed.functions)
    layouts = observe_layouts(host, observed.functions, observed.gpus)
    settings = {file.path: observe_settings(host.root, file) for file in files}
    foreign = [one.reason for one in settings.values() if one.reason and not one.is_ours]
    boot_due, boot_problems, boot_reasons = _observe_boot(host, boot)
    context = observe_context(host, observed.functions, observed.frameworks, framework_state)
    started = {}
    for one in services:
        try:
            started[one.program] = observe(host, *one, content=settings[one.path].text)
        except Failed as error:
            foreign.append(str(error))
    return {
        "facts": observed.facts,
        "devices": as_plain(framework_state, context),
        "modes": modes.entries,
        "layouts": layouts.entries,
        "boot_due": boot_due,
        "boot_problems": boot_problems,
        "settings": {path: one.text for path, one in settings.items()},
        "services": started,
        "obstacles": {path: one.obstacle for path, one in settings.items() if one.obstacle},
        "restarts_owed": restarts.owed(host),
        "reasons": {
            "modes": modes.reasons,
            "layouts": layouts.reasons,
            "boot": boot_reasons,
            "settings": [one.reason for one in settings.values() if one.reason and one.is_ours],
            "host": host.warnings,
            "roles": foreign,
        },
    }


def _observe_boot(host: HostRoot, boot: Boot) -> tuple[Optional[bool], list[str], list[str]]:
    """Return whether the boot files differ, None if unknown, why they cannot be installed, and why they are unknown."""
    try:
        return is_boot_due(host, *boot), [], []
    except Refused as refused:
        return None, refused.problems, []
    except Failed as error:
        return None, [], [str(error)]
