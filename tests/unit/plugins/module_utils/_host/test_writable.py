# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot import files as boot_files
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.registry import FRAMEWORKS
from ansible_collections.vfio.devices.plugins.module_utils._host import root, writable
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError, HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._host.writable import ATTRIBUTE, FILE, LINK, ROLE
from ansible_collections.vfio.devices.plugins.module_utils._site.services import SERVICES
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import planned_files

COLLECTION = Path(__file__).resolve().parents[5]
CARD, UUID = "0000:3b:00.0", "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
FUNCTION, MDEVS = f"sys/bus/pci/devices/{CARD}", "sys/class/mdev_bus"


@pytest.mark.parametrize(
    ("how", "path"),
    [
        (ATTRIBUTE, f"{FUNCTION}/sriov_numvfs"),
        (ATTRIBUTE, "sys/bus/pci/devices/10000:e1:00.0/driver_override"),
        (ATTRIBUTE, "sys/bus/pci/drivers/vfio-pci/bind"),
        (ATTRIBUTE, f"{MDEVS}/mtty/mdev_supported_types/mtty-1/create"),
        (ATTRIBUTE, f"{MDEVS}/{CARD}/{UUID}/nvidia/vgpu_params"),
        (ATTRIBUTE, f"{MDEVS}/matrix/{UUID}/assign_adapter"),
        (ATTRIBUTE, f"sys/bus/mdev/devices/{UUID}/remove"),
        (FILE, f"etc/vfio-devices/mdev_instance/{CARD}.json"),
        (FILE, f"etc/vfio-devices/mdev_instance/.{CARD}.json.vfio-devices-new"),
        (FILE, "etc/mdevctl.d/mtty/.room.vfio-devices-new"),
        (FILE, f"etc/mdevctl.d/0000:AF:00.0/{UUID.upper()}"),
        (FILE, "etc/systemd/system/multi-user.target.wants/.vfio-devices-restore.service.vfio-devices-new"),
        (FILE, root.LOCK),
        (LINK, boot_files.ENABLED),
        (ROLE, "etc/kernel/cmdline"),
    ],
)
def test_paths_of_the_list(how, path):
    assert writable.refusal(path, how) is None


def test_files_of_drivers_are_those_of_the_frameworks():
    paths = [path for framework in FRAMEWORKS for path in framework.PATHS]
    assert list(writable.OF_FRAMEWORKS) == paths
    assert not set(paths) & {entry.pattern for entry in writable.PATHS}


OTHERS = [
    (ATTRIBUTE, f"{FUNCTION}/reset"),
    (ATTRIBUTE, f"{FUNCTION}/remove"),
    (ATTRIBUTE, f"{FUNCTION}/../0000:3b:00.1/sriov_numvfs"),
    (ATTRIBUTE, "sys/bus/pci/devices/../devices/sriov_numvfs"),
    (ATTRIBUTE, f"{FUNCTION}/sriov_numvfs\n"),
    (ATTRIBUTE, f"/{FUNCTION}/sriov_numvfs"),
    (ATTRIBUTE, "sys/bus/pci/drivers/../bind"),
    (ATTRIBUTE, "sys/bus/pci/rescan"),
    (ATTRIBUTE, "sys/module/vfio/parameters/enable_unsafe_noiommu_mode"),
    (ATTRIBUTE, f"{MDEVS}/{CARD}/{UUID}/driver/unbind"),
    (ATTRIBUTE, f"{MDEVS}/{CARD}/{UUID}/nvidia/../../remove"),
    (ATTRIBUTE, f"{MDEVS}/{CARD}/{UUID}/a/b/c"),
    (ATTRIBUTE, f"{MDEVS}/{CARD}/not-a-uuid/assign_adapter"),
    (ATTRIBUTE, "proc/sysrq-trigger"),
    (ATTRIBUTE, f"etc/mdevctl.d/mtty/{UUID}"),
    (FILE, f"{FUNCTION}/sriov_numvfs"),
    (FILE, "etc/passwd"),
    (FILE, "etc/nova/nova.conf"),
    (FILE, "etc/kernel/cmdline"),
    (FILE, "etc/udev/rules.d/60-mdevctl.rules"),
    (FILE, "etc/udev/rules.d/70-persistent-net.rules"),
    (FILE, "etc/vfio-devices/other/x.json"),
    (FILE, "etc/vfio-devices/mdev_instance/../../passwd.json"),
    (FILE, "etc/mdevctl.d/mtty/readme"),
    (FILE, "etc/.passwd.vfio-devices-new"),
    (FILE, ".room.vfio-devices-new"),
    (FILE, boot_files.ENABLED),
    (LINK, boot_files.UNIT),
    (LINK, "etc/systemd/system/multi-user.target.wants/other.service"),
    (FILE, "<nova_config_path>"),
]


