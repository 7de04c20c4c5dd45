# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._services.files import Files
from ansible_collections.vfio.devices.plugins.module_utils._services.observe import libvirt_version, observe

FILE = "/etc/nova/nova.conf.d/50-vfio-devices.conf"
TEXT = '[devices]\nenabled_mdev_types = a\n\n[pci]\nalias = {"name": "a"}\n'
NOVA = "[DEFAULT]\ndebug = true\n[devices]\nenabled_mdev_types = b\n[pci]\nalias = {}\n"


@pytest.fixture
def look(tmp_path):
    """Return a function that observes nova-compute on a host with these other files and this command line."""

    (tmp_path / "sys").mkdir()

    def look(files, *arguments, cgroup="0::/", present="", is_running=True):
        if is_running:
            files = {
                "proc/7/environ": "",
                **files,
                "proc/7/cmdline": "\0".join(("nova-compute", *arguments)),
                "proc/7/cgroup": cgroup,
            }
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        return observe(HostRoot(str(tmp_path)), "nova", "nova-compute", "nova-compute", FILE, TEXT, present)

    return look


def test_the_directory_comes_after_the_default_files(look):
    found = look({"etc/nova/nova.conf": NOVA})
    assert (found["reads"], found["overridden"], found["problems"]) == (True, [], [])


def test_each_settings_file_is_read_once(look, monkeypatch):
    read = []
    text = Files.text
    monkeypatch.setattr(Files, "text", lambda files, path: read.append(path) or text(files, path))
    look({"etc/nova/nova.conf": NOVA, "etc/nova/nova.conf.d/60-b.conf": NOVA})
    assert sorted(read) == sorted(set(read))
    assert {"/etc/nova/nova.conf", "/etc/nova/nova.conf.d/60-b.conf", FILE} <= set(read)


def test_a_file_of_the_command_line_comes_after_the_default_directory(look):
    found = look({"etc/nova/nova.conf": NOVA}, "--config-file", "/etc/nova/nova.conf")
    option = {"section": "devices", "option": "enabled_mdev_types", "file": "/etc/nova/nova.conf"}
    assert found["overridden"] == [{**option, "value": "b"}]
    (sentence,) = found["problems"]
    assert sentence.startswith("/etc/nova/nova.conf sets enabled_mdev_types of [devices] too, and nova-compute reads")


@pytest.mark.parametrize("text", ["[Devices]\nenabled_mdev_types = b", "[devices]\nenabled_vgpu_types = b"])
def test_a_file_read_later_wins_under_any_name(look, text):
    (option,) = look({"etc/nova/nova.conf.d/60-mine.conf": text})["overridden"]
    assert (option["section"], option["file"]) == ("devices", "/etc/nova/nova.conf.d/60-mine.conf")


def test_options_of_devices_in_other_files(look):
    spec = '{"vendor_id": "10de"}'
    found = look(
        {
            "etc/nova/nova.conf": f"[DEFAULT]\npassword = p\npci_passthrough_whitelist = {spec}\n",
            FILE[1:]: TEXT,
            "etc/nova/nova.conf.d/60-b.conf": (
                "[VGPU_a]\ndevice_addresses = 0000:84:00.0\n[pci]\nreport_in_placement = true\n[libvirt]\nx = y\n"
            ),
        }
    )["others"]
    assert [tuple(one.values()) for one in found] == [
        ("/etc/nova/nova.conf", "pci", "device_spec", spec, False, False),
        ("/etc/nova/nova.conf.d/60-b.conf", "mdev_a", "device_addresses", "0000:84:00.0", True, False),
        ("/etc/nova/nova.conf.d/60-b.conf", "pci", "report_in_placement", "true", True, False),
    ]


@pytest.mark.parametrize(("name", "number"), [("60-mine.conf", 1), ("40-mine.conf", 0), ("60-mine.ini", 0)])
def test_files_of_the_same_directory_are_read_by_name(look, name, number):
    assert len(look({f"etc/nova/nova.conf.d/{name}": NOVA})["overridden"]) == number


def test_a_directory_that_is_not_read(look):
    found = look({}, "--config-dir", "/etc/nova/other")
    assert found["reads"] is False
    assert "is not read by nova-compute, which reads /etc/nova/nova.conf" in found["problems"][0]


