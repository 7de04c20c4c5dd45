# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._actions import lost_connection

LOST = {"unreachable": True, "msg": "Task failed: Failed to connect:\r\nclosed"}
SENTENCE = "The host is unreachable: Failed to connect: closed"


def test_each_error_is_reported_once():
    variables = {"sriov_result": LOST, "mdev_made": LOST, "boot_result": {"changed": True}, "iommu_line": "none"}
    assert lost_connection.lost_connections(variables) == [SENTENCE]
    assert lost_connection.lost_connections({"of_others": LOST}) == []


def test_items_of_a_loop_are_results_too():
    assert lost_connection.lost_connections({"iommu_entries_written": {"results": [{"rc": 0}, LOST]}}) == [SENTENCE]
