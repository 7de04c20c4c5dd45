# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import re

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import responses
from ansible_collections.vfio.devices.tests.unit.placement_server import CHILD, ROOT, Answer, inventory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

OTHER = "00000000-0000-4000-8000-000000000009"
PROVIDER = ("uuid", "name", "parent_provider_uuid", "root_provider_uuid", "generation")
INVENTORY = ("total", "reserved", "min_unit", "max_unit", "step_size", "allocation_ratio")
LISTED = [("resource_providers",), *(("resource_providers", -1, field) for field in PROVIDER)]
GENERATION = ("resource_provider_generation",)
STOCK = [GENERATION, ("inventories",), ("inventories", "CUSTOM_VF")]

# Maps the beginning of the message to the request and the fields of its answer.
READS = {
    "cannot find the provider node": (r"GET .*\?name=node$", LISTED),
    "cannot read the tree of the provider": (r"GET .*\?in_tree=[^&]*$", LISTED),
    "cannot search for CUSTOM_OWNER_VFIO_DEVICES below": (r"GET .*&required=", LISTED),
    "cannot read the inventories of": (
        "GET .*/inventories",
        [*STOCK, *(("inventories", "CUSTOM_VF", field) for field in INVENTORY)],
    ),
    "cannot read the traits of": ("GET .*/traits", [GENERATION, ("traits",), ("traits", 0)]),
    "cannot read the usages of": ("GET .*/usages", [("usages",), ("usages", "CUSTOM_VF")]),
    "cannot read the traits": (r"GET /traits\?", [("traits",), ("traits", 0)]),
    "cannot read the resource classes": (
        "GET /resource_classes",
        [("resource_classes",), ("resource_classes", 0), ("resource_classes", 0, "name")],
    ),
}
WHOLE = ("cannot read the tree of the provider", "cannot create the provider node_1")
WRITES = {
    "cannot create the provider node_1": ("POST ", [(field,) for field in PROVIDER]),
    "cannot write the traits of": ("PUT .*s/.*/traits", [GENERATION, ("traits",), ("traits", 0)]),
    "cannot write the inventories of": (
        "PUT .*s/.*/inventories",
        [*STOCK[:2], *(("inventories", "CUSTOM_OTHER", field) for field in INVENTORY)],
    ),
}
MISSING = object()
WRONG = {"missing": MISSING, "null": None, "list": [[]], "text": "x y", "negative": -1}
BODIES = {"null": None, "list": [], "html": b"<html>"}
ODD_BODIES = {
    "text": "words",
    "number": 5,
    "empty": {},
    "deep": b"[" * 99999,
    "cut": b'{"resource_providers": [',
    "digits": b"1" * 9999,
    "bytes": b"\xff\xfe\x00",
    "odd": b'"\\ud800"',
}
# These changes are valid.
SOUND = {("parent_provider_uuid", "null"), ("name", "text"), (0, "missing"), ("CUSTOM_VF", "missing")}


def changed(path, value):
    """Return a function that changes one field of the real answer."""

    def change(answer):
        body = copy.deepcopy(answer.body)
        inner = body
        for part in path[:-1]:
            inner = inner[part]
        if value is MISSING:
            del inner[path[-1]]
        else:
            inner[path[-1]] = value
        return Answer(body)

    return change


def cases(requests):
    """Return the beginning of the message, the request, the change of the answer, and the reported field."""
    found = []
    for attempt, (pattern, fields) in requests.items():
        bodies = {**BODIES, **ODD_BODIES} if attempt in WHOLE else BODIES
        for kind, body in bodies.items():
            found.append(pytest.param(attempt, pattern, lambda _answer, body=body: Answer(body), "", id=pattern + kind))
        for path in fields:
            name = next(part for part in reversed(path) if isinstance(part, str))
            where = ".".join(str(part) for part in path)
            for kind, value in WRONG.items():
                if (path[-1], kind) not in SOUND:
                    found.append(
                        pytest.param(attempt, pattern, changed(path, value), name, id=f"{pattern} {where} {kind}")
                    )
    return found


@pytest.mark.parametrize(("attempt", "pattern", "change", "field"), cases(READS))
def test_an_answer_of_another_shape_changes_nothing(run, server, attempt, pattern, change, field):
    server.used = {"CUSTOM_VF": 1}
    server.add(OTHER, "node_other", ROOT, ["CUSTOM_OTHER"], {})
    server.rule(pattern, change)
    result = run(check=True, purge=True, scope=["node"])
    assert any(re.search(pattern, line) for line in server.requests)
    assert result["failed"]
    assert result["msg"].startswith(f"Nothing was changed in Placement: {attempt}")
    assert field in result["msg"]
    assert server.writes() == []