def test_containers(look):
    assert "a container with files of its own" in look({}, cgroup="0::/docker/1")["problems"][0]
    kolla = look({"etc/kolla/nova-compute/config.json": "{}"}, cgroup="0::/docker/1")
    assert "/etc/kolla/config/nova/<name of this host>/nova.conf on the deployment host" in kolla["problems"][0]
    assert kolla["libvirt"] is None


LIBRARY = "usr/lib64/libvirt.so.0.{}"
IN_CONTAINER = {"cgroup": "0::/docker/1"}


def test_versions_and_names_of_a_container_are_its_own(look):
    files = {
        LIBRARY.format("8000.0"): "",
        f"proc/7/root/{LIBRARY.format('10000.0')}": "",
        "proc/7/root/etc/nova/nova.conf": "[pci]\nalia = {}\n[libvirt]\nlive_migration_permit_post_copy = true\n",
        "etc/nova/nova.conf": "[pci]\ndevice_specs = {}\n",
    }
    found = look(files, **IN_CONTAINER)
    assert (found["libvirt"], found["post_copy"], found["others"]) == ("10.0.0", True, [])
    assert [one.partition(" in ")[0] for one in found["unknown"]] == ["/etc/nova/nova.conf: nova has no option alia"]
    daemon = {"proc/9/comm": "libvirtd\n", f"proc/9/root/{LIBRARY.format('11003.0')}": "", "proc/8/comm": "bash\n"}
    assert look({**files, **daemon}, **IN_CONTAINER)["libvirt"] == "11.3.0"


def test_nothing_tells(tmp_path):
    (tmp_path / "sys").mkdir()
    found = observe(HostRoot(str(tmp_path)), "nova", "nova-compute", "nova-compute", FILE, TEXT)
    assert (found["source"], found["reads"], found["problems"], found["files"]) == (None, None, [], [])


@pytest.mark.parametrize(
    ("name", "version"),
    [("libvirt.so.0.11003.0", "11.3.0"), ("libvirt.so.0.7006.1", "7.6.1"), ("libvirt.so.0", None), ("libvirt-x", None)],
)
def test_libvirt_version(tmp_path, name, version):
    (tmp_path / "sys").mkdir()
    place = tmp_path / "usr/lib/x86_64-linux-gnu"
    place.mkdir(parents=True)
    (place / name).touch()
    assert libvirt_version(Files(HostRoot(str(tmp_path)), "")) == version


def test_what_kolla_has_not_deployed(look):
    container = {"etc/kolla/nova-compute/config.json": "{}"}
    found = look(container, cgroup="0::/docker/1")
    assert found["undeployed"] == ["[devices]enabled_mdev_types", "[pci]alias"]
    container["etc/kolla/nova-compute/nova.conf"] = '[pci]\nalias: {"name": "a"}\n[devices]\nenabled_mdev_types=b\n'
    found = look(container, cgroup="0::/docker/1")
    assert found["undeployed"] == ["[devices]enabled_mdev_types"]


CONFIG = (
    '{"command": "nova-compute", "config_files": [{"source": "/var/lib/kolla/config_files/nova.conf", '
    '"dest": "/etc/nova/nova.conf"}]}'
)
MERGED = (
    '[pci]\nalias = {"name": "a"}\nalias = {"name": "old"}\nalias = {"name": "b"}\nreport_in_placement = true\n'
    "[devices]\nenabled_mdev_types = b\n"
)


@pytest.mark.parametrize("is_running", [True, False])
def test_other_options_of_a_container_of_kolla(look, is_running):
    files = {
        "etc/kolla/nova-compute/config.json": CONFIG,
        "etc/kolla/nova-compute/nova.conf": MERGED,
        "etc/nova/nova.conf": "[pci]\nreport_in_placement = false\n",
        # The container has these files until its next start.
        "proc/7/root/etc/nova/nova.conf": "[pci]\nreport_in_placement = false\n",
    }
    present = '[pci]\nalias = {"name": "old"}\n'
    found = look(files, cgroup="0::/docker/1", present=present, is_running=is_running)
    assert found["source"] == ("process" if is_running else "kolla")
    assert [tuple(one.values()) for one in found["others"]] == [
        ("/etc/kolla/nova-compute/nova.conf", "pci", "alias", '{"name": "b"}', False, True),
        ("/etc/kolla/nova-compute/nova.conf", "pci", "report_in_placement", "true", False, False),
        ("/etc/kolla/nova-compute/nova.conf", "devices", "enabled_mdev_types", "b", False, True),
    ]


