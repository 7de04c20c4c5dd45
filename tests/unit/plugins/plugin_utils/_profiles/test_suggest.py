# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import declaration
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import resolve
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.suggest import suggest_profiles
from ansible_collections.vfio.devices.tests import simhost

PROFILES = sorted(path.stem for path in (Path(simhost.__file__).parent / "profiles").glob("*.yml"))
PARTS = ("physical_functions", "parents", "devices", "iommu", "mdevctl", "users", "models")


@pytest.mark.parametrize("profile", PROFILES)
def test_the_declaration_of_each_host_is_valid_and_can_be_used_there(simulated, profile):
    facts = simulated(profile).facts(*PARTS)
    text = suggest_profiles({"host": facts})
    profiles = yaml.safe_load(text)["vfio_profiles"]
    assert declaration.parse(profiles)[1] == []
    plan = resolve(profiles, facts)
    assert bool(plan["cards"]) == bool(profiles)
    assert max(map(len, text.splitlines())) <= 120


def test_a_fleet_has_a_profile_for_each_kind_of_card(simulated):
    facts = {host: simulated(host).facts(*PARTS) for host in ("t4", "a40", "l40s", "nics", "mixed", "mtty")}
    text = suggest_profiles(facts)
    profiles = yaml.safe_load(text)["vfio_profiles"]
    assert declaration.parse(profiles)[1] == []
    found = {
        profile["select"] if isinstance(profile["select"], str) else profile["select"][0]: profile
        for profile in profiles
    }
    t4 = found["vendor_id == '10de' && product_id == '1eb8'"]
    # Most of the existing devices have this type.
    assert t4 == {"name": t4["name"], "select": t4["select"], "owner": "none", "vgpu": {"type": "GRID T4-2Q"}}
    a40 = found["vendor_id == '10de' && product_id == '2235'"]
    assert (a40["mode"], a40["num_vfs"]) == ("vf", "max")
    assert not any("8086" in profile["select"] for profile in profiles)
    assert found["mtty"]["vgpu"]["type"]
    assert "# 4 x 10de:1eb8 on t4, mixed, in use by desktop-1" in text
    assert "# 1 x 144d:a80a on mixed" in text
    assert len({profile["name"] for profile in profiles}) == len(profiles)
    for facts_of_host in facts.values():
        resolve(profiles, facts_of_host)


def test_models_name_profiles_and_comments(simulated):
    facts = simulated("t4").facts(*PARTS)
    for function in facts["physical_functions"]:
        if function["product_id"] == "1eb8":
            function["model"] = "TU104GL [Tesla T4]"
    text = suggest_profiles({"gpu1": facts})
    assert "  # 2 x TU104GL [Tesla T4] (10de:1eb8) on gpu1\n  # Other types: GRID T4-1A," in text
    assert "  - name: tesla-t4\n    select: vendor_id == '10de' && product_id == '1eb8'\n    owner: none\n" in text


def test_two_models_of_one_name_are_two_profiles(simulated):
    facts = simulated("nics").facts(*PARTS)
    for function in facts["physical_functions"]:
        function["model"] = "A card"
    text = suggest_profiles({"a": facts})
    assert re.findall("- name: (.*)", text) == ["a-card", "a-card-2", "a-card-3", "a-card-4"]


def test_ports_that_may_carry_the_host_network_are_comments(simulated):
    facts = simulated("nics").facts(*PARTS)
    facts["physical_functions"] = facts["physical_functions"][-1:]
    text = suggest_profiles({"a": facts})
    assert yaml.safe_load(text)["vfio_profiles"] == []
    assert text.startswith("# Suggested declaration. All profiles are comments")
    # A reader who follows these comments gets a valid declaration.
    lines = [re.sub("^  # (?=- name|  )", "  ", line) for line in text.replace(" []", "").splitlines()]
    (profile,) = yaml.safe_load("\n".join(lines))["vfio_profiles"]
    assert (profile["mode"], profile["num_vfs"], profile["vf_driver"]) == ("vf", 8, "vfio-pci")
    facts["physical_functions"][0]["num_vfs"] = 4
    (profile,) = yaml.safe_load(suggest_profiles({"a": facts}))["vfio_profiles"]
    assert profile["num_vfs"] == 4


