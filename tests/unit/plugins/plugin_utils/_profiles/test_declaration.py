# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import types

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.wording import one_of
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import declaration, schema

# A new cloud adds its owner.
OWNERS = one_of(schema.PROFILE["owner"]["choices"])
OTHER = types.SimpleNamespace(OWNER="other", PROFILE_PART={"type": "dict", "options": {"port": {"type": "str"}}})
VGPU = {"name": "a", "select": "`true`", "vgpu": {"type": "GRID T4-2B"}}


def parsed(**changes):
    profiles, problems = declaration.parse([{**VGPU, **changes}])
    assert not problems
    return profiles[0]


def test_every_key_has_a_value():
    profile = parsed()
    assert set(schema.PROFILE) <= set(profile)
    assert (profile["owner"], profile["required"], profile["mode"]) == ("nova", False, None)
    assert profile["placement"] == {"resource_class": None, "traits": []}


@pytest.mark.parametrize(
    ("owner", "given", "count"),
    [
        ("nova", {}, "max"),
        ("nova", {"count": 3}, 3),
        ("nova", {"count": "3"}, 3),
        ("nova", {"count": 0}, None),
        ("none", {}, "max"),
        ("cyborg", {}, None),
        ("cyborg", {"count": 0}, None),
    ],
)
def test_the_count_says_who_makes_the_devices(owner, given, count):
    vgpu = parsed(owner=owner, vgpu={"type": "GRID T4-2B", **given})["vgpu"]
    assert (vgpu["count"], vgpu["types"]) == (count, ["GRID T4-2B"])


def test_the_function_holds_what_was_given():
    given = {"mode": "vf", "num_vfs": 8, "drivers_autoprobe": False}
    assert parsed(**given)["function"] == {"mode": "vf", "num_vfs": "8", "drivers_autoprobe": False}
    assert parsed()["function"] is None


def test_a_list_of_names_and_an_expression():
    assert (parsed(select=["mtty"])["names"], parsed(select=["mtty"])["expression"]) == (["mtty"], None)
    assert parsed(select="class == '0302'")["expression"]({"class": "0302"})


@pytest.mark.parametrize("profiles", [{}, "text", [1], [None]])
def test_what_is_no_list_of_dictionaries(profiles):
    parsed, (problem,) = declaration.parse(profiles)
    assert parsed == []
    assert re.match(r"vfio_profiles(\[0\] must be a dictionary, as in| must be a list such as) \[{name: desk", problem)


@pytest.mark.parametrize(("text", "remedy"), [('[{"name": "a"}]', True), ("a text", False)])
def test_text_of_the_command_line(text, remedy):
    (problem,) = declaration.parse(text)[1]
    assert problem.endswith("""Write -e '{"vfio_profiles": [...]}', or -e @FILE""") is remedy


def test_what_is_wrong_hides_nothing_else():
    """It also causes no message that is only true without the wrong part."""
    profile = {"name": 1, "select": "a = 1", "owner": "x", "num_vfs": 4, "count": 3, "vgpu": "GRID T4-2B"}
    parsed, problems = declaration.parse([profile, {"name": "b", "select": ["mtty"], "mode": "vfs", "num_vfs": 1}])
    assert [(one["name"], one["complete"]) for one in parsed] == [("b", False)]
    assert [problem.partition(": ")[2][:45] for problem in problems] == [
        "name must be text of 1 to 255 printable chara",
        f"owner must be {OWNERS}, and not 'x'"[:45],
        "the key count belongs to vgpu. Indent count b",
        "vgpu must be a dictionary or a list of dictio",
        "select cannot be used. Unexpected = at character 3"[:45],
        "num_vfs requires mode. Set mode: vf",
        "mode must be pf or vf, and not 'vfs'",
    ]


def sentences(**profile):
    return [problem.removeprefix("profile a: ") for problem in declaration.parse([{**VGPU, **profile}])[1]]


def test_options_without_their_mode_are_one_sentence():
    given = {"num_vfs": 4, "vf_driver": "vfio-pci", "eswitch": "legacy"}
    assert sentences(vgpu=None, **given)[1:] == ["num_vfs, vf_driver and eswitch require mode. Set mode: vf"]
    without = {"name": "a", "select": ["0000:31:00.0"]}
    assert [text.partition(": ")[2] for text in declaration.parse([{**without, **given}])[1]] == [
        "num_vfs, vf_driver and eswitch require mode. Set mode: vf"
    ]
    assert sentences(driver="vfio-pci") == ["driver requires mode. Set mode: pf"]
    assert sentences(reconfigurable=False) == ["reconfigurable requires mode. Set mode: pf or mode: vf"]


