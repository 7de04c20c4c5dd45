# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.vfio.devices.plugins.plugin_utils._site import steps

CARD, OTHER = "0000:31:00.0", "0000:31:00.1"
MODELS = {CARD: "8086:159b", OTHER: "8086:159b", "0000:3b:00.0": "10de:1eb8"}


def card(pf, before, after, done, busy=(), error=None):
    def mode(num_vfs):
        return {"mode": "vf" if num_vfs else "host", "num_vfs": num_vfs, "virtual_functions": []}

    return {"pf": pf, "before": mode(before), "after": mode(after), "done": done, "busy": list(busy), "error": error}


def test_cards_with_the_same_steps_share_a_line():
    done = ["removed 8 virtual functions", "made 4 virtual functions"]
    result = {"functions": [card(CARD, 8, 4, done), card(OTHER, 8, 4, done)]}
    assert steps.of_host({"sriov_result": result}, MODELS) == [
        f"{CARD}, {OTHER} (8086:159b): 8 VFs -> 4 VFs: removed 8 virtual functions each, made 4 virtual functions each"
    ]
    assert steps.of_host({"sriov_result": {"functions": [card(CARD, 8, 4, done)]}}, MODELS, check_mode=True) == [
        f"{CARD} (8086:159b): 8 VFs -> 4 VFs: would remove 8 virtual functions, would create 4 virtual functions"
    ]


def test_who_is_in_the_way_is_named():
    result = {"functions": [card(CARD, 8, 8, [], busy=["0000:31:01.0 is in use by guest web1"])]}
    assert steps.of_host({"sriov_result": result}, MODELS) == []
    assert steps.left_in_use({"sriov_result": result}, MODELS) == [
        f"{CARD} (8086:159b) is not changed: 0000:31:01.0 is in use by guest web1"
    ]


def test_devices_are_counted():
    def device(uuid, action):
        return {
            "uuid": uuid,
            "address": None,
            "parent": "0000:3b:00.0",
            "type": "nvidia-231",
            "type_name": "GRID T4-2Q",
            "action": action,
        }

    result = {
        "changed": True,
        "instances": [device("a", "created"), device("b", "created"), device("c", "replaced"), device("d", "kept")],
        "busy": [],
        "diff": {"before": {"0000:3b:00.0": {"c": "GRID T4-2B, created at boot"}}, "after": {}},
    }
    assert steps.of_host({"mdev_made": result}, MODELS) == [
        "0000:3b:00.0 (10de:1eb8): replaced 1 device of type GRID T4-2B -> GRID T4-2Q",
        "0000:3b:00.0 (10de:1eb8): created 2 devices of type GRID T4-2Q",
    ]


def test_the_card_that_is_not_changed_is_named_once():
    result = {"functions": [card(CARD, 8, 8, [], busy=[f"{CARD} is in use by guest web1, so it cannot be changed"])]}
    assert steps.left_in_use({"sriov_result": result}, MODELS) == [
        f"{CARD} (8086:159b) is not changed: it is in use by guest web1, so it cannot be changed"
    ]


def test_the_verbs_of_all_steps_are_known():
    """A new step with another verb would be reported as done in check mode."""
    root = Path(steps.__file__).parents[2] / "module_utils"
    texts = [path.read_text(encoding="utf-8") for name in ("_modes", "_mig") for path in (root / name).glob("*")]
    verbs = {verb for text in texts for verb in re.findall(r'(?:text = f?|[A-Z]\w+\(\w+, f?)"([a-z]+) ', text)}
    assert len(verbs) > 5 and verbs <= set(steps.VERBS)


def test_files_name_the_service_that_needs_a_restart():
    files = {"restart": True, "files": [{"path": "/a", "action": "created"}, {"path": "/b", "action": "kept"}]}
    assert steps.of_host({"boot_result": files, "nova_config_result": files}, {}) == [
        "boot service: created 1 file",
        "nova configuration: created 1 file. nova-compute needs a restart",
    ]
    renewed = {"restart": False, "files": [{"path": "/a", "action": "renewed"}]}
    done, planned = (steps.of_host({"nova_config_result": renewed}, {}, check_mode) for check_mode in (False, True))
    assert done == ["nova configuration: renewed the header of 1 file"]
    assert planned == ["nova configuration: would renew the header of 1 file"]
    assert steps.of_host({"boot_result": {"skipped": True}}, {}) == []


def test_a_service_that_was_restarted_needs_no_restart():
    files = {"restart": True, "files": [{"path": "/a", "action": "created"}]}
    results = {"nova_config_result": files, "nova_config_restarted": {"changed": True}}
    assert steps.of_host(results, {}) == ["nova configuration: created 1 file, restarted nova-compute"]
    assert steps.of_host(results, {}, check_mode=True) == [
        "nova configuration: would create 1 file, would restart nova-compute"
    ]
    owed = {"restart": True, "restart_owed": True, "files": [{"path": "/a", "action": "kept"}]}
    results = {"cyborg_config_result": owed, "cyborg_config_restarted": {"changed": True}}
    assert steps.of_host(results, {}) == ["Cyborg configuration: restarted cyborg-agent"]
    assert steps.restarts_left(results) == []


def test_a_restart_of_an_earlier_run_is_named():
    owed = {"restart": True, "restart_owed": True, "files": [{"path": "/a", "action": "kept"}]}
    results = {"nova_config_result": owed, "nova_config_restarted": {"skipped": True}}
    assert steps.of_host(results, {}) == []
    assert steps.restarts_left(results) == [
        "nova-compute needs a restart, because it still has its former configuration"
    ]
    renewed = {**owed, "files": [{"path": "/a", "action": "renewed"}]}
    assert steps.of_host({"nova_config_result": renewed}, {}) == [
        "nova configuration: renewed the header of 1 file. nova-compute needs a restart"
    ]
    assert steps.restarts_left({"nova_config_result": renewed}) == []
