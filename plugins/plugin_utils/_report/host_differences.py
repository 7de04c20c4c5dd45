# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""List the differences of a host for the playbook verify, and one remedy for each kind of difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.module_utils._site.services import NOVA, SERVICES
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter
from ansible_collections.vfio.devices.plugins.plugin_utils._report import check_mode
from ansible_collections.vfio.devices.plugins.plugin_utils._report.check_mode import Result

# The kinds of differences that need a remedy. The program of a service is the kind of its restart.
IN_USE, DECLARED, DRIVERS, KERNEL, MANUAL, DRAINED, DEPLOYMENT = (
    "in use",
    "declared",
    "drivers",
    "kernel",
    "manual",
    "drained",
    "deployment",
)
# Its line has the remedy.
UNEXPECTED = "unexpected"
KERNEL_RESULT, PLACEMENT = "iommu", "placement"
DEPLOYED = "/etc/kolla/nova-compute/nova.conf"


class Difference(NamedTuple):
    """A line, and the kind that determines its remedy."""

    kind: str
    line: str


def host_differences(results: Any, settings: Any) -> list[str]:
    """Return a line for each difference and each remedy; ``results`` are those of check mode by name."""
    if not isinstance(results, dict) or not isinstance(settings, Mapping):
        raise AnsibleFilterError("host_differences takes a dictionary of registered results, and a dictionary")
    with errors_of_filter("host_differences", "host_differences takes results of modules of this collection"):
        found = [one for name, result in results.items() for one in _of_result(name, result, settings)]
        return [*(one.line for one in found), *_remedies({one.kind for one in found}, settings)]


def _of_result(name: str, result: Result, settings: Mapping[str, Any]) -> Iterator[Difference]:
    if name == KERNEL_RESULT:
        yield from _of_kernel(result, settings)
        return
    if name == PLACEMENT:
        yield from _of_placement(result, settings.get("providers") or [], settings.get("unexpected") or [])
        return
    if not result.get("skipped"):
        yield from (Difference(IN_USE, f"{name}: {line}") for line in check_mode.users(result))
        yield from (Difference(DECLARED, f"{name}: {line}") for line in check_mode.changes(result))
    if name == NOVA.name and settings.get("undeployed"):
        missing = check_mode.show(settings["undeployed"])
        yield Difference(DEPLOYMENT, f"nova deployment: {DEPLOYED}: missing -> {missing}")
    for program in (service.program for service in SERVICES if service.name == name and result.get("restart_owed")):
        yield Difference(program, f"{name} restart: {program}: former configuration -> written configuration")


def _of_kernel(lacks: Mapping[str, list[str]], settings: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield what the kernel lacks. Only drivers can be loaded without a reboot."""
    of_arguments = MANUAL if settings.get("manual_arguments") else KERNEL
    kinds = {"arguments": of_arguments, "nouveau": KERNEL, "drivers": DRIVERS}
    for name, values in lacks.items():
        if values:
            yield Difference(kinds[name], f"iommu: {name}: missing -> {check_mode.show(values)}")


def _of_placement(result: Result, listed: Sequence[Result], unexpected: Sequence[Result]) -> Iterator[Difference]:
    """Yield the differences of the ``listed`` providers of a host; the call for all hosts has a single result."""
    if "diff" not in result:
        return
    for provider in unexpected:
        yield Difference(UNEXPECTED, f"{PLACEMENT}: {check_mode.of_provider(provider)}")
    own = _names(result.get("providers", []), listed)
    for name in dict.fromkeys(name for side in ("before", "after") for name in result["diff"][side]):
        before, after = (result["diff"][side].get(name) for side in ("before", "after"))
        if name in own:
            kind = DRAINED if _is_drained(before, after) else DECLARED
            for line in check_mode.changes({"diff": {"before": {name: before}, "after": {name: after}}}):
                yield Difference(kind, f"{PLACEMENT}: {line}")


def _names(found: Sequence[Result], listed: Sequence[Result]) -> set[str]:
    """Return the present and former names of the providers below the root of a host, and below its former root."""
    if not listed:
        return set()
    roots = {one["root"] for one in found if one["name"] == listed[0]["name"]} | {listed[0].get("former_root") or ""}
    return {str(one[key]) for one in found if one["root"] in roots for key in ("name", "former") if one.get(key)}


def _is_drained(before: Result | None, after: Result | None) -> bool:
    """Return whether a provider differs only because all of its inventories are reserved."""
    if not before or not after:
        return False
    now, then = before.get("inventories") or {}, after.get("inventories") or {}
    changed = [name for name in now if now[name] != then.get(name)]
    return (
        {**before, "inventories": None} == {**after, "inventories": None}
        and now.keys() == then.keys()
        and all({**now[name], "reserved": 0} == {**then[name], "reserved": 0} for name in changed)
        and all(now[name]["reserved"] == now[name]["total"] for name in changed)
    )


def _remedies(kinds: set[str], settings: Mapping[str, Any]) -> list[str]:
    remedies = {
        IN_USE: "Run the playbook reprofile with -e vfio_wait=3600, which waits for the users and corrects the host. "
        "Or stop the guests and processes that use the devices, then run the playbook site.",
        DECLARED: "Run the playbook site to correct this.",
        DRIVERS: "Run the playbook site to load the drivers.",
        KERNEL: "Run the playbook site, and reboot the host.",
        MANUAL: f"Add {' '.join(settings.get('manual_arguments') or [])} to the kernel arguments of the host yourself, "
        "because iommu_bootloader is none. Then reboot the host.",
        DRAINED: "The card is drained, so reserved differs. Run the playbook site to end the draining.",
        DEPLOYMENT: f"Run kolla-ansible reconfigure --tags nova on {settings.get('nova_host')} to deploy the settings "
        f"of {settings.get('nova_path')}.",
        **{
            service.program: f"Restart the unit {settings.get(f'{service.name}_service')}, or run the playbook site "
            f"with -e {service.role}_restart=true."
            for service in SERVICES
        },
    }
    if IN_USE in kinds:
        # The playbook site would reject the host, or skip the card and end its draining.
        kinds = kinds - {DECLARED}
        remedies[DRAINED] = "The card is drained, so reserved differs. The playbook reprofile ends the draining."
        remedies[KERNEL], remedies[DRIVERS] = (f"Then r{remedies[kind][1:]}" for kind in (KERNEL, DRIVERS))
    elif KERNEL in kinds:
        kinds = kinds - {DECLARED}
    if kinds & {DECLARED, KERNEL}:
        kinds = kinds - {DRIVERS}
    return [remedy for kind, remedy in remedies.items() if kind in kinds]
