# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test boot and reboot, holders, faults, delays, and the profiles."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.tests.simhost import Blocked, ProfileError, SimHost
from ansible_collections.vfio.devices.tests.simhost.profile import names

from .conftest import Boot, refusal

UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
KIND = "sys/class/mdev_bus/mtty/mdev_supported_types/mtty-1"
PF = "sys/bus/pci/devices/0000:01:00.0"


@pytest.mark.parametrize("name", names())
def test_every_profile_boots_the_same_again(boot: Boot, name: str) -> None:
    host = boot(name)
    before = {path: node.mode for path, node in host.host.tree.nodes.items()}
    host.host.reboot()
    assert {path: node.mode for path, node in host.host.tree.nodes.items()} == before
    assert host.files.exists("usr/lib/mdevctl/scripts.d/callouts")
    assert len(host.text("etc/machine-id")) == 32


@pytest.mark.parametrize("name", names())
def test_every_link_leads_somewhere(name: str) -> None:
    host = SimHost(name)
    for path in host.tree.nodes:
        if not path.startswith("proc/"):
            host.tree.resolve(path)


def test_reboot(boot: Boot) -> None:
    host = boot("mtty")
    first = host.text("proc/sys/kernel/random/boot_id")
    host.files.write(f"{KIND}/create", UUID.encode())
    accessor = host.host.accessor()
    accessor.replace("etc/vfio-devices/state", b"kept")
    accessor.replace("run/vfio-devices/lock", b"lost")
    host.host.reboot()
    assert host.files.list("sys/bus/mdev/devices") == []
    assert host.files.read("etc/vfio-devices/state") == b"kept"
    assert not host.files.exists("run/vfio-devices")
    assert host.text("proc/sys/kernel/random/boot_id") != first


def test_reboot_ends_blocked_calls(boot: Boot) -> None:
    host = boot("mtty")
    host.files.write(f"{KIND}/create", UUID.encode())
    host.host.hold(UUID)
    write = host.blocked_write(f"sys/bus/mdev/devices/{UUID}/remove", b"1")
    host.host.reboot()
    problem = write.finish()
    assert problem is not None
    assert problem.errno == errno.ENODEV


def test_holders_in_proc(boot: Boot) -> None:
    host = boot("mixed")
    group = host.target("sys/bus/mdev/devices/7f1d6f2e-6a3c-4f6b-9a57-0d6f3a1c2b01/iommu_group")
    assert host.text("proc/4711/comm") == "qemu-system-x86"
    assert host.files.read("proc/4711/cmdline").split(b"\0")[1:3] == [b"-name", b"guest=desktop-1,debug-threads=on"]
    targets = {host.files.link(f"proc/4711/fd/{fd}") for fd in host.files.list("proc/4711/fd")}
    assert targets >= {f"/dev/vfio/{group}", "/dev/vfio/vfio", "anon_inode:[vfio-device]"}
    host.host.release("7f1d6f2e-6a3c-4f6b-9a57-0d6f3a1c2b01")
    assert not host.files.exists("proc/4711")


def test_holding(boot: Boot) -> None:
    host = boot("mtty", vfio_cdev=True)
    assert refusal(host.host.hold, UUID) == "ENODEV"
    host.files.write(f"{KIND}/create", UUID.encode())
    pid = host.host.hold(UUID, cdev=True)
    assert refusal(host.host.hold, UUID) == "EBUSY"
    links = {host.files.link(f"proc/{pid}/fd/{fd}") for fd in host.files.list(f"proc/{pid}/fd")}
    assert "/dev/vfio/devices/vfio0" in links


def test_fdinfo_names_the_device_in_new_kernels(boot: Boot) -> None:
    for kernel, named in (("6.12", False), ("7.3", True)):
        host = boot("mtty", kernel=kernel)
        host.files.write(f"{KIND}/create", UUID.encode())
        pid = host.host.hold(UUID)
        text = b"".join(host.files.read(f"proc/{pid}/fdinfo/{fd}") for fd in host.files.list(f"proc/{pid}/fdinfo"))
        assert (f"/sys/devices/virtual/mtty/mtty/{UUID}".encode() in text) == named


def test_routes_and_bonds(boot: Boot) -> None:
    host = boot("mixed")
    header, route = host.text("proc/net/route").split("\n")
    assert header.startswith("Iface\tDestination")
    assert route.split("\t")[:4] == ["bond0", "00000000", "010200C0", "0003"]
    assert host.target("sys/class/net/eno0/master") == "bond0"
    assert host.text("sys/class/net/bond0/bonding/slaves") == "eno0 eno1"
    assert host.target("sys/class/net/eno0/device") == "0000:18:00.0"


