# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.registry import NO_PARENTS
from ansible_collections.vfio.devices.plugins.module_utils._instances import plan as instances_plan
from ansible_collections.vfio.devices.plugins.module_utils._instances.removal import OTHERWISE
from ansible_collections.vfio.devices.plugins.module_utils._instances.state import State
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Device, Offer, Parent, VgpuType
from ansible_collections.vfio.devices.plugins.module_utils._model.steps import MakeDevice, RemoveDevice
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import EVERY_EFFECT, Holder, Use
from ansible_collections.vfio.devices.plugins.module_utils._model.wanted import DeviceWanted

UUIDS = [f"00000000-0000-0000-0000-00000000000{number}" for number in range(8)]
USER = Holder(4242, "qemu", "web1", True)


def offered(type_id, available):
    return Offer(VgpuType(type_id, f"name of {type_id}"), available)


def parent(name, *offers, numa_node=None):
    return Parent(name, "mdev", numa_node=numa_node, offers=offers)


def device(uuid, parent_name, type_id, state="active", users=(), autostart=None, address=None):
    name = type_id and f"name of {type_id}"
    uses = tuple(Use(uuid or address, "vfio", EVERY_EFFECT, "shut it down", one) for one in users)
    return Device(parent_name, "mdev", uuid, address, type_id, name, state=state, uses=uses, autostart=autostart)


def state(*devices, parents=None, machine_id="0123456789abcdef0123456789abcdef", **fields):
    if parents is None:
        parents = [parent("a", offered("x", 4), offered("y", 4)), parent("b", offered("x", 2), numa_node=1)]
    return State(parents, list(devices), {}, {}, machine_id=machine_id, **fields)


def entry(place=0, types=("x",), count=1, **fields):
    return DeviceWanted(place, f"instances[{place}]", tuple(types), amount=count, **fields)


def run(host, *wanted, **options):
    plan = instances_plan.plan_instances(host, list(wanted), persist=False, **options)
    names = {MakeDevice: "create", RemoveDevice: "remove"}
    return [(names[type(step)], step.device.parent, step.device.type_id) for step in plan.steps], plan


def refusal(host, *wanted, **options):
    with pytest.raises(Refused) as refused:
        instances_plan.plan_instances(host, list(wanted), **options)
    return refused.value.problems


@pytest.mark.parametrize(
    ("devices", "fields", "options", "steps"),
    [
        ([], {"parent": "a"}, {}, [("create", "a", "x")]),
        ([], {"parent": "a", "types": ["name of y"]}, {}, [("create", "a", "y")]),
        ([], {"count": 2}, {}, [("create", "a", "x")] * 2),
        ([], {"count": 3, "numa_node": 1, "types": ["x"]}, {}, None),
        ([], {"count": 5}, {"spread": False}, [("create", "a", "x")] * 3 + [("create", "b", "x")] * 2),
        ([("a", "x")], {"parent": "a"}, {}, []),
        ([("a", "y")], {"parent": "a"}, {}, [("create", "a", "x")]),
        ([("a", "y")], {"parent": "a"}, {"exact": True}, [("remove", "a", "y"), ("create", "a", "x")]),
        ([("a", "y")], {"parent": "a", "types": ["x", "y"]}, {"exact": True}, []),
        ([("a", "x"), ("a", "x")], {"parent": "a"}, {"exact": True}, [("remove", "a", "x")]),
        ([("a", "x"), ("b", "x")], {"parent": "a"}, {"exact": True}, []),
        ([("b", "x")], {"count": 1}, {}, []),
    ],
)
def test_steps(devices, fields, options, steps):
    host = state(*(device(UUIDS[index], *where) for index, where in enumerate(devices)))
    if steps is None:
        assert refusal(host, entry(**fields), **options)
    else:
        assert run(host, entry(**fields), **options)[0] == steps


def test_entries_with_less_choice_come_first():
    single = [parent("a", offered("x", 1)), parent("b", offered("x", 1))]
    steps = run(state(parents=single), entry(0, count="max"), entry(1), entry(2, parent="a"))[1].steps
    assert [(step.device.place, step.device.parent) for step in steps] == [(2, "a"), (1, "b")]


