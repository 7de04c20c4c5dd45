# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path

import pytest
import yaml
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import value_checks, variable_checks
from ansible_collections.vfio.devices.tests.unit.plugins.mutations import BAD

ROOT = Path(__file__).resolve().parents[5]
# The filter resolve checks it with the facts of the host.
DECLARATION = "vfio_profiles"


def specs():
    """Map the name of each option to the option, from all argument specs."""
    files = [*ROOT.glob("roles/*/meta/argument_specs.yml"), ROOT / "playbooks/vars/argument_specs.yml"]
    found = {}
    for file in files:
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["argument_specs"].values():
            found.update(entry.get("options", {}))
    return found


SPECS = specs()


def test_every_variable_is_described_and_checked():
    assert set(variable_checks.CHECKS) == set(SPECS) - {DECLARATION}


def test_every_playbook_is_described():
    described = yaml.safe_load((ROOT / "playbooks/vars/argument_specs.yml").read_text(encoding="utf-8"))
    assert {*described["argument_specs"], "report"} == {path.stem for path in ROOT.glob("playbooks/*.yml")}


def test_variables_without_a_default_may_be_null():
    without = {name for name, spec in SPECS.items() if "default" not in spec and not spec.get("required")}
    assert without >= variable_checks.OPTIONAL


@pytest.mark.parametrize("name", sorted(SPECS))
def test_the_default_is_right(name):
    if "default" in SPECS[name]:
        assert variable_checks.refusals({name: SPECS[name]["default"]}) == []


@pytest.mark.parametrize("name", sorted(name for name in SPECS if SPECS[name].get("choices")))
def test_choices_are_those_of_the_spec(name):
    is_list = SPECS[name]["type"] == "list"
    for choice in SPECS[name]["choices"]:
        assert variable_checks.refusals({name: [choice] if is_list else choice}) == []
    (refusal,) = variable_checks.refusals({name: ["other"] if is_list else "other"})
    assert refusal.startswith(name)
    assert " must be " in refusal


GOOD = {
    "drain_cards": ["", "0000:3b:00.0 0000:af:00.0", [], ["0000:3b:00.0"]],
    "vfio_serial": [1, "1", "10%", "100%", [1, "50%"]],
    "vfio_wait": [0, "0", 604800],
    "vfio_progress_interval": [0, "0", 0.5, "10"],
    "sriov_timeout": [0.1, "60", 86400],
    "placement_publish": [True, "yes", "no", 0, "1"],
    "placement_drain": [True, False, "0000:3b:00.0", ["0000:3b:00.0"]],
    "placement_cloud": ["mycloud", {"auth": {}}, None],
    "placement_auth": [{}, {"auth_url": "https://controller:5000/v3", "password": "p"}, None],
    "placement_cards": [[], ["0000:3b:00.0"], None],
    "placement_shape": ["own", None],
    "nova_config_release": [34, "34", 2026.2, "hibiscus"],
    "boot_python": ["", "/usr/bin/python3"],
    "nova_config_mode": ["0644", "640", 0o644, ""],
    "nova_config_path": ["/etc/nova/nova.conf.d/50-vfio-devices.conf", "/a b"],
    "cyborg_config_path": ["", "/etc/cyborg/cyborg.conf.d/x.conf"],
    "nova_config_service": ["nova-compute", "openstack-nova-compute.service", "nova@1"],
    "nova_config_host": ["", "deployment"],
    "nova_config_libvirt": ["", "11", "11.3.0"],
    "cyborg_config_nova_release": ["", "34"],
    "iommu_kernel_arguments": [[], ["iommu=pt", "vfio-pci.ids=10de:1eb8,8086:1572", "hugepages=16"]],
    "mdev_packages": [
        [],
        ["mdevctl"],
        ["mdevctl=1.2-1"],
        ["@virtualization"],
        ["/srv/mdevctl.rpm"],
        ["mdevctl >= 1.2"],
        ["@Virtualization Host"],
    ],
    "vfio_host_root": ["/", "/mnt/host root"],
    "vfio_accept_unseen": [[], ["libvirt", "processes"]],
}


@pytest.mark.parametrize(
    ("name", "value"), [pytest.param(name, value, id=f"{name}-{value}") for name in GOOD for value in GOOD[name]]
)
def test_right(name, value):
    assert variable_checks.refusals({name: value}) == []


