# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement.api import Placement, Transport
from ansible_collections.vfio.devices.plugins.module_utils._placement.errors import PlacementError, Reply
from ansible_collections.vfio.devices.tests.unit.placement_fake import inventory, refusal
from hypothesis import given
from hypothesis import strategies as st

U = "00000000-0000-4000-8000-000000000001"
PROVIDER = {"uuid": U, "name": "n", "parent_provider_uuid": None, "root_provider_uuid": U, "generation": 0}


class Script(Transport):
    """Returns the replies of a list, and records the requests."""

    def __init__(self, *replies):
        self.replies, self.sent = list(replies), []

    def send(self, method, path, body=None):
        self.sent.append((method, path, body))
        return self.replies.pop(0)


def said(*replies):
    transport = Script(*replies)
    return Placement(transport), transport.sent


def test_find_quotes_the_name():
    placement, sent = said(Reply(200, {"resource_providers": [PROVIDER]}), Reply(200, {"resource_providers": []}))
    assert placement.find("a b&c/ü")["uuid"] == U
    assert sent[0][1] == "/resource_providers?name=a%20b%26c%2F%C3%BC"
    assert placement.find("x") is None


def test_what_is_gone_is_none_and_what_is_no_answer_of_placement_is_an_error():
    placement, _sent = said(refusal(404), refusal(404), refusal(404), Reply(404, "<html>"))
    assert placement.provider(U) is placement.inventories(U) is placement.traits(U) is None
    with pytest.raises(PlacementError, match="which is not a valid Placement response"):
        placement.provider(U)


def test_the_roots_are_all_providers_without_a_parent():
    other = "00000000-0000-4000-8000-000000000002"
    child = {**PROVIDER, "uuid": other, "name": "child", "parent_provider_uuid": PROVIDER["uuid"]}
    placement, transport = said(Reply(200, {"resource_providers": [PROVIDER, child]}))
    assert placement.roots() == [PROVIDER["name"]]


def test_a_trait_that_nobody_knows_marks_nothing():
    placement, _sent = said(refusal(400), Reply(200, {"resource_providers": [PROVIDER]}))
    assert placement.marked(U, "CUSTOM_X") == set()
    assert placement.marked(U, "CUSTOM_X") == {U}


def test_many_names_take_several_requests():
    placement, sent = said(*(Reply(200, {"traits": [f"CUSTOM_{number}", "CUSTOM_OTHER"]}) for number in range(3)))
    assert placement.known_traits([f"CUSTOM_{number}" for number in range(100)]) == {f"CUSTOM_{n}" for n in range(3)}
    assert all(len(path) < 1000 for _method, path, _body in sent)


def test_writes_are_compared_with_the_answer():
    told = {"resource_provider_generation": 3}
    placement, sent = said(
        Reply(200, {**told, "traits": ["B", "A"]}),
        Reply(200, {**told, "traits": ["A"]}),
        Reply(200, {**told, "inventories": {"VGPU": inventory(2)}}),
        Reply(200, {**told, "inventories": {"VGPU": inventory(1)}}),
        Reply(200, PROVIDER),
        Reply(200, {**PROVIDER, "name": "other"}),
    )
    assert placement.write_traits(U, 2, ["A", "B"]) == 3
    assert sent[0] == (
        "PUT",
        f"/resource_providers/{U}/traits",
        {"resource_provider_generation": 2, "traits": ["A", "B"]},
    )
    with pytest.raises(PlacementError, match=", but returned"):
        placement.write_traits(U, 2, ["A", "B"])
    assert placement.write_inventories(U, 2, {"VGPU": inventory(2)}) == 3
    with pytest.raises(PlacementError, match=", but returned"):
        placement.write_inventories(U, 2, {"VGPU": inventory(2)})
    assert placement.create(U, "n", None) == 0
    with pytest.raises(PlacementError, match=", but returned"):
        placement.create(U, "n", None)


def test_made_or_there_already():
    placement, _sent = said(Reply(201, None), Reply(204, None), refusal(400))
    assert [placement.make_trait("CUSTOM_X"), placement.make_class("CUSTOM_X")] == [True, False]
    with pytest.raises(PlacementError, match="cannot create the trait X"):
        placement.make_trait("X")


def test_removal_of_what_is_gone_is_no_error():
    placement, _sent = said(Reply(204, None), refusal(404), refusal(409, "placement.resource_provider.inuse"))
    placement.delete(U)
    placement.delete(U)
    with pytest.raises(PlacementError, match=f"cannot remove the provider {U}: Placement says 409"):
        placement.delete(U)


json = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["errors", "detail", "code", "title", "x"]), inner, max_size=3),
    ),
)


@given(status=st.sampled_from([None, 200, 204, 300, 401, 404, 409, 500]), body=json)
def test_any_answer_is_an_error_with_a_sentence(status, body):
    placement, _sent = said(Reply(status, body))
    try:
        assert placement.traits(U) is None
    except PlacementError as error:
        assert str(error).startswith(f"cannot read the traits of {U}: ")


def test_another_provider_than_the_one_that_was_asked_for():
    placement, _sent = said(Reply(200, {**PROVIDER, "uuid": U[:-1] + "2"}))
    with pytest.raises(PlacementError, match=": Placement returned another provider,"):
        placement.provider(U)


def test_only_placement_itself_says_that_a_provider_is_gone():
    placement, _sent = said(Reply(404, "<html>"), Reply(202, None))
    for _number in range(2):
        with pytest.raises(PlacementError, match="which is not a valid Placement response"):
            placement.delete(U)


@pytest.mark.parametrize("body", [None, {}, {"traits": ["CUSTOM_B"], "resource_provider_generation": 3}])
def test_a_write_with_an_odd_answer_may_have_been_done(body):
    placement, _sent = said(Reply(200, body))
    with pytest.raises(PlacementError) as caught:
        placement.write_traits(U, 2, ["CUSTOM_A"])
    assert caught.value.unclear
    assert not caught.value.final