def test_the_plan_is_pure():
    host = state(device(UUIDS[0], "a", "y"))
    wanted = [entry(parent="a", count="max")]
    before = repr((host, wanted))
    first = instances_plan.plan_instances(host, wanted, exact=True)
    assert repr((host, wanted)) == before
    assert instances_plan.plan_instances(host, wanted, exact=True) == first


def test_all_problems_at_once():
    host = state(device(UUIDS[0], "b", "x"))
    problems = refusal(
        host,
        entry(0, parent="nowhere"),
        entry(1, types=["z", "zz"]),
        entry(2, parent="b", types=["y"]),
        entry(3, numa_node=9),
    )
    assert problems == [
        "instances[0]: there is no parent nowhere. This host has a, b",
        "instances[1]: there is no type z or zz. This host has name of x, name of y",
        "instances[2]: there is no type y. b has name of x",
        "instances[3]: no such parent is on NUMA node 9",
    ]


def silent(name, framework="mdev"):
    return Parent(name, framework, physical_function=name)


def test_what_to_check_when_no_types_are_listed():
    cards = [silent("c"), silent("d"), silent("e", "vendor_vfio")]
    (problem,) = refusal(state(parents=cards), entry())
    assert problem.startswith("instances[0]: there is no type x. This host has none. No types are listed by c, d. ")
    assert "No types are listed by e. Its creatable_vgpu_types are empty. If MIG mode" in problem
    (problem,) = refusal(state(parents=[*cards, parent("a", offered("y", 1))]), entry())
    assert "This host has name of y. No types are listed by c, d. Its mdev_supported_types" in problem
    (problem,) = refusal(state(parents=cards), entry(parent="e"))
    assert "nvidia-vgpud" not in problem


def test_what_to_check_on_a_host_without_parents():
    host = state(parents=[])
    for problem in refusal(host, entry(0), entry(1, parent="a")):
        assert problem.endswith(". This host has none. " + NO_PARENTS)


def test_a_card_that_is_unreadable_is_not_said_to_list_no_types():
    host = state(parents=[silent("c"), silent("e", "vendor_vfio")], unreadable={"e": "EIO"})
    (problem,) = refusal(host, entry())
    assert "listed by c. " in problem
    assert "MIG" not in problem


def test_what_to_check_when_the_types_are_only_remembered():
    host = state(parents=[silent("e", "vendor_vfio")], known_types={"e": {"x": "NVIDIA X-10C"}})
    (problem,) = refusal(host, entry())
    assert "has room for 0. No types are listed by e. Its creatable_vgpu_types are empty" in problem
    host = host._replace(parents=[host.parents[0]._replace(offers=(offered("x", 0),))])
    (problem,) = refusal(host, entry())
    assert "has room for 0. No types are listed by e. " in problem
    host = host._replace(devices=[device(None, "e", "x", address="e")])
    (problem,) = refusal(host, entry(count=2))
    assert "MIG" not in problem


def test_a_uuid_that_is_elsewhere():
    host = state(
        device(UUIDS[0], "b", "x"),
        device(UUIDS[1], "b", "x", "defined"),
        device(UUIDS[2], "a", None, "removing", [USER]),
    )
    problems = refusal(host, *(entry(number, parent="a", uuid=UUIDS[number]) for number in range(3)))
    assert problems == [
        f"instances[0]: {UUIDS[0]} exists on another parent, b",
        f"instances[1]: {UUIDS[1]} is defined on another parent, b",
        f"instances[2]: {UUIDS[2]} was removed, but guest web1 (pid 4242, qemu) still has it open",
    ]
    (problem,) = refusal(state(device(UUIDS[2], "a", None, "removing")), entry(parent="a", uuid=UUIDS[2]))
    assert problem.endswith("was removed, but an unknown process still has it open")


def test_a_plan_that_cannot_fit_is_refused_with_the_numbers():
    (problem,) = refusal(state(device(UUIDS[0], "a", "y")), entry(parent="a", count=6))
    assert problem == (
        "instances[0]: 6 more of x are requested, but a has room for 4 in addition to the 1 existing devices. Set "
        "exact: true to replace devices that are not listed"
    )