WRONG = {
    "drain_cards": [5, True, None, {}, [5], ["a\n"]],
    "vfio_serial": [0, -1, "0%", "101%", "x", 1.5, [0], {}, True],
    "vfio_wait": ["1h", -1, 1.5, 604801, True, None],
    "vfio_progress_interval": ["soon", -1, True],
    "boot_python": ["python3", "/usr/bin/python3\n", "/usr/bin/$x", 3, None, []],
    "sriov_timeout": [0, 1e30, "inf", None, True],
    "placement_publish": ["maybe", 2, [], "", None],
    "placement_drain": [5, [5], {}, None],
    "placement_cloud": [5, "", [], {"auth": {"auth_url": "ftp://h"}}],
    "placement_root": ["", " a", "a\n", "a" * 201, 5, None],
    "nova_config_release": [99, "3\uff14", "", None, True, "x"],
    "nova_config_mode": ["0999", "rw", 1.5, True, 10000, "0644\n", None],
    "nova_config_path": [
        "",
        "/",
        "nova.conf",
        "~/a",
        "/a/../b",
        "/a/",
        "/a//b",
        "/a\n",
        "/a\0",
        "/proc/a",
        5,
        None,
        [],
    ],
    "cyborg_config_path": ["a", "/a/..", None, 5],
    "nova_config_service": ["", "a b", "a;b", "a\n", "../x", "..", "nova@", "nova.socket", "x" * 248, 5, None],
    "cyborg_config_service": ["../x", "cyborg.timer"],
    "nova_config_host": [5, "a\n", None],
    "nova_config_libvirt": ["new", 11.3, "11.", None],
    "iommu_kernel_arguments": ["quiet", [""], ["a b"], ['a"'], ["$a"], ["a\\"], ["a\n"], [None], [1], ["`a`"], None]
    + [["iommu=off"], ["intel_iommu=off"], ["amd_iommu=off"], ["intel_iommu=sm_on,off"]],
    "iommu_command_prefix": ["chroot", [""], [None], [5], None],
    "mdev_packages": ["mdevctl", [""], [None], None, ["-y"], ["--force"], [" -y"], ["a\n"]],
    "vfio_host_root": ["host", "", "/a\n", "/a\0", None],
    "vfio_accept_unseen": ["libvirt", ["anything"], None],
    "placement_auth": ["text", [], 5, {"endpoint": "file:///x"}, {"auth_url": "controller:5000"}, {"auth_url": 5}],
    "report_auth": [{"auth_url": "http://u:p@h"}],
    "report_path": ["", "/tmp/", "page.csv", "/tmp/page.JSON", 5],
    "report_title": ["", "a\x1b[31m", "a" * 5000, None],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [pytest.param(name, value, id=f"{name}-{value!r:.20}") for name in WRONG for value in WRONG[name]],
)
def test_wrong(name, value):
    (refusal,) = variable_checks.refusals({name: value})
    assert refusal.startswith(name)


@pytest.mark.parametrize("name", sorted(name for name in variable_checks.CHECKS if "auth" in name))
@pytest.mark.parametrize("value", ["hidden", "hidden\n", ["hidden"], {"password": "hidden"}, 5550123])
def test_what_may_be_secret_is_not_shown(name, value):
    for refusal in variable_checks.refusals({name: value}):
        assert refusal.startswith(f"{name} must be ")
        assert "hidden" not in refusal
        assert "5550123" not in refusal


@pytest.mark.parametrize("name", ["a_token", "the_Password[0]", "cloud.auth.secret[1]", "client_key", "credential"])
def test_what_is_named_like_a_secret_is_not_shown_at_any_depth(name, monkeypatch):
    monkeypatch.setitem(variable_checks.CHECKS, name, partial(value_checks.list_of, check=value_checks.text))
    for value in ("hidden", ["hidden\n"], [5550123]):
        (refusal,) = variable_checks.refusals({name: value})
        assert refusal.startswith(name)
        assert "hidden" not in refusal
        assert "5550123" not in refusal


@pytest.mark.parametrize("name", sorted(variable_checks.CHECKS))
def test_no_value_is_a_bug(name):
    for value in itertools.chain(BAD.values(), ([value] for value in BAD.values())):
        for refusal in variable_checks.refusals({name: value}):
            assert refusal.startswith(name)
            assert refusal.isprintable()


def test_a_number_that_has_no_text_is_refused_by_the_name_of_its_variable():
    (sentence,) = variable_checks.refusals({"placement_publish": 10**5000})
    assert sentence == "placement_publish must be true or false, and not a number of more than 40 digits"


def test_of_thousands_of_items_the_first_are_shown():
    found = variable_checks.refusals({"mdev_packages": [None] * 5000})
    assert found[0] == "mdev_packages[0] must be the name of a package such as mdevctl, and not null"
    assert found[10:] == ["mdev_packages has 4990 more such items"]
