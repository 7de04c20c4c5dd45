# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._instances.wanted import parse_instances
from ansible_collections.vfio.devices.plugins.module_utils._model.wanted import DeviceWanted
from hypothesis import given
from hypothesis import strategies as st

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
EMPTY = dict.fromkeys(["type", "parent", "uuid", "count", "numa_node", "attributes", "autostart"])


def entry(**fields):
    return {**EMPTY, "type": ["mtty-1"], **fields}


def problems(*entries, state="present", exact=False):
    with pytest.raises(Refused) as refused:
        parse_instances(list(entries), state, exact)
    return refused.value.problems


def test_one_form():
    (parsed,) = parse_instances(
        [entry(parent="0000:3B:00.0", uuid=UUID.upper(), attributes=[{"a": 5}, {"nvidia/vgpu_params": "x=1"}])],
        "present",
        False,
    )
    assert parsed == DeviceWanted(
        place=0,
        label="instances[0]",
        uuid=UUID,
        types=("mtty-1",),
        parent="0000:3b:00.0",
        attributes=(("a", "5"), ("nvidia/vgpu_params", "x=1")),
    )


def test_a_label_is_what_messages_call_an_entry():
    with pytest.raises(Refused) as refused:
        parse_instances([entry(label="profile t4, mtty", count="0")], "present", False)
    assert refused.value.problems[0].startswith("profile t4, mtty: count must be")


@pytest.mark.parametrize(("count", "expected"), [(None, 1), ("1", 1), ("128", 128), ("max", "max")])
def test_counts(count, expected):
    assert parse_instances([entry(count=count)], "present", False)[0].amount == expected


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"count": "0"}, "count must be a whole number from 1"),
        ({"count": "-1"}, "count must be a whole number from 1"),
        ({"count": "99999999"}, "count must be a whole number from 1"),
        ({"count": "all"}, "count must be a whole number from 1"),
        ({"count": "1.5"}, "count must be a whole number from 1"),
        ({"count": "2", "uuid": UUID}, "one uuid is not possible for 2 devices. Omit uuid or set count: 1"),
        ({"count": "max", "uuid": UUID}, "one uuid is not possible for max devices. Omit uuid or set count: 1"),
        ({"uuid": "{" + UUID + "}"}, "is not a UUID"),
        ({"uuid": UUID + "\n"}, "is not a UUID"),
        ({"parent": "../mtty"}, "is not a name of a parent"),
        ({"parent": "mtty\0"}, "is not a name of a parent"),
        ({"parent": ".."}, "is not a name of a parent"),
        ({"type": None}, "it has no type"),
        ({"type": []}, "it has no type"),
        ({"type": ["mtty-1", " "]}, "is neither the id nor the name"),
        ({"type": ["mtty-1\n"]}, "is neither the id nor the name"),
        ({"attributes": [{"a": "1", "b": "2"}]}, "must have exactly one key"),
        ({"attributes": [{}]}, "must have exactly one key"),
        ({"attributes": [{"../remove": "1"}]}, "is not the name of an attribute"),
        ({"attributes": [{"a/b/c": "1"}]}, "is not the name of an attribute"),
        ({"attributes": [{"a": ""}]}, "must have a value"),
        ({"attributes": [{"a": None}]}, "must have a value"),
        ({"attributes": [{"a": {"b": 1}}]}, "must have a value"),
        ({"attributes": [{"a": "x" * 4096}]}, "must have a value"),
    ],
)
def test_refused(wrong, sentence):
    (problem,) = problems(entry(), entry(**wrong))
    assert problem.startswith("instances[1]: ")
    assert sentence in problem


def test_all_at_once():
    found = problems(entry(uuid=UUID, count="0"), entry(uuid=UUID, parent="a/b"), entry(type=None))
    assert [problem.partition(":")[0] for problem in found] == [f"instances[{item}]" for item in (0, 1, 1, 2)]
    assert "is also the uuid of instances[0]" in found[2]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"type": None},
            "it has no uuid, type and parent, so it would remove all devices of the host. Set one of them",
        ),
        ({"count": "2"}, "count is not valid with state: absent"),
    ],
)
def test_refused_with_state_absent(fields, sentence):
    (problem,) = problems(entry(**fields), state="absent")
    assert sentence in problem


def test_absent_and_exact_contradict():
    assert problems(entry(), state="absent", exact=True) == [
        "exact is not valid with state: absent. Remove one of the two options"
    ]


texts = st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["max", "0", "../..", "\0", UUID]))


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "type": st.one_of(st.none(), st.lists(st.text(max_size=10), max_size=3)),
                "parent": texts,
                "uuid": texts,
                "count": texts,
                "numa_node": st.one_of(st.none(), st.integers()),
                "attributes": st.one_of(
                    st.none(), st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2))
                ),
                "autostart": st.one_of(st.none(), st.booleans()),
            }
        ),
        max_size=4,
    ),
    st.sampled_from(["present", "absent"]),
    st.booleans(),
)
def test_any_input_is_parsed_or_refused(instances, state, exact):
    try:
        entries = parse_instances(instances, state, exact)
    except Refused as refused:
        assert refused.problems
        return
    for parsed in entries:
        parts = [parsed.parent or "", parsed.uuid or "", *(name for name, value in parsed.attributes)]
        assert not any(".." in part.split("/") or "\0" in part or part.startswith("/") for part in parts)