def test_max_that_gives_nothing_is_refused():
    full = [parent("a", offered("x", 0), offered("y", 0))]
    (problem,) = refusal(state(device(UUIDS[0], "a", "y"), parents=full), entry(parent="a", count="max"))
    assert "has room for 0" in problem


def test_nothing_goes_where_users_may_be_hidden():
    problem = "it is unknown who uses what would be changed: process 7 is hidden"
    host = state(device(UUIDS[0], "b", "x"), device(UUIDS[1], "b", "y", "defined"), blind_spots=(problem,))
    with pytest.raises(Refused) as refused:
        instances_plan.plan_instances(host, [entry(uuid=UUIDS[0])], present=False, skip_busy=True)
    assert refused.value.problems == [problem]
    assert instances_plan.plan_instances(host, [entry(uuid=UUIDS[1], types=[])], present=False).steps
    assert instances_plan.plan_instances(host, [entry(parent="b", count=1)]).steps


STOPPED = Holder(None, None, "web1", False)


def test_definition_whose_guest_is_stopped_stays():
    host = state(device(UUIDS[0], "a", "y", "defined", users=[STOPPED]))
    asked = entry(types=["x"], parent="a", count=2)
    (problem,) = refusal(host, asked, exact=True)
    assert problem == (
        f"the definition of {UUIDS[0]} on a is in use by guest web1 (defined), so it cannot be removed. Shut it down. "
        f"{OTHERWISE}"
    )
    steps, plan = run(host, asked, exact=True, skip_busy=True)
    assert (steps, [one.uuid for one, _place in plan.busy], plan.missing[0].number) == ([], [UUIDS[0]], 2)
    assert refusal(host, entry(uuid=UUIDS[0], types=[]), present=False) == [problem]
    # Other devices are removed, because nothing takes their room.
    host.devices.append(device(UUIDS[1], "a", "y"))
    steps, plan = run(host, entry(types=["y"], parent="a", count=None), present=False, skip_busy=True)
    assert (steps, [one.uuid for one, _place in plan.busy]) == ([("remove", "a", "y")], [UUIDS[0]])
    host.devices.pop()
    # The device of the same type gets the UUID that the guest has.
    _steps, plan = run(host, entry(types=["y"], parent="a", count=1), exact=True)
    assert [(type(step), step.device.uuid) for step in plan.steps] == [(MakeDevice, UUIDS[0])]


def test_every_busy_device_is_named():
    devices = [device(UUIDS[number], "a", "y", users=[USER]) for number in range(2)]
    problems = refusal(state(*devices), entry(parent="a"), exact=True)
    assert [problem.split()[0] for problem in problems] == UUIDS[:2]
    assert all("in use by guest web1 (pid 4242, qemu)" in problem for problem in problems)


def test_without_a_machine_id_a_uuid_must_be_given():
    host = state(machine_id="uninitialized")
    (problem,) = refusal(host, entry(count=3))
    assert "no UUID can be derived" in problem
    assert run(host, entry(uuid=UUIDS[0], parent="a"))[0] == [("create", "a", "x")]


def test_no_uuid_is_given_twice():
    host = state()
    first = run(host, entry(count=1, parent="a"))[1].steps[0].device.uuid
    planned = run(host, entry(0, count=3, parent="a"), entry(1, uuid=first, parent="a"))[1]
    uuids = [step.device.uuid for step in planned.steps]
    assert len(set(uuids)) == len(uuids) == 4


def test_absent_takes_each_device_once():
    host = state(device(UUIDS[0], "a", "x"), device(UUIDS[1], "b", "x", "defined"), device(UUIDS[2], "a", "y"))
    steps = run(host, entry(0, types=["name of x"]), entry(1, types=[], parent="a"), present=False)[0]
    assert steps == [("remove", "a", "x"), ("remove", "a", "y"), ("remove", "b", "x")]


def test_absent_knows_no_missing_things():
    assert run(state(), entry(uuid=UUIDS[0], types=[]), entry(1, parent="gone", types=["z"]), present=False)[0] == []