def test_other_options_of_another_container(look):
    (found,) = look({"proc/7/root/etc/nova/nova.conf": '[pci]\nalias = {"name": "b"}\n'}, **IN_CONTAINER)["others"]
    assert (found["file"], found["value"], found["replaced"]) == ("/etc/nova/nova.conf", '{"name": "b"}', False)


@pytest.mark.parametrize(
    ("values", "permitted"),
    [([], False), (["true"], True), (["True", "false"], False), (["false", " yes "], True), (["0"], False)],
)
def test_post_copy_is_what_the_last_file_says(look, values, permitted):
    files = {
        f"etc/nova/nova.conf.d/{place}.conf": f"[libvirt]\nlive_migration_permit_post_copy = {value}\n"
        for place, value in enumerate(values)
    }
    assert look({"etc/nova/nova.conf": "[DEFAULT]\n", **files})["post_copy"] is permitted


def test_the_environment_replaces_options_of_all_files(look):
    variables = "OS_DEVICES__ENABLED_MDEV_TYPES=e\0OS_PCI__ALIAS=a\0OS_PCI__REPORT_IN_PLACEMENT=true\0OS_A__B=c\0"
    found = look({"proc/7/environ": variables})
    assert [sentence.partition(" too,")[0] for sentence in found["problems"]] == [
        "the environment of nova-compute (OS_DEVICES__ENABLED_MDEV_TYPES) sets enabled_mdev_types of [devices]",
        "the environment of nova-compute (OS_PCI__ALIAS) sets alias of [pci]",
    ]
    assert [(one["option"], one["value"], one["later"]) for one in found["others"]] == [
        ("enabled_mdev_types", "e", True),
        ("alias", "a", True),
        ("report_in_placement", "true", True),
    ]


def test_the_newest_name_of_an_option_decides_in_a_file(look):
    text = "[devices]\nenabled_mdev_types = new\nenabled_vgpu_types = old\n"
    assert [one["value"] for one in look({"etc/nova/nova.conf": text})["others"]] == ["old", "new"]


IRONIC = "[DEFAULT]\ncompute_driver = ironic.IronicDriver\n"


def test_a_compute_service_without_devices_of_the_host(look):
    (sentence,) = look({"etc/nova/nova.conf": IRONIC})["unusable"]
    assert sentence.startswith("/etc/nova/nova.conf sets compute_driver = ironic.IronicDriver, which assigns no")
    assert (
        look({"etc/nova/nova.conf": "[DEFAULT]\ncompute_driver = nova.virt.libvirt.LibvirtDriver\n"})["unusable"] == []
    )


def test_a_compute_service_for_ironic_beside_that_for_libvirt(look):
    files = {"etc/nova/ironic.conf": IRONIC, "proc/6/cmdline": "nova-compute\0--config-file\0/etc/nova/ironic.conf"}
    found = look({**files, "etc/nova/nova.conf": "[DEFAULT]\ncompute_driver = libvirt.LibvirtDriver\n"})
    assert (found["pid"], found["reads"], found["unusable"]) == (7, True, [])


def test_a_file_that_stops_the_service(look):
    (sentence,) = look({"etc/nova/nova.conf": "[pci] # cards\nalias = {}\n"})["unusable"]
    assert sentence.startswith(
        "/etc/nova/nova.conf: nova-compute cannot parse line 1: the name of a section ends with ]"
    )


def test_a_directory_in_the_home_of_nova_replaces_the_usual_one(look):
    files = {"var/lib/nova/nova.conf.d/a.conf": "", "proc/7/environ": "HOME=/var/lib/nova\0"}
    found = look(files)
    assert (found["reads"], found["directories"][0]) == (False, "/var/lib/nova/nova.conf.d")


