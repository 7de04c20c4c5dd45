# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import other_managers


@pytest.mark.parametrize(
    ("path", "text", "named"),
    [
        ("etc/systemd/network/10-a.link", "[Match]\nDriver=ice\n[Link]\nSR-IOVVirtualFunctions=4\n", True),
        ("etc/systemd/network/10-a.network", "[Match]\nName=eth0\n[SR-IOV]\nVirtualFunction=0\n", True),
        ("etc/systemd/network/10-a.network", "[Match]\nName=eth0\n", False),
        ("etc/systemd/network/README", "[SR-IOV]\n", False),
        ("etc/NetworkManager/system-connections/a.nmconnection", "[sriov]\ntotal-vfs=4\n", True),
        ("etc/NetworkManager/system-connections/a.nmconnection", "[ethernet]\n", False),
        ("etc/netplan/50.yaml", "network:\n  ethernets:\n    eno1:\n      virtual-function-count: 16\n", True),
        ("run/netplan/50.yaml", "      embedded-switch-mode: switchdev\n", True),
        ("etc/systemd/network/10-a.network.d/vfs.conf", "[SR-IOV]\nVirtualFunction=0\n", True),
        ("etc/NetworkManager/conf.d/50-vfs.conf", "[device-ens1]\nmatch-device=driver:ice\nsriov-num-vfs=4\n", True),
        ("etc/NetworkManager/NetworkManager.conf", "[main]\nplugins=keyfile\n", False),
        ("etc/sysconfig/network-scripts/ifcfg-ens1", "DEVICE=ens1\nSRIOV_TOTAL_VFS=8\n", True),
        ("etc/nmstate/ens1.yml", "interfaces:\n- name: ens1\n  ethernet:\n    sr-iov:\n      total-vfs: 4\n", True),
        ("etc/cloud/cloud.cfg.d/99-vfs.cfg", "bootcmd:\n - echo 8 > /sys/class/net/ens1/device/sriov_numvfs\n", True),
        ("etc/tuned/nfv/tuned.conf", "[sysfs]\n/sys/class/net/ens1/device/sriov_numvfs=8\n", True),
        ("etc/mdevctl.d/scripts.d/callouts/vfs.sh", "echo 8 > /sys/x/sriov_numvfs\n", True),
        (
            "etc/systemd/system/x.service.d/vfs.conf",
            "[Service]\nExecStartPost=/bin/sh -c 'echo 8 > /sys/x/sriov_numvfs'\n",
            True,
        ),
        ("etc/udev/rules.d/70-nic.rules", 'ACTION=="add", ATTR{device/sriov_drivers_autoprobe}="0"\n', True),
        ("etc/modprobe.d/igb.conf", "options igb max_vfs=7\n", True),
        ("etc/modprobe.d/igb.conf", "#options igb max_vfs=7\n", False),
        ("etc/sriov_config.json", '{"interfaces": [{"pciAddress": "0000:d8:00.0", "numVfs": 5}]}', True),
        ("etc/sriov-operator/sriov_config.json", '{"interfaces":[{"numVfs":5}]}', True),
        (
            "etc/sriov-operator/sriov-interface-config.yaml",
            "spec:\n  interfaces:\n  - pciAddress: 0000:d8:00.0\n",
            True,
        ),
        ("etc/sriov-operator/pci/0000:d8:00.0", '{"pciAddress":"0000:d8:00.0","numVfs":5}', True),
        ("etc/sriov-operator/sriov-supported-nics-ids.yaml", "pciAddress: x", False),
        ("var/lib/os-net-config/sriov_config.yaml", "- device_type: pf\n  name: ens1\n  numvfs: 8\n", True),
        ("etc/udev/rules.d/70-nic.rules", 'ACTION=="add", KERNEL=="ens1", ATTR{device/sriov_numvfs}="8"\n', True),
        ("etc/udev/rules.d/70-nic.rules", "RUN+=\"/bin/sh -c 'echo 8 > /sys$devpath/device/sriov_numvfs'\"\n", True),
        ("etc/udev/rules.d/70-nic.rules", 'ATTR{sriov_numvfs}=="0", ATTR{sriov_drivers_autoprobe}="0"\n', True),
        ("etc/udev/rules.d/70-nic.rules", 'ATTR{device/sriov_numvfs}=="8", NAME="x"\n', False),
        ("etc/udev/rules.d/70-nic.rules", '# ATTR{device/sriov_numvfs}="8"\n', False),
        ("etc/udev/rules.d/90-vfio-devices-0000:31:00.0.rules", 'ATTR{sriov_numvfs}="8"\n', False),
        ("etc/systemd/system/vfs.service", "[Service]\nExecStart=/bin/sh -c 'echo 8 > /sys/x/sriov_numvfs'\n", True),
        ("etc/systemd/system/vgpu.service", "[Service]\nExecStart=/usr/lib/nvidia/sriov-manage -e ALL\n", True),
        ("etc/systemd/system/web.service", "[Service]\nExecStart=/usr/bin/web\n", False),
        ("etc/tmpfiles.d/vfs.conf", "w /sys/class/net/ens1/device/sriov_numvfs - - - - 8\n", True),
        ("etc/sysfs.d/vfs.conf", "class/net/ens1/device/sriov_numvfs = 8\n", True),
        ("etc/rc.local", "#!/bin/sh\necho 8 > /sys/class/net/ens1/device/sriov_numvfs\n", True),
        ("etc/rc.local", "#!/bin/sh\n# echo 8 > /sys/class/net/ens1/device/sriov_numvfs\nexit 0\n", False),
        ("etc/networkd-dispatcher/routable.d/50-vfs", "echo 8 > /sys/class/net/ens1/device/sriov_numvfs\n", True),
        ("etc/NetworkManager/dispatcher.d/pre-up.d/vfs", "echo 8 > /sys/class/net/ens1/device/sriov_numvfs\n", True),
        ("etc/network/interfaces", "iface ens1\n  pre-up echo 8 > /sys/class/net/ens1/device/sriov_numvfs\n", True),
        ("var/spool/cron/crontabs/root", "@reboot echo 8 > /sys/class/net/ens1/device/sriov_numvfs\n", True),
        ("var/spool/cron/root", "# @reboot echo 8 > /sys/class/net/ens1/device/sriov_numvfs\n", False),
        ("etc/modprobe.d/ice.conf", "install ice modprobe -i ice; echo 8 > /sys/x/sriov_numvfs\n", True),
        ("etc/tuned/profiles/nfv/tuned.conf", "[sysfs]\n/sys/class/net/ens1/device/sriov_numvfs=8\n", True),
        ("etc/libvirt/hooks/network", "#!/bin/sh\necho 8 > /sys/class/net/ens1/device/sriov_numvfs\n", True),
        ("etc/cron.d/vfs", "@reboot root echo 8 > /sys/class/net/ens1/device/sriov_numvfs\n", True),
    ],
)
def test_files_of_other_managers(simulated, path, text, named):
    sentences = other_managers.observe(simulated("nics", files={path: text}).root())
    assert [sentence for sentence in sentences if path in sentence] == sentences
    assert bool(sentences) is named


