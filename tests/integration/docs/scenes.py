# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated hosts for each section with code, and actions between its blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.vfio.devices.tests.docsite import blocks

from .reader import FILE, ROOT, Reader

GUIDES = ROOT / "docs/docsite/rst"


@dataclass(frozen=True)
class Scene:
    hosts: str
    placement: bool = False
    twice: bool = False  # run plays and the playbook site again, which must change nothing
    fails: tuple[int, ...] = ()  # numbers of blocks whose command reports an error
    before: dict[int, Callable[[Reader], None]] = field(default_factory=dict)  # actions before a block


def apply_desktops(reader: Reader) -> None:
    """Apply the declaration of the tutorial to the host."""
    reader.follow(sections()[("guide_getting_started.rst", "Declare the desired state")][0], last=True)


def remove_a_device(reader: Reader) -> None:
    profile = "{name: t, select: \"product_id == '1eb8'\", owner: none, vgpu: {type: GRID T4-2B, count: 1}}"
    reader.follow(blocks.Block("", "yaml", f"# group_vars/hypervisors.yml\nvfio_profiles: [{profile}]\n"))
    device = next((reader.root / "sys/bus/pci/devices/0000:3b:00.0").glob("*-*-*-*-*"))
    (device / "remove").write_text("1")


SCENES = {
    ("README.md", "vfio.devices"): Scene("t4"),
    ("README.md", "Use cases"): Scene("t4"),
    ("README.md", "Discover devices"): Scene("mixed t4"),
    ("README.md", "Share a T4 (mediated devices)"): Scene("t4", twice=True),
    ("README.md", "Share an L40S (vendor-specific VFIO)"): Scene("l40s"),
    ("README.md", "Virtual functions for NFV"): Scene("nics"),
    ("README.md", "A whole card for one VM"): Scene("nics"),
    ("README.md", "Publish to Placement"): Scene("nics", placement=True),
    ("README.md", "Change a card's type while other guests run"): Scene("mixed", fails=(1,)),
    ("README.md", "Find drift"): Scene("t4", fails=(0,), before={0: remove_a_device}),
    ("guide_cyborg.rst", "Cyborg"): Scene("t4"),
    ("guide_cyborg.rst", "Device profiles and flavors"): Scene("t4"),
    ("guide_cyborg.rst", "Without an agent"): Scene("t4", placement=True),
    ("guide_declaration.rst", "The declaration"): Scene("t4 l40s nics"),
    ("guide_declaration.rst", "Select cards"): Scene("mixed"),
    ("guide_declaration.rst", "Show the plan"): Scene("mixed"),
    ("guide_declaration.rst", "Several types on one card"): Scene("a40"),
    ("guide_getting_started.rst", "Discover the cards"): Scene("t4"),
    ("guide_getting_started.rst", "Getting started"): Scene("t4"),
    ("guide_getting_started.rst", "Declare the desired state"): Scene("t4"),
    ("guide_getting_started.rst", "Check the result"): Scene("t4", before={0: apply_desktops}),
    ("guide_hardware.rst", "Tested hardware"): Scene("s390"),
    ("guide_kolla.rst", "kolla-ansible"): Scene("t4"),
    ("guide_libvirt.rst", "libvirt"): Scene("mixed"),
    ("guide_nova.rst", "Nova"): Scene("mixed"),
    ("guide_nova.rst", "nova-api and nova-scheduler"): Scene("mixed", before={0: Reader.add_controller}),
    ("guide_nfv.rst", "Declare the virtual functions"): Scene("nics"),
    ("guide_placement.rst", "Placement"): Scene("nics", placement=True),
    ("guide_placement.rst", "Drain a card"): Scene("nics", placement=True),
    ("guide_playbooks.rst", "Maintenance of a card"): Scene("t4", placement=True),
    ("guide_proxmox.rst", "Declare the cards"): Scene("proxmox"),
    ("playbook_capture.rst", "Playbook capture"): Scene("mixed"),
    ("playbook_discover.rst", "Playbook discover"): Scene("mixed"),
    ("playbook_drain.rst", "Playbook drain"): Scene("mixed", placement=True, fails=(1,)),
    ("playbook_report.rst", "Playbook report"): Scene("mixed"),
    ("playbook_reprofile.rst", "Playbook reprofile"): Scene("mixed"),
    ("playbook_site.rst", "Playbook site"): Scene("t4", placement=True),
    ("playbook_verify.rst", "Playbook verify"): Scene("t4", before={0: apply_desktops}),
    ("guide_reboot.rst", "After a reboot"): Scene("t4", before={3: Reader.reboot}),
    ("guide_report.rst", "The report"): Scene("mixed l40s"),
    ("guide_safety.rst", "Rejected changes"): Scene("mixed", fails=(0,)),
    ("roles/boot/README.md", "vfio.devices.boot"): Scene("t4"),
    ("roles/cyborg_config/README.md", "vfio.devices.cyborg_config"): Scene("t4"),
    ("roles/mig/README.md", "vfio.devices.mig"): Scene("h200"),
    ("roles/mdev/README.md", "vfio.devices.mdev"): Scene("t4 a40"),
    ("roles/nova_config/README.md", "vfio.devices.nova_config"): Scene("t4 nics"),
    ("roles/nova_config/README.md", "nova-api and nova-scheduler"): Scene("t4", before={0: Reader.add_controller}),
    ("roles/placement/README.md", "Role `vfio.devices.placement`"): Scene("t4 nics", placement=True),
    ("roles/report/README.md", "Role `vfio.devices.report`"): Scene("t4", placement=True),
    ("roles/sriov/README.md", "vfio.devices.sriov"): Scene("nics"),
    ("roles/vfio/README.md", "vfio.devices.vfio"): Scene("t4 nics"),
}