@pytest.mark.parametrize(("attempt", "pattern", "change", "field"), cases(WRITES))
def test_a_write_with_an_answer_of_another_shape_is_told(run, server, attempt, pattern, change, field):
    server.rule(pattern, change)
    result = run()
    after = [one["name"] for one in server.providers.values()]
    assert "node_1" in after
    assert result["changed"]
    # The run reads again after the write, so a wrong answer is no failure if the objects exist.
    if result.get("failed"):
        assert any(attempt in failure and field in failure for failure in result["failures"])
    told = result["diff"]["after"]
    made = next(one for one in server.providers.values() if one["name"] == "node_1")
    assert told["node_1"]["uuid"] == made["uuid"]
    assert told["node_1"]["inventories"] == made["inventories"]
    assert sorted(told["node_1"]["traits"]) == sorted(made["traits"])


A, B, C = (f"00000000-0000-4000-8000-00000000000{letter}" for letter in "abc")


def one(uuid, name, parent=ROOT, root=ROOT):
    return {
        "uuid": uuid,
        "name": name,
        "parent_provider_uuid": parent,
        "root_provider_uuid": root,
        "generation": 1,
    }


NODE = one(ROOT, "node", None)


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        ([NODE, NODE], f"resource_providers has the uuid {ROOT} twice"),
        ([NODE, one(A, "node")], "resource_providers has the name node twice"),
        ([one(A, "a", None, A)], f"resource_providers does not have {ROOT}"),
        ([NODE, one(A, "a", None, A)], f"resource_providers has two roots, {ROOT} and {A}"),
        ([NODE, one(A, "a", B)], f"resource_providers does not have {B}, the parent of {A}"),
        ([NODE, one(A, "a", A)], f"the parents of {A} lead back to it"),
        ([NODE, one(A, "a", B), one(B, "b", C), one(C, "c", A)], f"the parents of {A} lead back to it"),
        ([NODE, one(A, "a", None)], f"the parent_provider_uuid of {A} does not fit its root {ROOT}"),
        ([one(ROOT, "node", A), one(A, "a")], f"the parent_provider_uuid of {ROOT} does not fit its root {ROOT}"),
        ([one("../../v3/users", "node", None)], "resource_providers[0].uuid is '../../v3/users' and not a UUID"),
        ([one(ROOT, "n" * 201, None)], "not a text of 1 to 200 characters"),
    ],
)
def test_trees_that_are_none(run, server, tree, sentence):
    server.rule(r"GET .*in_tree=", lambda _answer: Answer({"resource_providers": tree}))
    result = run()
    assert result["msg"].startswith(f"Nothing was changed in Placement: cannot read the tree of the provider {ROOT}: ")
    assert sentence in result["msg"]
    assert server.writes() == []


def test_a_deep_tree_is_taken():
    uuids = [f"00000000-0000-4000-8000-{number:012x}" for number in range(3000)]
    tree = [one(uuid, uuid, above, uuids[0]) for uuid, above in zip(uuids, [None, *uuids])]
    assert len(responses.tree({"resource_providers": tree[::-1]}, uuids[7])) == 3000


def test_two_providers_of_one_name(run, server):
    server.rule("GET .*name=", lambda _answer: Answer({"resource_providers": [NODE, one(A, "a")]}))
    assert "cannot find the provider node: the response is not a valid Placement response" in run()["msg"]


def test_names_of_others_lose_their_control_characters(run, server):
    server.add(A, "\x1b[2Jowned\u202e\ud800", ROOT, ["OWNER_NOVA"], {})
    result = run(providers=[{"name": "node_0", "parent": "\\x1b[2Jowned"}])
    assert result["msg"].isprintable()
    assert responses.provider(one(A, "\x1b[2Jowned"))["name"] == "\\x1b[2Jowned"


@pytest.mark.parametrize("pattern", ["PUT .*/traits$", "PUT .*/inventories$"])
def test_a_generation_that_goes_back(run, server, pattern):
    server.providers[CHILD]["generation"] = 7
    server.rule(f"PUT .*{CHILD}.*", changed(("resource_provider_generation",), 3))
    result = run()
    assert "Placement accepted the generation" in result["failures"][0]
    assert result["changed"]
    assert result["created"] == ["node_1"]


def test_another_provider_than_the_one_that_was_made(run, server):
    server.rule("POST ", lambda answer: Answer({**answer.body, "uuid": A}))
    result = run()
    assert set(result["created"]) | {one["name"] for one in result["providers"] if one["action"] == "failed"}
    assert result["changed"]


