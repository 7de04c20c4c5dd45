# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._capture import tree
from ansible_collections.vfio.devices.plugins.module_utils._capture.anonymize import Anonymizer
from ansible_collections.vfio.devices.plugins.module_utils._host.files import OperatingSystemFiles
from ansible_collections.vfio.devices.plugins.module_utils._host.recording import empty


def build(notes, top):
    return tree.build(notes, OperatingSystemFiles(str(top)), Anonymizer("x"))


def test_each_thing_is_at_its_own_place(tmp_path):
    place = tmp_path / "sys/devices/pci0000:3a/0000:3b:00.0"
    place.mkdir(parents=True)
    (tmp_path / "sys/bus").mkdir()
    (tmp_path / "sys/bus/0000:3b:00.0").symlink_to("../devices/pci0000:3a/0000:3b:00.0")
    (place / "class").write_text("0x030200\n")
    notes = empty()
    notes.contents["sys/bus/0000:3b:00.0/class"] = b"0x030200\n"
    notes.contents["sys/bus/0000:3b:00.0/odd"] = b"\xff\n"
    notes.contents["sys/bus/0000:3b:00.0/bad"] = "EIO"
    notes.names["sys/bus/0000:3b:00.0"] = ["class", "other"]
    found = build(notes, tmp_path)
    assert found["sys/bus"]["0000:3b:00.0"] == tree.Entry("link", "../devices/pci0000:3a/0000:3b:00.0")
    assert found["sys/devices/pci0000:3a/0000:3b:00.0"] == {
        "class": tree.Entry("file", "0x030200"),
        "odd": tree.Entry("file", "\udcff"),
        "bad": tree.Entry("error", "EIO"),
        "other": tree.Entry("unread"),
    }


def test_links_in_a_circle_end(tmp_path):
    (tmp_path / "sys").mkdir()
    (tmp_path / "sys/a").symlink_to("a")
    notes = empty()
    notes.contents["sys/a/x"] = b"1"
    assert build(notes, tmp_path)


def test_processes_without_a_device_are_not_kept(tmp_path):
    notes = empty()
    notes.links.update(
        {"proc/7/fd/3": "/srv/bob/payroll", "proc/8/fd/3": "/dev/nvidia0", "proc/8/fd/4": "/srv/bob/dev/secret"}
    )
    notes.contents.update({"proc/7/comm": b"bash\n", "proc/8/comm": b"python3\n", "proc/8/environ": b"TOKEN=secret"})
    notes.names["proc"] = ["7", "8"]
    found = build(notes, tmp_path)
    assert "proc/7" not in found
    assert found["proc/8"] == {"comm": tree.Entry("file", "python3")}
    assert found["proc/8/fd"] == {"3": tree.Entry("link", "/dev/nvidia0")}


def test_paths_have_no_names_of_guests(tmp_path):
    notes = empty()
    notes.contents["etc/libvirt/qemu/payroll.xml"] = b"<domain><name>payroll</name></domain>"
    notes.names["etc/libvirt/qemu"] = ["payroll.xml", "holidays.xml"]
    found = build(notes, tmp_path)
    assert set(found["etc/libvirt/qemu"]) == {"guest-1.xml"}


def test_homes_are_not_kept(tmp_path):
    notes = empty()
    for home in ("/".join(["home", "bob"]), "srv/people/ann", "root"):
        notes.names[f"{home}/.config/containers/systemd"] = []
        notes.contents[f"{home}/.local/share/docker/containers/3f/hostconfig.json"] = "EIO"
    notes.names["home"] = ["bob"]
    assert not [path for path in build(notes, tmp_path) if path.startswith(("home", "srv", "root"))]


def test_a_device_of_a_process_with_another_root(tmp_path):
    notes = empty()
    notes.links["proc/8/fd/3"] = "/var/lib/payroll/merged/dev/nvidia0"
    notes.mapped["proc/9/maps"] = ["/var/lib/payroll/dev/dri/renderD128", "/srv/bob/dev/secret"]
    notes.contents["proc/9/comm"] = b"python3"
    found = build(notes, tmp_path)
    assert found["proc/8/fd"]["3"].value == "/dev/nvidia0"
    assert found["proc/9"]["maps"].value == "0-0 r--s 0 00:00 0 /dev/dri/renderD128"


def test_exports_and_pools_have_other_names(tmp_path):
    notes = empty()
    notes.contents["sys/kernel/config/nvmet/subsystems/nqn.payroll/namespaces/1/device_path"] = b"/dev/nvme0n1"
    notes.contents["var/lib/lxd/storage-pools/payroll/containers/holidays/backup.yaml"] = b"devices:"
    found = build(notes, tmp_path)
    assert "payroll" not in str(found)
    assert "holidays" not in str(found)