# Sections that no test can follow, or that another test covers.
ELSEWHERE = {
    ("README.md", "Installation"): "tests/integration/awx installs the archive of this checkout",
    ("guide_installation.rst", "Controller"): "the tests are for this checkout, and their Python has the library",
    ("guide_installation.rst", "OpenStack"): "the Python of the tests has the library",
    ("benchmarks.rst", "How to repeat"): "it takes long; tests/integration/bench runs each part in its smallest size",
    ("guide_architecture.rst", "Add a cloud"): "tests/unit/plugins/plugin_utils/_clouds/test_registry.py adds it",
    (
        "guide_architecture.rst",
        "Add a framework",
    ): "tests/unit/plugins/module_utils/_frameworks/test_registry.py adds it",
    ("guide_architecture.rst", "Add a guard"): "tests/unit/plugins/module_utils/_guards/test_registry.py adds it",
    (
        "guide_declaration.rst",
        "Missing cards",
    ): "tests/unit/plugins/plugin_utils/_profiles/test_fleet.py has the sentence",
    ("guide_nova.rst", "Filter for PCI devices"): "it is for nova-scheduler; the tests of nova run its filters",
    ("guide_nova.rst", "PCI devices in Placement"): "it is for Placement, whose answers are not timed by a test",
    ("guide_awx.rst", "Execution environment"): "tests/integration/awx makes the context; an image needs more",
    ("guide_awx.rst", "Job templates"): "there is no AWX here; tests/integration/awx checks and runs the templates",
    ("guide_awx.rst", "Progress"): "tests/integration/awx reads such lines",
    ("roles/boot/README.md", "Troubleshooting after a boot"): "the guide on reboots runs the program",
    ("roles/iommu/README.md", "vfio.devices.iommu"): "it wants update-grub of the host; molecule's iommu has one",
}


def documents() -> list[Path]:
    return [ROOT / "README.md", *sorted(GUIDES.glob("*.rst")), *sorted(ROOT.glob("roles/*/README.md"))]


def sections() -> dict[tuple[str, str], list[blocks.Block]]:
    """Return the blocks of each section of each document."""
    found: dict[tuple[str, str], list[blocks.Block]] = {}
    for path in documents():
        for block in blocks.of(path):
            name = path.relative_to(GUIDES if path.suffix == ".rst" else ROOT).as_posix()
            found.setdefault((name, block.section), []).append(block)
    return found


def follow(reader: Reader, scene: Scene, section: list[blocks.Block]) -> None:
    runs = [number for number, block in enumerate(section) if not FILE.match(block.text)]
    for number, block in enumerate(section):
        scene.before.get(number, lambda reader: None)(reader)
        last = number > max(runs, default=-1)
        reader.follow(block, last=last, fails=number in scene.fails, twice=scene.twice)
