# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.kernel_requirements import FilterModule

from tests.unit.plans import CARD, ports, whole

kernel_requirements = FilterModule().filters()["kernel_requirements"]
PF = "0000:84:00.0"


def facts(*arguments, enabled=False, cpu_vendor="intel", drivers=(), nouveau=()):
    return {
        "iommu": {
            **{"enabled": enabled, "cpu_vendor": cpu_vendor, "kernel_arguments": [*arguments]},
            "vfio_drivers": [*drivers],
        },
        "physical_functions": [{"address": name, "driver": "nouveau"} for name in nouveau],
    }


def plan(*cards, functions=()):
    return {"cards": [*cards], "functions": [*functions]}


def test_a_passed_through_card_requires_an_iommu_and_a_driver():
    found = kernel_requirements(plan(whole(), functions=[{"pf": PF, "mode": "pf"}]), facts("quiet"))
    assert found == {
        "cards": [PF],
        "arguments": ["intel_iommu=on", "iommu=pt"],
        "drivers": ["vfio-pci"],
        "switched_off": [],
        "lacks": {"arguments": ["intel_iommu=on", "iommu=pt"], "drivers": ["vfio-pci"], "nouveau": []},
        "reasons": ["apply intel_iommu=on iommu=pt"],
        "waiting": [PF],
        "details": [
            "Its kernel was started without intel_iommu=on iommu=pt.",
            f"Not configured before the reboot: {PF}.",
        ],
        "manual": [],
        "remedy": "Run site, reboot this host, then run site again.",
        "problem": "",
    }


def test_without_a_boot_loader_the_user_adds_the_arguments():
    cards, functions = [whole()], [{"pf": PF, "mode": "pf"}]
    found = kernel_requirements(plan(*cards, functions=functions), facts(), [], True, "gpu7", "none")
    assert found["manual"] == ["intel_iommu=on", "iommu=pt"]
    assert found["details"] == [
        "Its kernel was started without intel_iommu=on iommu=pt.",
        "Add intel_iommu=on iommu=pt to its kernel arguments yourself, because iommu_bootloader is none.",
        f"Not configured before the reboot: {PF}.",
    ]
    assert found["remedy"] == "Reboot this host, then run site again."
    # The role blacklists nouveau in any case.
    found = kernel_requirements(plan(*cards), facts(nouveau=[PF]), bootloader="none")
    assert found["remedy"] == "Reboot this host, then run site again."
    found = kernel_requirements(plan(ports()), facts(nouveau=[PF]), bootloader="none")
    assert found["remedy"] == "Run site, reboot this host, then run site again."


def test_a_ready_host_lacks_nothing():
    ready = facts("iommu=pt", enabled=True, drivers=["vfio-pci"])
    found = kernel_requirements(plan(whole(), functions=[{"pf": PF, "mode": "pf"}]), ready)
    assert not any(found["lacks"].values())
    assert found["reasons"] == found["waiting"] == found["details"] == found["manual"] == []
    assert found["remedy"] == ""


def test_mediated_devices_on_the_card_itself_need_no_iommu():
    card = {**CARD, "framework": "mdev"}
    found = kernel_requirements(plan(card), facts(), ["pci=realloc"])
    assert (found["cards"], found["arguments"]) == ([], ["pci=realloc"])
    on_functions = {**card, "virtual_functions": ["0000:84:00.4"]}
    assert kernel_requirements(plan(on_functions), facts())["cards"] == [PF]


@pytest.mark.parametrize(
    ("cpu_vendor", "passthrough", "arguments"),
    [
        ("intel", True, ["intel_iommu=on", "iommu=pt"]),
        ("intel", "no", ["intel_iommu=on"]),
        ("amd", True, ["iommu=pt"]),
        (None, True, []),
    ],
)
def test_the_arguments_depend_on_the_processor(cpu_vendor, passthrough, arguments):
    found = kernel_requirements(plan(ports()), facts(cpu_vendor=cpu_vendor), [], passthrough)
    assert found["arguments"] == arguments


@pytest.mark.parametrize(
    ("entry", "drivers", "is_waiting"),
    [
        ({"mode": "pf", "driver": "native"}, [], False),
        ({"mode": "vf"}, [], False),
        ({"mode": "vf", "vf_driver": "vfio-pci"}, ["vfio-pci"], True),
        ({"mode": "vf", "vfs": [{"index": "0", "driver": "mlx5_vfio_pci"}]}, ["mlx5_vfio_pci"], True),
        ({"mode": "vf", "vfs": None, "vf_driver": "default"}, [], False),
    ],
)
def test_drivers_of_cards_and_functions(entry, drivers, is_waiting):
    found = kernel_requirements(plan(ports(), functions=[{"pf": PF, **entry}]), facts())
    assert found["drivers"] == drivers
    assert found["waiting"] == ([PF] if is_waiting else [])


def test_nouveau_keeps_a_card_until_the_reboot_unless_the_card_is_passed_through():
    vgpus = {**CARD, "framework": "mdev"}
    ready = {"enabled": True, "drivers": ["vfio-pci"]}
    found = kernel_requirements(plan(vgpus), facts(**ready, nouveau=[PF, "0000:ff:00.0"]))
    assert (found["lacks"]["nouveau"], found["waiting"]) == ([PF], [PF])
    assert found["reasons"] == [f"unbind nouveau from {PF}"]
    assert found["details"][0] == f"The driver nouveau has {PF} until then."
    found = kernel_requirements(plan(whole()), facts("iommu=pt", **ready, nouveau=[PF]))
    assert (found["lacks"]["nouveau"], found["reasons"], found["waiting"]) == ([PF], [], [])


def test_arguments_that_disable_the_iommu():
    assert kernel_requirements(plan(), facts("iommu=off", "quiet"))["switched_off"] == ["iommu=off"]


def test_text_instead_of_a_list_of_arguments():
    with pytest.raises(AnsibleFilterError, match="arguments must be a list of kernel arguments, and not 'quiet'"):
        kernel_requirements(plan(), facts(), "quiet")


def test_what_is_no_plan():
    with pytest.raises(AnsibleFilterError, match="kernel_requirements needs a plan"):
        kernel_requirements({}, facts())


@pytest.mark.parametrize(
    ("arguments", "cpu_vendor", "problem"),
    [
        # The missing argument enables it at the next boot.
        ([], "intel", ""),
        (["intel_iommu=on"], "intel", "The firmware hides it. Enable VT-d, AMD-Vi or IOMMU in the firmware setup."),
        ([], "amd", "The firmware hides it. Enable VT-d, AMD-Vi or IOMMU in the firmware setup."),
        (
            ["intel_iommu=off"],
            "intel",
            "The kernel argument intel_iommu=off disables it. Remove the argument from the configuration of the boot "
            "loader, and reboot.",
        ),
    ],
)
def test_a_host_that_cannot_get_an_iommu_by_a_reboot(arguments, cpu_vendor, problem):
    found = kernel_requirements(plan(whole()), facts(*arguments, cpu_vendor=cpu_vendor), host="h1")
    assert found["problem"] == (f"h1 runs without an IOMMU, which {PF} requires. {problem}" if problem else "")
    assert kernel_requirements(plan(), facts(*arguments, cpu_vendor=cpu_vendor))["problem"] == ""
    enabled = facts(*arguments, cpu_vendor=cpu_vendor, enabled=True)
    assert kernel_requirements(plan(whole()), enabled)["problem"] == ""