def test_errno_by_glob_through_links(boot: Boot) -> None:
    host = boot("nics")
    host.host.faults.fail("sys/bus/pci/devices/*/vendor", errno.EIO, times=2)
    results = [refusal(host.files.read, f"{PF}/vendor") for _dummy in range(3)]
    assert results == ["EIO", "EIO", None]


def test_fault_of_the_nth_call(boot: Boot) -> None:
    host = boot("nics")
    host.host.faults.fail(f"{PF}/sriov_numvfs", errno.ENOMEM, ("write",), skip=1, times=1)
    assert [refusal(host.files.write, f"{PF}/sriov_numvfs", number) for number in (b"1", b"0", b"0")] == [
        None,
        "ENOMEM",
        None,
    ]
    assert host.number(f"{PF}/sriov_numvfs") == 0


def test_fault_of_a_listing(boot: Boot) -> None:
    host = boot("nics")
    host.host.faults.fail("sys/class/net", errno.EIO, ("list",))
    assert refusal(host.files.list, "sys/class/net") == "EIO"
    host.host.faults.clear()
    assert host.files.list("sys/class/net")


def test_file_that_vanishes_after_the_listing(boot: Boot) -> None:
    host = boot("nics")
    host.host.faults.vanish(f"{PF}/vendor")
    assert "vendor" in host.files.list(PF)
    assert refusal(host.files.read, f"{PF}/vendor") == "ENOENT"
    assert not host.files.exists(f"{PF}/vendor")


def test_garbage_content(boot: Boot) -> None:
    host = boot("nics")
    host.host.faults.content(f"{PF}/vendor", b"\xff\x00garbage")
    assert host.files.read(f"{PF}/vendor") == b"\xff\x00garbage"


def test_a_slow_driver_takes_its_time(boot: Boot) -> None:
    host = boot("nics", drivers={"igb": {"delay_on": 0.2, "delay_off": 0.1}})
    before = host.host.clock.now()
    host.files.write(f"{PF}/sriov_numvfs", b"2")
    host.files.write(f"{PF}/sriov_numvfs", b"0")
    assert 0.3 <= host.host.clock.now() - before < 5


def test_a_slow_file_takes_its_time(boot: Boot) -> None:
    host = boot("nics")
    host.host.faults.delay(f"{PF}/vendor", 0.2)
    before = host.host.clock.now()
    assert host.text(f"{PF}/vendor") == "0x8086"
    assert 0.2 <= host.host.clock.now() - before < 5


def test_attempt_gives_up_at_its_deadline() -> None:
    files = SimHost("nics", drivers={"igb": {"delay_on": 60}}).accessor()
    before = files.now()
    with pytest.raises(Blocked):
        files.attempt(lambda: files.write(f"{PF}/sriov_numvfs", b"2"), 30)
    assert files.now() - before == 30
    assert not files.exists(f"{PF}/virtfn0")
    files.pause(30)
    assert files.exists(f"{PF}/virtfn1")


def test_two_hosts_are_independent(boot: Boot) -> None:
    first, second = boot("mtty"), boot("mtty")
    first.files.write(f"{KIND}/create", UUID.encode())
    assert second.files.list("sys/bus/mdev/devices") == []
    second.files.write(f"{KIND}/create", UUID.encode())


@pytest.mark.parametrize(
    ("profile", "sentence"),
    [
        ("t5", "unknown profile 't5'; known are a100, a40, "),
        ({"functions": [{"address": "0000:01:00.0"}]}, "lacks vendor, device, class_code"),
        ({"colour": "green"}, "unknown keys: colour"),
        ({"functions": "none"}, "profile.functions must be a list"),
        ({"kernel": "six"}, "kernel must be a version"),
        ({"drivers": {"e1000": {}}}, "unknown drivers: e1000"),
        ({"mdevs": [{"uuid": UUID, "parent": "mtty", "type": "mtty-1"}]}, "no parent 'mtty'"),
        ("/nowhere/profile.yml", "cannot be read"),
    ],
)
def test_profile_errors(profile: object, sentence: str) -> None:
    with pytest.raises(ProfileError, match=".*") as problem:
        SimHost(profile)  # type: ignore[arg-type]
    assert sentence in str(problem.value)