def test_the_same_value_in_a_later_file_changes_nothing(look):
    text = "[devices]\nenabled_vgpu_types = 'a'\n[libvirt]\nsecret = a\n"
    found = look({"etc/nova/nova.conf.d/60-mine.conf": text})
    assert found["overridden"] == []
    assert [one["value"] for one in found["later"]] == ["a", ""]


@pytest.mark.parametrize(
    ("ours", "base", "stops"),
    [
        ("[pci]\nreport_in_placement = true\ndevice_spec = {}\n", "", True),
        ("[pci]\nreport_in_placement = true\n", "", False),
        ("[pci]\nreport_in_placement = true\ndevice_spec = {}\n", "[pci]\nreport_in_placement = 1\n", False),
        ("", "[pci]\ndevice_spec = {}\n", False),
    ],
)
def test_nova_cannot_end_its_report_to_placement(look, ours, base, stops):
    found = look({"etc/nova/nova.conf": base, FILE[1:]: ours})
    assert len(found["unusable"]) == stops
    assert not stops or "does not start without report_in_placement in [pci]" in found["unusable"][0]


def test_line_ends_of_other_systems(simulated):
    """oslo.config accepts them."""
    files = {
        "etc/systemd/system/nova-compute.service": "[Service]\r\nExecStart=/usr/bin/nova-compute\r\n",
        "etc/nova/nova.conf": "[DEFAULT]\r\ncompute_driver = libvirt.LibvirtDriver\r\n[pci]\r\n"
        'device_spec = {"vendor_id": "10de"}\r\nreport_in_placement = true\r\n',
    }
    root = simulated("empty", files=files).root()
    found = observe(root, "nova", "nova-compute", "nova-compute", "/etc/nova/nova.conf.d/x.conf", "")
    assert (found["source"], found["unusable"], found["reports"], found["reads"]) == ("unit", [], True, True)


def of_unit(simulated, command, settings="", **files):
    unit = {"etc/systemd/system/nova-compute.service": f"[Service]\nExecStart={command}\n"}
    host = simulated("empty", files={**unit, "etc/nova/nova.conf": settings, **files})
    return observe(host.root(), "nova", "nova-compute", "nova-compute", FILE, "")


@pytest.mark.parametrize(
    ("argument", "path"),
    [
        ("--config-file /etc/nova/%p.conf", "/etc/nova/nova-compute.conf"),
        ("--config-file=/etc/%n/%N%%i.conf", "/etc/nova-compute.service/nova-compute%i.conf"),
    ],
)
def test_specifiers_of_systemd(simulated, argument, path):
    assert of_unit(simulated, f"/usr/bin/nova-compute {argument}")["files"] == [path]


@pytest.mark.parametrize("argument", ["--config-file", "--config-file=", "--config-dir ''"])
def test_an_empty_source_is_none(simulated, argument):
    assert of_unit(simulated, f"/usr/bin/nova-compute {argument}")["files"][0] == "/etc/nova/nova.conf"


@pytest.mark.parametrize(
    ("driver", "is_usable"),
    [("$d", False), ("${d}", False), ("$e", True), ("$my_driver", True), ("libvirt.LibvirtDriver", True)],
)
def test_a_driver_may_be_a_reference(simulated, driver, is_usable):
    text = f"[DEFAULT]\nd = ironic.IronicDriver\ne = libvirt.LibvirtDriver\ncompute_driver = {driver}\n"
    assert (of_unit(simulated, "/usr/bin/nova-compute", text)["unusable"] == []) is is_usable


@pytest.mark.parametrize(("path", "given"), [("/srv/n", "state_path = /srv/n\n"), ("/var/lib/nova", "")])
def test_the_directory_of_providers_may_be_a_reference(simulated, path, given):
    text = f"[DEFAULT]\n{given}[compute]\nprovider_config_location = $state_path/pc\n"
    file = f"{path}/pc/site.yaml"
    found = of_unit(simulated, "/usr/bin/nova-compute", text, **{file[1:]: "meta: {schema_version: '1.0'}\n"})
    assert [one["file"] for one in found["providers"]] == [file]