def test_nothing_to_share_is_an_empty_declaration(simulated):
    assert yaml.safe_load(suggest_profiles({"a": simulated("empty").facts(*PARTS)})) == {"vfio_profiles": []}
    assert yaml.safe_load(suggest_profiles({})) == {"vfio_profiles": []}


@pytest.mark.parametrize("facts", [None, {"a": {}}, {"a": {"parents": []}}, []])
def test_other_input_is_refused(facts):
    with pytest.raises(AnsibleFilterError, match="suggest_profiles"):
        suggest_profiles(facts)


def test_cards_with_several_types_keep_them(simulated):
    host = simulated("l40s")
    for card in ("0000:84:00.0", "0000:c4:00.0"):
        mix = [{"type": f"NVIDIA L40S-{kind}", "count": "2", "parent": card} for kind in ("12Q", "3Q")]
        host.converge(*mix, exact=True)
    (profile,) = yaml.safe_load(suggest_profiles({"host": host.facts(*PARTS)}))["vfio_profiles"]
    assert profile["vgpu"] == [{"type": "NVIDIA L40S-3Q", "count": 2}, {"type": "NVIDIA L40S-12Q", "count": 2}]
    plan = resolve([profile], host.facts(*PARTS))
    assert not host.converge(*plan["instances"], exact=True)["changed"]


def test_functions_that_go_along_with_a_gpu(simulated):
    gpu = {"address": "0000:01:00.0", "vendor": "10de", "device": "1e04", "class_code": "030000", "driver": "nouveau"}
    audio = {"address": "0000:01:00.1", "class_code": "040300", "driver": None, "group_with": "0000:01:00.0"}
    bmc = {"address": "0000:03:00.0", "vendor": "1a03", "device": "2000"}
    facts = simulated({"functions": [gpu, {**gpu, **audio}, {**gpu, **bmc}]}).facts(*PARTS)
    text = suggest_profiles({"host": facts})
    (profile,) = yaml.safe_load(text)["vfio_profiles"]
    assert (profile["select"], profile["mode"]) == (["0000:01:00.0", "0000:01:00.1"], "pf")
    assert [one["pf"] for one in resolve([profile], facts)["functions"]] == profile["select"]
    assert "  # Graphics of a BMC: its remote console stays dark after the card is passed through.\n  # - name:" in text


def test_addresses_of_a_gpu_that_are_another_card_on_another_host(simulated):
    gpu = {"vendor": "10de", "device": "1e04", "class_code": "030000", "driver": "nouveau"}
    audio = {**gpu, "class_code": "040300", "driver": None}
    port = {"address": "0000:01:00.0", "vendor": "8086", "device": "1533", "class_code": "020000", "driver": "igb"}
    one = [{**gpu, "address": "0000:01:00.0"}, {**audio, "address": "0000:01:00.1", "group_with": "0000:01:00.0"}]
    other = [{**gpu, "address": "0000:02:00.0"}, {**audio, "address": "0000:02:00.1", "group_with": "0000:02:00.0"}]
    hosts = {"a": one, "b": [*other, port]}
    facts = {host: simulated({"functions": functions}).facts(*PARTS) for host, functions in hosts.items()}
    text = suggest_profiles(facts)
    assert yaml.safe_load(text)["vfio_profiles"] == []
    assert (
        "  # 0000:01:00.0 is another card on b. Write the addresses of each host into its host_vars.\n  # - name"
        in text
    )
    del hosts["b"][-1]
    facts["b"] = simulated({"functions": hosts["b"]}).facts(*PARTS)
    (profile,) = yaml.safe_load(suggest_profiles(facts))["vfio_profiles"]
    assert profile["select"] == ["0000:01:00.0", "0000:01:00.1", "0000:02:00.0", "0000:02:00.1"]