def test_a_large_host_has_256_parents() -> None:
    gpu = {
        "address": "0000:10:00.0",
        "vendor": "10de",
        "device": "2235",
        "class_code": "030200",
        "driver": "nvidia",
        "copies": 8,
        "vgpu": {"types": "a40", "on": "vf"},
        "sriov": {"total": 32, "offset": 4, "device": "2235", "driver": "nvidia", "numvfs": 32},
    }
    files = SimHost({"functions": [gpu]}).accessor()
    parents = files.list("sys/class/mdev_bus")
    assert len(parents) == 256
    assert len(files.list(f"sys/class/mdev_bus/{parents[-1]}/mdev_supported_types")) == 22


def test_channel_subsystem(boot: Boot) -> None:
    host = boot("s390")
    assert host.files.list("sys/class/mdev_bus") == ["0.0.0313", "matrix"]
    host.files.write("sys/bus/css/devices/0.0.0314/driver_override", b"vfio_ccw")
    host.files.write("sys/bus/css/drivers/io_subchannel/unbind", b"0.0.0314")
    host.files.write("sys/bus/css/drivers/vfio_ccw/bind", b"0.0.0314")
    kind = "sys/class/mdev_bus/0.0.0314/mdev_supported_types/vfio_ccw-io"
    assert host.text(f"{kind}/device_api") == "vfio-ccw"
    host.files.write("sys/bus/css/drivers/io_subchannel/unbind", b"0.0.0316")
    host.files.write("sys/bus/css/devices/0.0.0316/driver_override", b"vfio_ccw")
    assert refusal(host.files.write, "sys/bus/css/drivers/vfio_ccw/bind", b"0.0.0316") == "ENODEV"


def test_crypto_matrix(boot: Boot) -> None:
    host = boot("s390")
    other = UUID.replace("1001", "1002")
    kind = "sys/class/mdev_bus/matrix/mdev_supported_types/vfio_ap-passthrough"
    for name in (UUID, other):
        host.files.write(f"{kind}/create", name.encode())
    own, others = (f"sys/bus/mdev/devices/{name}" for name in (UUID, other))
    assert refusal(host.files.write, f"{own}/assign_adapter", b"200") == "ENODEV"
    assert refusal(host.files.write, f"{own}/assign_adapter", b"x") == "EINVAL"
    for name, number in (("assign_adapter", b"0x5"), ("assign_domain", b"4"), ("assign_control_domain", b"4")):
        host.files.write(f"{own}/{name}", number)
    assert host.text(f"{own}/matrix") == "05.0004"
    host.files.write(f"{others}/assign_adapter", b"5")
    assert refusal(host.files.write, f"{others}/assign_domain", b"4") == "EADDRINUSE"
    host.files.write(f"{others}/assign_domain", b"1")
    assert refusal(host.files.write, f"{others}/assign_adapter", b"0") == "EADDRNOTAVAIL"
    host.files.write(f"{own}/unassign_domain", b"4")
    assert host.text(f"{own}/matrix") == "05."


LATE = [
    ("nics", "ice", "sys/bus/pci/drivers/ice/0000:31:00.0"),
    ("nics", "0000:31:00.0", "sys/bus/pci/devices/0000:31:00.0/driver"),
    ("a40", "0000:41:00.0", "sys/bus/pci/devices/0000:41:00.0/virtfn15"),
    ("a40", "0000:41:00.0/vfs", "sys/bus/pci/devices/0000:41:00.0/virtfn15"),
    ("mtty", "mtty", "sys/class/mdev_bus/mtty"),
]


@pytest.mark.parametrize(("profile", "name", "path"), LATE)
def test_what_is_late_comes_in_the_end(profile: str, name: str, path: str) -> None:
    host = SimHost(profile)
    files = host.accessor()
    before = without_groups(host)
    host.reboot({name: 5})
    files.pause(4.9)
    assert not files.exists(path)
    files.pause(0.2)
    assert files.exists(path)
    assert without_groups(host) == before
    host.reboot()
    assert files.exists(path)


def without_groups(host: SimHost) -> set[str]:
    """Return all paths except those of IOMMU groups, whose numbers depend on the order of creation."""
    return {path for path in host.tree.nodes if "iommu_groups/" not in path}


def test_what_is_not_there_cannot_be_late() -> None:
    with pytest.raises(ProfileError, match="nothing of this host is called nobody"):
        SimHost("nics").reboot({"nobody": 5})
