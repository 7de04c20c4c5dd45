# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find out with one module run whether the roles of site would change anything on a host.

The plan is made on the controller with the functions of the modules and filters, from the role variables of the play.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from ansible import template
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.vfio.devices.plugins.module_utils._boot import archive
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import variables
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.parts import Result
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.plain import flag
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.fleet import selection
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import resolve
from ansible_collections.vfio.devices.plugins.plugin_utils._site import due

# Ansible loads action plugins before it forks for each host, so the program is built once per run.
PROGRAM = hashlib.sha256(archive.build()).hexdigest()
NOVA_FILE, PROVIDER_FILE = "nova_config_path", "nova_config_provider_path"
CYBORG_FILE = "cyborg_config_path"
# Keys in the result of placement_inventory.
PROVIDER_CHANGES = ("created", "updated", "removed", "missing", "failures", "resource_classes", "traits")


def _no_template(value: Any) -> Any:
    """Mark a value so that Ansible does not evaluate it. Since ansible-core 2.19 only trusted text is a template."""
    if hasattr(template, "trust_as_template"):
        return value
    from ansible.utils.unsafe_proxy import wrap_var

    return wrap_var(value)


class Variables:
    """The variables of a play, each evaluated at access; more can be added."""

    def __init__(self, templar: Any, raw: Mapping[str, Any]) -> None:
        self._templar = templar
        self._raw = dict(raw)

    def __getitem__(self, name: str) -> Any:
        value = self._raw[name]
        return self._templar.copy_with_new_env(available_variables=self._raw).template(value)

    def __contains__(self, name: str) -> bool:
        return name in self._raw

    def flag(self, name: str) -> bool:
        return flag(self[name], name)

    def add(self, **more: Any) -> None:
        """Add values, which are never evaluated as templates."""
        self._raw.update({name: _no_template(value) for name, value in more.items()})


class ComparesHost(ActionBase):
    """Runs the module with the options of the roles, and plans the host."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Return the reasons why the roles must run as ``due``."""
        result: Result = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        refused = variables.refusals(variables.known(task_vars, self._templar))
        if refused:
            # An argument spec of the roles would report only one of them.
            return {**result, "changed": False, "failed": True, "msg": "\n".join(refused), "problems": refused}
        known = Variables(self._templar, task_vars)
        try:
            options = _options(known)
        except (AnsibleError, ValueError, KeyError) as error:
            return {**result, "changed": False, "due": [_said(error)], "selection": None}
        seen = self._execute_module(module_args=options, task_vars=task_vars)
        if seen.get("failed") or seen.get("unreachable") or "facts" not in seen:
            return {**result, **seen}
        facts = seen["facts"]
        found: Result = {**result, "changed": False, "due": [], "selection": None}
        try:
            profiles = known["vfio_profiles"]
            found["selection"] = selection(profiles, facts)
            plan = resolve(profiles, facts)
            known.add(ansible_facts={**known["ansible_facts"], "mdev": facts}, vfio_plan=plan)
            found["due"] = reasons(known, plan, seen)
            if not found["due"] and known["_mdev_is_warned"]:
                found["warnings"] = [known["_mdev_warning"]]
        except (AnsibleError, ValueError, KeyError) as error:
            # The role that needs the value reports the error.
            found["due"] = [_said(error)]
        if found["due"]:
            found["ansible_facts"] = {"mdev": facts}
            found["boot_problems"] = seen["boot_problems"]
        return found


def _said(error: Exception) -> str:
    return f"{error} is not set in this play" if isinstance(error, KeyError) else str(error)


def reasons(known: Variables, plan: Any, seen: Any) -> list[str]:
    """Return the reasons why the roles must run."""
    persist = {role: known.flag(f"{role}_persist") for role in ("sriov", "mig", "mdev")}
    found = due.of_host(plan, seen, known["boot_state"] == "absent", persist)
    found += [] if known["_mdev_is_ready"] else ["mdevctl is not ready"]
    found += _iommu(known)
    if "nova_config_release" in known:
        found += _nova(known, plan, seen)
    if known[CYBORG_FILE] and known["cyborg_config_text"] != seen["settings"][known[CYBORG_FILE]]:
        found.append("the Cyborg configuration differs")
    if "placement_publish" in known and known.flag("placement_publish"):
        found += _placement(known)
    return found