def test_script_that_a_unit_starts(simulated):
    script, unit = "usr/local/sbin/vfs", "etc/systemd/system/vfs.service"
    files = {script: "#!/bin/sh\necho 8 > /sys/x/sriov_numvfs\n", unit: "[Service]\nExecStart=-/usr/local/sbin/vfs 8\n"}
    (sentence,) = other_managers.observe(simulated("nics", files=files).root())
    assert sentence.startswith(f"{script}, which {unit} starts, has sriov_numvfs. ")


def test_program_and_directory_are_no_text(simulated):
    host = simulated("nics", files={"etc/NetworkManager/dispatcher.d/no-wait.d/x": ""})
    host.files.replace("etc/cron.d/x", b"\x7fELF\0\xff sriov_numvfs")
    root = host.root()
    assert other_managers.observe(root) == []
    assert root.warnings == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "etc/udev/rules.d/70-gpu.rules",
            "RUN+=\"/bin/sh -c 'uuidgen > /sys/x/mdev_supported_types/nvidia-35/create'\"\n",
        ),
        ("etc/rc.local", "mdevctl start -u $uuid -p 0000:3b:00.0 --type nvidia-35\n"),
        ("etc/libvirt/hooks/qemu", "echo $uuid > /sys/x/mdev_supported_types/i915-GVTg_V5_4/create\n"),
        ("etc/libvirt/hooks/qemu.d/vm1", "mdevctl start -u $uuid\n"),
        ("etc/libvirt/hooks/qemu.d/vm1/prepare/begin/vgpu.sh", "mdevctl start -u $uuid\n"),
        ("var/lib/vz/snippets/vgpu.sh", "mdevctl start -u $uuid\n"),
    ],
)
def test_who_else_makes_mediated_devices(simulated, path, text):
    host = simulated("t4", files={path: text})
    (sentence,) = other_managers.observe(host.root(), other_managers.MEDIATED_DEVICES)
    assert sentence.startswith(f"{path} has m")
    assert "two programs set its mediated devices" in sentence
    assert other_managers.observe(host.root()) == []


@pytest.mark.parametrize(("name", "named"), [("nvidia.com-GRID_T4-1Q", True), ("tun", False)])
def test_device_plugins_of_kubevirt(simulated, name, named):
    path = f"var/lib/kubelet/device-plugins/kubevirt-{name}.sock"
    root = simulated("t4", files={path: ""}).root()
    found = other_managers.observe(root, other_managers.MEDIATED_DEVICES)
    assert [sentence.partition(" has ")[0] for sentence in found] == [path] * named


def test_they_are_only_warned_of(switch):
    run = switch("nics", files={"etc/netplan/50.yaml": "      virtual-function-count: 16\n"})
    result = run({"pf": "0000:31:00.0", "mode": "vf", "num_vfs": "2"})
    assert result["changed"]
    assert "etc/netplan/50.yaml has virtual-function-count" in result["warnings"][0]