def test_all_errors_of_virtual_functions_are_found_together():
    virtual = [
        {"index": 0, "vlan": 5000},
        {"vlan": 1},
        {"index": "0-3", "trust": "yes please"},
        {"index": 9, "mac": "zz"},
        {"index": "3-1"},
        {"index": 123456789},
    ]
    for mode in ({"mode": "vf"}, {}):
        found = sentences(vgpu=None, owner="none", num_vfs=8, vfs=virtual, **mode)
        expected = (
            "vfs[1] has no index",
            "vfs[2].trust must be true or false",
            "vfs[0]: vlan must be a whole number from 0 to 4094, and not 5000",
            "vfs[2]: VF 0 is in two entries",
            "vfs[3]: there is no VF 9, because num_vfs 8",
            "vfs[3]: mac 'zz' is not a unicast address",
            "vfs[4]: index must be a number such as 3, or a range such as 2-5, and not '3-1'",
            "vfs[5]: index must be a number such as 3, or a range such as 2-5, and not '123456789'",
        )
        assert [text for text in expected if not any(one.startswith(text) for one in found)] == [], found
        assert len(found) == len(expected) + 1 + (not mode)


def test_an_empty_selection_is_one_error():
    assert [text.partition(". ")[0] for text in sentences(select="")] == ["select is missing"]
    assert [text.partition(". ")[0] for text in sentences(select=[])] == ["select is an empty list"]
    (found,) = sentences(select=["0000:98:00.9"])
    assert found.startswith("select '0000:98:00.9' is not a PCI address such as 0000:3b:00.0, because")


def test_two_functions_with_the_same_mac():
    mac = "52:54:00:00:00:01"
    virtual = [{"index": 5, "mac": mac}, {"index": 6, "mac": mac}]
    assert sentences(vgpu=None, owner="none", mode="vf", num_vfs=8, vfs=virtual)[1:] == [
        f"VF 6 has the same mac {mac} as VF 5. Write another mac"
    ]


def test_numbers_of_functions_that_do_not_exist():
    virtual = [{"index": 0, "vlan": 5}]
    (found,) = [text for text in sentences(vgpu=None, mode="vf", num_vfs=0, vfs=virtual) if "VF 0" in text]
    assert found == "vfs[0]: there is no VF 0, because num_vfs is 0"
    assert not any("VF 0" in text for text in sentences(vgpu=None, mode="pf", num_vfs=0, vfs=virtual))


def test_an_invalid_group_does_not_hide_the_overlap_of_others():
    groups = [{"vfs": "0-3"}, {"alias": "x"}, {"vfs": "2"}]
    nova = {"groups": groups}
    found = sentences(vgpu=None, mode="vf", num_vfs=8, nova=nova)
    assert "nova.groups[1] has no vfs" in found
    assert any("nova.groups[2].vfs and nova.groups[0].vfs have the virtual function 2" in text for text in found)
    assert nova["groups"] == [{"vfs": "0-3"}, {"alias": "x"}, {"vfs": "2"}]


def test_an_indentation_mistake_has_its_remedy():
    assert declaration.parse([{**VGPU, "vgpu": None, "type": "A"}])[1] == [
        "profile a: vgpu is empty. Write a dictionary or a list of dictionaries such as {type: GRID T4-2B}, "
        "or remove vgpu",
        "profile a: the key type belongs to vgpu. Indent type below vgpu, or write vgpu: {type: ...}",
    ]
    assert declaration.parse(VGPU)[1][0].endswith(
        "Begin each profile with a dash, as in `- name: desktops`, and indent its other keys by two more blanks"
    )


def test_a_variable_without_a_value_has_its_remedy():
    assert declaration.parse(None)[1] == [
        f"vfio_profiles is empty. Write a list such as {schema.SAMPLE}, or [] for a host without profiles"
    ]


def test_a_mistyped_owner_is_nothing_against_what_a_profile_has_for_a_cloud(monkeypatch):
    monkeypatch.setitem(schema.PROFILE, "other", OTHER.PROFILE_PART)
    monkeypatch.setattr(declaration, "CLOUDS", (*declaration.CLOUDS, OTHER))
    profile = {**VGPU, "other": {"port": "a"}}
    assert declaration.parse([{**profile, "owner": "othr"}])[1] == [
        f"profile a: owner must be {OWNERS}, and not 'othr'"
    ]
    assert declaration.parse([profile])[1] == [
        "profile a: other requires owner other, and the owner is nova. Remove other"
    ]
