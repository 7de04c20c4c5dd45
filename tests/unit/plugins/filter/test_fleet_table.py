# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.fleet_table import FilterModule

fleet_table = FilterModule().filters()["fleet_table"]


T4 = {"vendor_id": "10de", "product_id": "1eb8", "class": "0302"}


def offer(name, available, stated=None):
    attributes = {} if stated is None else {"max_instance": stated}
    description = None if stated is None else f"max_instance={stated}"
    return {
        "id": name,
        "name": name,
        "description": description,
        "attributes": attributes,
        "available_instances": available,
        "max_instances": stated,
    }


def parent(name, card, *types):
    return {"name": name, "physical_function": card, "framework": "mdev", "numa_node": None, "types": list(types)}


def device(name, parent_name, type_name, users=None, state="active"):
    return {
        "uuid": name,
        "address": None,
        "parent": parent_name,
        "type": type_name,
        "type_name": type_name,
        "state": state,
        "users": users,
    }


def user(domain=None, command="qemu-system-x86"):
    return {"pid": 1, "command": command, "domain": domain, "running": True}


def card(address, virtual_functions=(), framework="mdev"):
    return {
        "address": address,
        "driver": "nvidia",
        "numa_node": 0,
        "framework": framework,
        "mode": "host",
        "num_vfs": len(virtual_functions),
        "total_vfs": 16,
        "users": None,
        "virtual_functions": [{"address": address, "users": users} for address, users in virtual_functions],
    }


def table(**facts):
    return fleet_table({"host": {"physical_functions": [], "parents": [], "devices": [], **facts}})


def test_host_with_nothing():
    assert table()[1:] == ["host  nothing to share"]


def test_card_with_types_of_a_common_beginning_has_their_full_names():
    lines = table(
        physical_functions=[{**card("0000:3b:00.0"), "model": "Tesla T4", **T4}],
        parents=[parent("0000:3b:00.0", "0000:3b:00.0", offer("GRID T4-1Q", 13, 16), offer("GRID T4-2Q", 7, 8))],
        devices=[device("a", "0000:3b:00.0", "GRID T4-1Q", [user("web1")]), device("b", "0000:3b:00.0", "GRID T4-1Q")],
    )
    assert lines == [
        "HOST  CARD          MODEL     ID         CLASS  DRIVER  NUMA  FRAMEWORK  MODE  VFS   DEVICES  IN USE   "
        "FREE/MAX PER TYPE",
        "host  0000:3b:00.0  Tesla T4  10de:1eb8  3D     nvidia  0     mdev       host  0/16  2        1: web1  "
        "GRID T4-1Q 13/16, GRID T4-2Q 6/8",
    ]


def test_types_that_cannot_be_made_now_are_only_counted():
    offers = [offer("GRID T4-1Q", 0, 16), offer("GRID T4-2Q", 7, 8), offer("GRID T4-4Q", 0, 4)]
    lines = table(
        physical_functions=[card("0000:3b:00.0")],
        parents=[parent("0000:3b:00.0", "0000:3b:00.0", *offers)],
        devices=[device("a", "0000:3b:00.0", "GRID T4-2Q")],
    )
    assert lines[1].endswith("GRID T4-2Q 7/8, no room for 2 other types")


def test_a_full_card_that_offers_nothing_shows_what_it_has():
    lines = table(
        physical_functions=[card("0000:41:00.0", [("0000:41:00.4", None)], "vendor_vfio")],
        parents=[parent("0000:41:00.4", "0000:41:00.0")],
        devices=[device("a", "0000:41:00.4", "NVIDIA L40S-48Q")],
    )
    assert lines[1].endswith("NVIDIA L40S-48Q 0/1")


def test_virtual_functions_do_not_count_more_than_their_gpu_can_do():
    functions = [f"0000:41:00.{index}" for index in range(4, 8)]
    lines = table(
        physical_functions=[card("0000:41:00.0", [(address, None) for address in functions])],
        parents=[parent(address, "0000:41:00.0", offer("NVIDIA A40-24Q", 1, 2)) for address in functions],
        devices=[
            device("a", functions[0], "NVIDIA A40-24Q"),
            device("b", functions[1], "NVIDIA A40-24Q", state="defined"),
        ],
    )
    assert lines[1].endswith("4/16  2                NVIDIA A40-24Q 1/2")


def test_a_greatest_number_that_nobody_tells():
    functions = ["0000:41:00.4", "0000:41:00.5"]
    lines = table(
        physical_functions=[card("0000:41:00.0", [(address, None) for address in functions], "vendor_vfio")],
        parents=[parent(address, "0000:41:00.0", offer("NVIDIA L40S-1Q", 1)) for address in functions],
    )
    assert lines[1].endswith("NVIDIA L40S-1Q 2/?")


def test_parent_that_is_no_pci_function():
    lines = table(
        parents=[parent("mtty", None, offer("mtty-1", 22), offer("mtty-2", 11))],
        devices=[device("a", "mtty", "mtty-2")],
    )
    assert lines[1].split(maxsplit=4) == ["host", "mtty", "mdev", "1", "mtty-1 22/22, mtty-2 11/12"]


def test_virtual_functions_in_use_name_the_guest_or_the_process():
    lines = table(
        physical_functions=[
            card("0000:41:00.0", [("0000:41:10.0", [user(command="dpdk")]), ("0000:41:10.2", [user("b")])])
        ],
    )
    assert lines[1].endswith("2: b, dpdk")


def test_long_cells_go_on_below():
    offers = [offer(f"GRID T4-{number}Q", number, number) for number in range(1, 17)]
    lines = table(physical_functions=[card("0000:3b:00.0")], parents=[parent("0000:3b:00.0", "0000:3b:00.0", *offers)])
    assert len(lines) > 2
    assert all(len(line) < 160 for line in lines)
    assert all(line.startswith(" " * 20) for line in lines[2:])


@pytest.mark.parametrize("facts", ["", [], {"host": None}, {"host": {}}, {"host": {"physical_functions": [{}]}}])
def test_what_is_no_facts_is_one_clear_error(facts):
    with pytest.raises(AnsibleFilterError, match="fleet_table"):
        fleet_table(facts)