@pytest.mark.parametrize(("how", "path"), OTHERS)
def test_any_other_path_is_refused(how, path):
    assert "it is not in the list of paths" in writable.refusal(path, how)


@pytest.mark.parametrize(("how", "path"), OTHERS)
def test_door_opens_for_no_other_path(how, path):
    # These files support no operation.
    door = HostRoot(files=object())
    actions = {
        ATTRIBUTE: [lambda: door.write(path, "1")],
        FILE: [lambda: door.replace_file(path, "1")],
        LINK: [lambda: door.replace_link(path, "/x")],
    }[how]
    if writable.refusal(path, FILE, LINK):
        actions.append(lambda: door.remove_file(path))
    for action in actions:
        with pytest.raises(HostError, match="it is not in the list of paths that this collection writes") as refused:
            action()
        assert refused.value.path == path


def test_room_is_not_tried_in_other_directories(simulated):
    with pytest.raises(HostError, match="/etc/other/.room.vfio-devices-new is left alone"):
        simulated("t4").root().try_room("etc/other", 1, write=True)


def test_files_of_the_boot_are_in_the_list():
    assert all(writable.refusal(path, FILE) is None for path in boot_files.PATHS)
    assert all(writable.refusal(path, LINK) is None for path in boot_files.links())


KIND_OF_RECORD = re.compile(r'^(?:KIND|KNOWN_TYPES|AUTOPROBE_OFF|CHANGING|\w*_RECORDS) = "(\w+)"$', re.MULTILINE)


def test_records_of_every_kind_are_in_the_list():
    texts = [path.read_text(encoding="utf-8") for path in (COLLECTION / "plugins/module_utils").rglob("*.py")]
    kinds = {kind for text in texts for kind in KIND_OF_RECORD.findall(text)}
    patterns = " ".join(entry.pattern for entry in writable.PATHS)
    assert {"sriov_pf_mode", "mdev_instance", "mig_layout", "vgpu_types"} <= kinds
    assert [kind for kind in kinds if f"vfio-devices/{kind}/<" not in patterns] == []


PATHS_OF_ROLES = re.compile(
    r"""(?:\bpath:|\bdest:|_root \}\}|regex_replace\('/\\\\Z', ''\) \}\})\s*"?(/etc/[\w./-]+)"""
)


def test_paths_that_roles_write_are_in_the_list():
    texts = [path.read_text(encoding="utf-8") for path in (COLLECTION / "roles").rglob("*.yml")]
    found = {path.lstrip("/") for text in texts for path in PATHS_OF_ROLES.findall(text)} - {"etc/kernel"}
    assert found == {entry.pattern for entry in writable.PATHS if entry.how == ROLE}


def test_variables_with_a_path_are_in_the_list():
    files = [*map(planned_files.configuration_of, SERVICES), planned_files.PROVIDER_FILE]
    found = {file.variable for file in files}
    for directory in ("roles", "playbooks"):
        for path in (COLLECTION / directory).rglob("*.yml"):
            found |= set(re.findall(r"'?variable'?: '?([a-z]+_[a-z_]+)'?", path.read_text(encoding="utf-8")))
    assert found == {entry.pattern[1:-1] for entry in writable.PATHS if entry.how == writable.VARIABLE}


@pytest.mark.parametrize("package", ["plugins/module_utils", "plugins/modules", "plugins/plugin_utils"])
def test_only_managed_files_writes_where_a_variable_says(package):
    """All other code writes through HostRoot."""
    writers = r"_host import (durable_files|replacement|files|child_process)\b"
    found = [
        path.name
        for path in (COLLECTION / package).rglob("*.py")
        if path.parent.name != "_host" and re.search(writers, path.read_text(encoding="utf-8"))
    ]
    assert set(found) <= {"managed_files.py"}