@pytest.mark.parametrize("words", ["\x1b]0;owned\x07" * 99, "x" * 99999, "\u202e\x9b", "\ud800", {"a": [1]}, 5, None])
@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_texts_of_a_server(run, server, words, status):
    errors = [{"code": words, "title": words, "detail": words}]
    server.rule("PUT .*traits", lambda _answer: Answer({"errors": errors}, status), before=True)
    result = run(tries=1)
    assert result["failed"]
    assert all(failure.isprintable() and len(failure) < 1200 for failure in result["failures"])


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just(ROOT),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["resource_providers", "traits", "inventories", "usages", "resource_classes", *PROVIDER]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


def named(body):
    return responses.named(body, NODE["name"])


@pytest.mark.parametrize(
    ("found", "is_same"), [("Node", True), ("node ", True), ("n\u00f6de", True), ("nodes", False), ("a\nb", False)]
)
def test_another_name_is_another_provider(found, is_same):
    body = {"resource_providers": [{**NODE, "name": found}]}
    if is_same:
        assert responses.named(body, "node")
    else:
        with pytest.raises(responses.Malformed, match="resource_providers has .* instead of node"):
            responses.named(body, "node")


INVENTORIES = {"resource_provider_generation": 1, "inventories": {"VGPU": inventory(4)}}
KINDS = {
    responses.provider: NODE,
    responses.providers: {"resource_providers": [NODE, one(A, "a")]},
    named: {"resource_providers": [NODE]},
    responses.inventories: INVENTORIES,
    responses.traits: {"resource_provider_generation": 1, "traits": ["CUSTOM_A"]},
    responses.class_names: {"resource_classes": [{"name": "VGPU"}]},
    responses.usages: {"usages": {"VGPU": 1}},
}


def places(value, path=()):
    """Return the path of each part of a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inner for place in places(one, (*path, key)))]


@pytest.mark.parametrize("read", KINDS, ids=lambda read: read.__name__)
@given(data=st.data())
def test_each_answer_is_sound_or_malformed(read, data):
    path = data.draw(st.sampled_from(places(KINDS[read])))
    value = data.draw(json)
    body = changed(path, value)(Answer(KINDS[read])).body if path else value
    try:
        found = read(body)
    except responses.Malformed as error:
        assert str(error).isprintable()
        assert len(str(error)) < 400
    else:
        assert found is None or sound(found)


def sound(found):
    if isinstance(found, (dict, list, set, tuple)):
        inner = [*found, *found.values()] if isinstance(found, dict) else found
        return all(sound(one) for one in inner)
    return found is None or (found.isprintable() if isinstance(found, str) else 0 <= found < 2**128)


REQUESTS = [
    "GET ",
    "GET .*name=",
    "GET .*in_tree=",
    "GET .*/traits",
    "usages",
    "POST ",
    "PUT ",
    "PUT .*s/.*/",
    "DELETE ",
    "",
]
STATUSES = [200, 201, 202, 204, 300, 302, 400, 404, 406, 409, 429, 500, 503]
RUNS = [{}, {"drain": True}, {"purge": True, "scope": ["node"]}, {"state": "absent", "providers": [{"name": "node_0"}]}]


def test_a_removal_that_is_executed_and_answered_with_a_conflict(run, server):
    error = {"status": 400, "title": "Title", "detail": "Detail", "code": "placement.duplicate_name"}
    server.rule("DELETE ", lambda _answer: Answer({"errors": [error]}, 400))
    result = run(state="absent", providers=[{"name": "node_0"}])
    assert "node_0" not in [one["name"] for one in server.providers.values()]
    assert result["changed"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(data=st.data())
def test_whatever_a_server_answers(run, server, data):
    """There is no traceback, and every write is reported."""
    server.reset()
    status, value, place = (
        data.draw(st.none() | st.sampled_from(STATUSES)),
        data.draw(json),
        data.draw(st.integers(0, 99)),
    )

    def change(answer):
        body = answer.body
        if status and status >= 400:
            error = {"status": status, "title": "Title", "detail": "Detail", "code": "placement.duplicate_name"}
            body = {"errors": [error]}
        path = places(body)[place % len(places(body))]
        return Answer(changed(path, value)(Answer(body)).body if path else value, status or answer.status)

    server.used = {"CUSTOM_VF": data.draw(st.integers(0, 1))}
    pattern, times = data.draw(st.sampled_from(REQUESTS)), data.draw(st.sampled_from([1, 2, 9**9]))
    server.rule(pattern, change, times=times, before=data.draw(st.booleans()))
    before = copy.deepcopy(server.providers)
    result = run(**data.draw(st.sampled_from(RUNS)))
    assert result.get("changed", False) or server.providers == before
    assert run.seconds < 9
