# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.vfio.devices.plugins.module_utils._site.services import NOVA
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import planned_files as files

NOVA_FILE = files.configuration_of(NOVA)
ROOT = Path(__file__).resolve().parents[5]
PF = "0000:31:00.0"


def planned(cards=(), functions=(), **variables):
    """Return the paths of the planned files, with the variables for messages."""
    known = {"inventory_hostname": "h1", "vfio_plan": {"cards": [*cards], "functions": [*functions]}, **variables}
    return {one["path"]: one["variable"] for one in files.planned_files(known)}


def defaults(role):
    return yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text(encoding="utf-8"))


def test_nothing_is_written_on_a_host_without_cards():
    assert planned() == {}


def test_cards_need_rules_and_the_boot_service():
    paths = planned([{"name": PF}], [{"pf": PF}])
    assert f"/etc/udev/rules.d/90-vfio-devices-{PF}.rules" in paths
    assert "/usr/local/lib/vfio-devices-restore.pyz" in paths
    assert "/etc/systemd/system/multi-user.target.wants/vfio-devices-restore.service" in paths
    assert set(paths.values()) == {""}
    # The boot service may have to be removed.
    assert planned(boot_state="absent").keys() == paths.keys() - {f"/etc/udev/rules.d/90-vfio-devices-{PF}.rules"}


@pytest.mark.parametrize(("bootloader", "paths"), [("grub", ["/grub", "/nouveau"]), ("none", ["/nouveau"])])
def test_the_kernel_needs_files_for_what_it_lacks(bootloader, paths):
    written = {
        name: {"path": path} for name, path in (("arguments", "/grub"), ("nouveau", "/nouveau"), ("drivers", "/x"))
    }
    lacks = {"arguments": ["iommu=pt"], "nouveau": [PF], "drivers": []}
    assert list(planned(_iommu_lacks=lacks, _iommu_files=written, iommu_bootloader=bootloader)) == paths


def test_services_whose_settings_are_managed():
    nova = {"nova_config_release": "2026.2"}
    assert planned(**nova, cyborg_config_path="/etc/cyborg/own.conf") == {
        NOVA_FILE.suggestion: "nova_config_path",
        files.PROVIDER_FILE.suggestion: "nova_config_provider_path",
        "/etc/cyborg/own.conf": "cyborg_config_path",
    }
    own = {"nova_config_path": "/own", "nova_config_provider_path": "/other"}
    assert planned(**nova, **own) == {path: variable for variable, path in own.items()}
    assert planned(**nova, nova_config_host="h1") == planned(**nova)
    # The file is checked where it is written.
    assert planned(**nova, nova_config_host="kolla") == {}
    assert planned(cyborg_config_path="") == {}


def settings(*roles, **variables):
    """Return the planned files of a host without cards; ``roles`` limits them."""
    known = {"inventory_hostname": "h1", "vfio_plan": {"cards": [], "functions": []}, "nova_config_release": 34}
    return files.planned_files({**known, **variables}, roles)


def test_texts_of_the_settings_are_included_if_the_play_has_the_roles():
    nova = {"nova_config_text": "a", "nova_config_provider_text": ""}
    known = {**nova, "cyborg_config_path": "/c", "cyborg_config_text": "b"}
    assert [(one["path"], one["content"]) for one in settings(**known)] == [
        (NOVA_FILE.suggestion, "a"),
        (files.PROVIDER_FILE.suggestion, ""),
        ("/c", "b"),
    ]
    elsewhere = {**known, "nova_config_host": "kolla"}
    assert [one["path"] for one in settings(**elsewhere)] == ["/c"]
    # A role writes its files also on another host, but does not remove a file that this host may have for itself.
    assert [one["content"] for one in settings("nova_config", **elsewhere)] == ["a"]
    with_providers = {**elsewhere, "nova_config_provider_config": True, "nova_config_provider_text": "p"}
    assert [one["content"] for one in settings("nova_config", **with_providers)] == ["a", "p"]
    assert [one["content"] for one in settings("cyborg_config", **elsewhere)] == ["b"]
    assert settings("cyborg_config", cyborg_config_text="b") == []


@pytest.mark.parametrize(("mode", "text"), [(0o640, "0640"), ("0640", "0640"), ("", "")])
def test_owner_group_and_mode_of_the_settings(mode, text):
    variables = {"nova_config_owner": "nova", "nova_config_group": "wheel", "nova_config_mode": mode}
    found, _of_providers = settings(**variables)
    assert (found["owner"], found["group"], found["mode"]) == ("nova", "wheel", text)
    assert found["suggestion"] == NOVA_FILE.suggestion


@pytest.mark.parametrize(("flag", "ignored"), [(False, True), ("no", True), (True, False), ("yes", False)])
def test_a_provider_file_of_others_is_ignored_if_none_is_written(flag, ignored):
    nova, of_providers = settings(nova_config_provider_config=flag)
    assert (nova["ignore_others"], of_providers["ignore_others"]) == (False, ignored)
    assert settings()[1]["ignore_others"]


def test_defaults_are_those_of_the_roles():
    nova = defaults("nova_config")
    for file in (NOVA_FILE, files.PROVIDER_FILE):
        assert nova[file.variable] == file.suggestion
    assert nova["nova_config_provider_config"] is False
    assert all(nova[f"nova_config_{name}"] == "" for name in ("host", "owner", "group", "mode"))
    assert all(defaults("cyborg_config")[f"cyborg_config_{name}"] == "" for name in ("path", "owner", "group", "mode"))
    assert defaults("iommu")["iommu_bootloader"] in files.WITH_FILE
    assert defaults("boot")["boot_state"] == "present"
