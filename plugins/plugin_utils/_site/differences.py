# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find the reasons why the roles of site must run on a host, from its plan and what the module cards has read; no I/O.

Uncertainty is a reason too, because the roles read the host again and report errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._instances.mixtures import Mixtures
from ansible_collections.vfio.devices.plugins.module_utils._instances.plan import plan_instances
from ansible_collections.vfio.devices.plugins.module_utils._mig.records import recorded_layout
from ansible_collections.vfio.devices.plugins.module_utils._site.stage_names import BOOT, DEVICES, LAYOUTS, MODES
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Plan
from ansible_collections.vfio.devices.plugins.plugin_utils._site import module_options
from ansible_collections.vfio.devices.plugins.plugin_utils._site.device_state import state_of

if TYPE_CHECKING:
    from ansible_collections.vfio.devices.plugins.module_utils._site.observe import SeenHost

# The stages that work on cards.
PARTS = (MODES, LAYOUTS, DEVICES, BOOT)


class Due(NamedTuple):
    """The reasons why a host differs, by the stage that corrects it."""

    modes: list[str]
    layouts: list[str]
    devices: list[str]
    boot: list[str]
    # Reasons that may concern every stage.
    host: list[str]
    # Settings files with different access.
    settings: list[str]
    # Reasons that only the roles can report or correct.
    roles: list[str]

    @property
    def all(self) -> list[str]:
        """Return all reasons as one list."""
        return [sentence for sentences in self for sentence in sentences]

    @property
    def stages(self) -> list[str]:
        """Return the stages that may change something."""
        if self.host:
            return list(PARTS)
        return [name for name in PARTS if getattr(self, name)]


def of_host(plan: Plan, seen: SeenHost, boot_absent: bool, persist: Mapping[str, bool]) -> Due:
    """Compare the plan with what the module ``cards`` has read.

    ``persist`` is the option of the modules by the names of the roles sriov, mig and mdev.
    """
    reasons = seen["reasons"]
    found = Due(*(list(reasons.get(name, [])) for name in Due._fields))
    found.host.extend(f"{entry['name']}: {entry['reason']}" for entry in plan["later"])
    found.devices.extend(f"{entry['parent']} has a device of an undeclared type" for entry in plan["unwanted"])
    for of_part, sentences in ((_modes, found.modes), (_layouts, found.layouts), (_devices, found.devices)):
        try:
            sentences.extend(of_part(plan, seen, persist))
        except ValueError as error:
            sentences.append(str(error))
    if not plan["cards"] and not boot_absent:
        return found._replace(boot=[])
    found.roles.extend(seen["boot_problems"])
    if seen["boot_due"] is not False:
        found.boot.append("the files of the boot service differ")
    return found


def _modes(plan: Plan, seen: SeenHost, persist: Mapping[str, bool]) -> list[str]:
    if plan["functions"] and not persist["sriov"]:
        return ["the modes of cards have no records"]
    found = []
    for entry in module_options.functions(plan["functions"]):
        # A record names the card by its address.
        if {**entry.requested, "pf": entry.pf} != seen["modes"].get(str(entry.pf)):
            found.append(f"{entry.name} is not recorded as it is declared")
    return found


def _layouts(plan: Plan, seen: SeenHost, persist: Mapping[str, bool]) -> list[str]:
    if plan["partitions"] and not persist["mig"]:
        return ["MIG layouts have no records"]
    found = []
    cards = {card["address"]: card for card in seen["facts"]["physical_functions"]}
    for entry in module_options.gpus(plan["partitions"]):
        recorded, mig = seen["layouts"].get(entry.pf), cards[entry.pf].get("mig")
        if recorded is not None:
            same = recorded_layout(entry.pf, {"gpu": dict(recorded)})
            fits = same._replace(item=entry.item, label=entry.label, replace_vgpus=entry.replace_vgpus) == entry
        else:
            # A GPU without MIG has no record.
            is_off = mig is not None and not (mig["enabled"] or mig["pending"] or mig["instances"])
            fits = is_off and not entry.enabled
        found += [] if fits else [f"{entry.pf} does not have the declared MIG layout"]
    return found


def _devices(plan: Plan, seen: SeenHost, persist: Mapping[str, bool]) -> list[str]:
    if not plan["instances"]:
        return []
    state, wanted = state_of(seen["facts"], seen["devices"]), module_options.instances(plan["instances"])
    if Mixtures(state, wanted).of_sizes:
        return ["only the module knows whether a GPU allows several framebuffer sizes"]
    try:
        planned = plan_instances(state, wanted, exact=True, persist=persist["mdev"])
    except Refused as refused:
        return list(refused.problems)
    if planned.steps or planned.busy or planned.missing:
        return ["the devices differ from the declaration"]
    return []