def declares_mig(profiles: Any) -> bool:
    """Return whether profiles, whose form is checked later, need the answer of nvidia-smi."""
    return isinstance(profiles, list) and any(isinstance(one, dict) and "mig" in one for one in profiles)


def _options(known: Variables) -> Result:
    """Return the options of the module."""
    has_nova = "nova_config_release" in known and known["nova_config_host"] in ("", known["inventory_hostname"])
    files = [_file(known, NOVA_FILE)] if has_nova else []
    files += [_file(known, PROVIDER_FILE)] if has_nova and known.flag("nova_config_provider_config") else []
    cyborg = [_file(known, CYBORG_FILE)] if known[CYBORG_FILE] else []
    service = {"project": "nova", "program": "nova-compute", "unit": known["nova_config_service"] if has_nova else ""}
    asks = has_nova and known.flag("nova_config_check_service")
    publishes = "placement_publish" in known and known.flag("placement_publish")
    return {
        "host_root": known["vfio_host_root"],
        "users": bool("nova_config_release" in known or cyborg or publishes),
        "mig": declares_mig(known["vfio_profiles"]),
        "boot": {
            "state": known["boot_state"],
            "python": known["boot_python"] or None,
            "timeout": known["boot_timeout"],
            "program": PROGRAM,
        },
        "files": [*files, *cyborg],
        "services": [{**service, "path": known[NOVA_FILE]}] if asks else [],
    }


def _file(known: Variables, variable: str) -> Result:
    role = "cyborg_config" if variable == CYBORG_FILE else "nova_config"
    mode = known[f"{role}_mode"]
    return {
        "path": known[variable],
        "variable": variable,
        "owner": known[f"{role}_owner"],
        "group": known[f"{role}_group"],
        # YAML parses 0640 without quotes as a number.
        "mode": f"{mode:04o}" if isinstance(mode, int) else mode,
    }


def _iommu(known: Variables) -> list[str]:
    found = [f"the host lacks {name}: {', '.join(values)}" for name, values in known["_iommu_lacks"].items() if values]
    if known["_iommu_cards"] and not known["_iommu_facts"]["enabled"]:
        found.append("the IOMMU is off")
    return [*found, *(f"{card} waits for a reboot" for card in known["_iommu_waiting"])]


def _nova(known: Variables, plan: Any, seen: Any) -> list[str]:
    if known["nova_config_host"] not in ("", known["inventory_hostname"]):
        return ["the nova configuration is written on another host"]
    if known["_nova_config_kept"]:
        return ["guests have devices of an undeclared type"]
    started: Mapping[str, Any] = {}
    if known.flag("nova_config_check_service") and plan["cards"]:
        started = seen["services"]["nova-compute"]
    known.add(nova_config_started=dict(started), nova_config_read={})
    # Without a card for nova its file is not written.
    found = list(started.get("problems", [])) if any(card["owner"] == "nova" for card in plan["cards"]) else []
    if known["nova_config_text"] != seen["settings"][known[NOVA_FILE]]:
        found.append("the nova configuration differs")
    has_providers = known.flag("nova_config_provider_config")
    if has_providers and known["nova_config_provider_text"] != seen["settings"][known[PROVIDER_FILE]]:
        found.append("the provider configuration of nova differs")
    return found


def _placement(known: Variables) -> list[str]:
    """Use the check before the first change, which has compared the providers of all hosts with one call per cloud."""
    if "placement_leader" not in known:
        return ["the providers in Placement have not been compared"]
    checked = known["hostvars"][known["placement_leader"]].get("placement_result") or {}
    is_same = checked.get("diff") == {"before": {}, "after": {}}
    if not is_same or checked.get("problems") or any(checked.get(name) for name in PROVIDER_CHANGES):
        return ["the providers in Placement differ"]
    return []
