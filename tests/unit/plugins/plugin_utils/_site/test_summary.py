# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.plugin_utils._site.summary import fleet_summary

SAME = {"vfio_compared": {"due": [], "selection": {"cards": {}}}}
BOOT = {
    "vfio_compared": {"due": ["x"], "selection": None},
    "boot_result": {"files": [{"path": "/a", "action": "created"}]},
}
REFUSED = {"vfio_refusals": ["vfio_profiles cannot be used on this host:", "profile x: there is no type A"]}
FAILED = {"sriov_result": {"failed": True, "msg": "0000:31:00.0 is busy"}}
BROKEN = {
    "vfio_compared": {"due": ["x"], "selection": None},
    "sriov_result": {
        "failed": True,
        "msg": "0000:31:00.0: EIO",
        "functions": [{"pf": "0000:31:00.0", "busy": [], "done": [], "error": "EIO", "before": {}, "after": None}],
    },
    "mdev_made": {
        "failed": True,
        "msg": "u1: EIO",
        "busy": [],
        "instances": [
            {"action": "failed", "type_name": "A", "type": "a", "parent": "0000:3b:00.0", "uuid": "u1", "address": None}
        ],
    },
}
USER = {"domain": "web1", "pid": 5, "command": "qemu", "running": True}
REBOOT = {**BOOT, "iommu_reboot_needed": True}


def test_every_thing_is_said_once():
    hosts = {"a": SAME, "b": SAME, "c": BOOT, "d": BOOT, "e": REFUSED, "f": REFUSED, "g": FAILED, "h": {}}
    hosts["i"], hosts["j"] = REBOOT, {**SAME, "iommu_reboot_needed": True}
    assert fleet_summary([*hosts], hosts, ["a", "b", "c", "d", "i", "j"]) == [
        "10 hosts: 2 unchanged, 2 changed, 2 waiting for a reboot, 4 rejected or failed",
        "c, d (changed): boot service: created 1 file",
        "i (waiting for a reboot): boot service: created 1 file",
        "e, f (rejected or failed): profile x: there is no type A",
        "g (rejected or failed): 0000:31:00.0 is busy",
        "h (rejected or failed): see its error above",
    ]


def test_an_error_that_ended_the_play_of_a_host_is_in_the_summary():
    failure = {"task": "Check the host", "errors": ["The host lacks a card.", "Add a card."]}
    # The second host was rejected by its profiles, and its own message only refers to the first host.
    hosts = {"a": {**SAME, "vfio_failure": failure}, "b": {**REFUSED, "vfio_failure": failure}}
    assert fleet_summary([*hosts], hosts, [*hosts]) == [
        "2 hosts: 2 rejected or failed",
        "a (rejected or failed): The host lacks a card.",
        "a (rejected or failed): Add a card.",
        "b (rejected or failed): profile x: there is no type A",
    ]


def test_missing_cards_of_a_list_are_differences():
    lacking = {"vfio_compared": {**SAME["vfio_compared"], "missing": ["profile a: the host has no ens1f9."]}}
    of_verify = {**lacking, "verify_differences": ["nova: replaced 1 file"]}
    assert fleet_summary(["a", "b"], {"a": lacking, "b": of_verify}, ["a", "b"]) == [
        "2 hosts: 2 different",
        "a (different): profile a: the host has no ens1f9.",
        "b (different): nova: replaced 1 file",
        "b (different): profile a: the host has no ens1f9.",
    ]


def test_hosts_without_change_have_one_line():
    hosts = {str(number): SAME for number in range(1000)}
    assert fleet_summary([*hosts], hosts, [*hosts]) == ["1000 hosts: 1000 unchanged"]
    assert fleet_summary(["0"], hosts, ["0"]) == ["1 host: 1 unchanged"]


def test_a_host_that_was_not_compared_is_not_unchanged():
    skipped = {"vfio_compared": {"skipped": True}}
    assert fleet_summary(["a", "b", "c"], {"a": {}, "b": skipped, "c": SAME}, ["a", "b", "c"]) == [
        "3 hosts: 1 unchanged, 2 not compared",
        "a, b (not compared): tasks were skipped. Run the playbook without --tags, --start-at-task and --step",
    ]


def test_a_host_that_was_not_started_is_not_unchanged():
    waiting = {"vfio_compared": {"due": ["devices"]}, "reprofile_begun": False}
    begun = {**waiting, "reprofile_begun": True, "vfio_failure": {"task": "a", "errors": ["Error."]}}
    assert fleet_summary(["a", "b", "c"], {"a": begun, "b": waiting, "c": SAME}, ["a", "b", "c"]) == [
        "3 hosts: 1 unchanged, 1 not started, 1 rejected or failed",
        "b (not started): the host or its providers differ, but an earlier host failed. Correct its error, and run "
        "reprofile again",
        "a (rejected or failed): Error.",
    ]


def test_what_reprofile_does_not_correct_is_a_difference():
    lacking = {
        "vfio_compared": {"due": ["x", "the IOMMU is off"], "kernel": ["the IOMMU is off"]},
        "reprofile_begun": True,
    }
    assert fleet_summary(["a"], {"a": lacking}, ["a"]) == [
        "1 host: 1 different",
        "a (different): the IOMMU is off. Run the playbook site",
    ]
    changed = {**lacking, "boot_result": BOOT["boot_result"]}
    assert fleet_summary(["a"], {"a": changed}, ["a"]) == [
        "1 host: 1 changed",
        "a (changed): boot service: created 1 file",
        "a (changed): the IOMMU is off. Run the playbook site",
    ]


def test_remaining_users_of_drained_cards_are_named():
    drained = {**SAME, "drain_free": [], "vfio_held": {"0000:3b:00.0": ["u1 is in use by guest web1", "u2 by web2"]}}
    assert fleet_summary(["a"], {"a": drained}, ["a"]) == [
        "1 host: 1 in use",
        "a (in use): 0000:3b:00.0 is not free: u1 is in use by guest web1, u2 by web2",
    ]


def test_check_mode_predicts():
    assert fleet_summary(["c"], {"c": BOOT}, ["c"], True) == [
        "1 host: 1 would change",
        "c (would change): boot service: would create 1 file",
    ]


def test_providers_are_counted_at_their_host():
    def host(name):
        return {
            **SAME,
            "placement_published": True,
            "placement_leader": "a",
            "placement_providers": [{"name": name}, {"name": f"{name}_vfio_1"}],
        }

    providers = [
        {"name": "a", "action": "kept", "root": "A", "item": 0},
        {"name": "a_vfio_1", "action": "updated", "root": "A", "item": 1},
        {"name": "b_vfio_1", "action": "kept", "root": "B", "item": 3},
    ]
    hosts = {"a": {**host("a"), "placement_result": {"providers": providers}}, "b": host("b"), "c": SAME}
    assert fleet_summary([*hosts], hosts, [*hosts]) == [
        "3 hosts: 2 unchanged, 1 changed",
        "a (changed): Placement: updated 1 provider",
    ]


def test_removed_providers_are_counted_at_their_host():
    def host(name, former):
        return {
            "placement_published": True,
            "placement_leader": "a",
            "placement_providers": [{"name": name, "former_root": former}],
        }

    providers = [
        {"name": "a", "action": "kept", "root": "A", "item": 0},
        {"name": "b", "action": "kept", "root": "B", "item": 1},
        {"name": "a_vfio_missing", "action": "removed", "root": "A", "item": None},
        {"name": "old_vfio_1", "action": "removed", "root": "OLD", "item": None},
        {"name": "old_vfio_2", "action": "removed", "root": "OLD", "item": None},
    ]
    hosts = {"a": {**host("a", "A"), "placement_result": {"providers": providers}}, "b": host("b", "OLD")}
    assert fleet_summary([*hosts], hosts, [*hosts]) == [
        "2 hosts: 2 changed",
        "a (changed): Placement: removed 1 provider",
        "b (changed): Placement: removed 2 providers",
    ]


def test_a_written_record_is_a_change():
    written = {"changed": True, "files": [{"path": "/etc/vfio-devices/placement.conf", "action": "created"}]}
    assert fleet_summary(["a"], {"a": {"placement_recorded": written}}, ["a"]) == [
        "1 host: 1 changed",
        "a (changed): record of the host's provider in Placement: created 1 file",
    ]
    skipped = {**SAME, "placement_recorded": {"skipped": True}}
    assert fleet_summary(["a"], {"a": skipped}, ["a"]) == ["1 host: 1 unchanged"]


def test_a_host_that_failed_names_what_was_changed_before():
    hosts = {"a": {**BOOT, **FAILED}}
    assert fleet_summary(["a"], hosts, []) == [
        "1 host: 1 rejected or failed",
        "a (rejected or failed): 0000:31:00.0 is busy",
        "a (rejected or failed): before the failure, changed: boot service: created 1 file",
    ]


def test_errors_are_no_changes():
    assert fleet_summary(["a"], {"a": BROKEN}, []) == [
        "1 host: 1 rejected or failed",
        "a (rejected or failed): 0000:31:00.0: EIO",
    ]


def busy(parent, number, *users):
    return {"uuid": f"u{number}", "address": None, "parent": parent, "users": list(users)}


def test_devices_in_use_are_no_change():
    """The device with a user is the last of many, and its line is the first."""
    waiting = [busy("0000:3b:00.0", number) for number in range(15)]
    of_result = {"busy": [*waiting, busy("0000:3b:00.0", 15, USER), busy("0000:af:00.0", 16)]}
    hosts = {"a": {**BOOT, "boot_result": {}, "mdev_made": of_result}}
    hosts["a"]["vfio_compared"] = {"due": ["x"], "selection": {"cards": {"0000:3b:00.0": "10de:1eb8"}}}
    assert fleet_summary(["a"], hosts, ["a"]) == [
        "1 host: 1 in use",
        "a (in use): 0000:3b:00.0 u15 is not changed: in use by guest web1 (pid 5, qemu)",
        "a (in use): 0000:3b:00.0 (10de:1eb8): 15 more devices not changed: its card is in use",
        "a (in use): 0000:af:00.0: 1 more device not changed: the state of its card is unknown",
    ]


@pytest.mark.parametrize(("check_mode", "words"), [(False, "changed): kernel arguments: added"),
                                                   (True, "would change): kernel arguments: would add")])  # fmt: skip
def test_added_kernel_arguments_are_a_change(check_mode, words):
    hosts = {"a": {**BOOT, "boot_result": {}, "iommu_added": {"arguments": ["intel_iommu=on", "iommu=pt"]}}}
    (dummy, line) = fleet_summary(["a"], hosts, ["a"], check_mode)
    assert line == f"a ({words} intel_iommu=on iommu=pt"
    hosts["a"]["iommu_added"] = {"skipped": True}
    assert fleet_summary(["a"], hosts, ["a"], check_mode) == ["1 host: 1 unchanged"]


def test_verify_has_differences():
    hosts = {"a": {"verify_differences": ["modes: x: 1 -> 2"]}, "b": {**SAME, "verify_differences": []}}
    assert fleet_summary([*hosts], hosts, [*hosts]) == [
        "2 hosts: 1 unchanged, 1 different",
        "a (different): modes: x: 1 -> 2",
    ]


def test_what_is_no_list_of_hosts():
    with pytest.raises(AnsibleFilterError, match="fleet_summary takes"):
        fleet_summary("a", {}, [])


def test_an_unchanged_host_may_need_a_restart():
    owed = {"restart": True, "restart_owed": True, "files": [{"path": "/a", "action": "kept"}]}
    hosts = {"a": {"vfio_compared": {"due": ["x"], "selection": None}, "nova_config_result": owed}}
    assert fleet_summary(["a"], hosts, ["a"]) == [
        "1 host: 1 unchanged",
        "a (unchanged): nova-compute needs a restart, because it still has its former configuration",
    ]
    hosts["a"]["nova_config_restarted"] = {"changed": True}
    assert fleet_summary(["a"], hosts, ["a"]) == [
        "1 host: 1 changed",
        "a (changed): nova configuration: restarted nova-compute",
    ]


def test_a_record_about_placement_is_a_change_of_an_otherwise_unchanged_host():
    written = {"files": [{"path": "/etc/vfio-devices/placement.conf", "action": "created"}]}
    hosts = {"a": {**SAME, "placement_recorded": written, "boot_result": BOOT["boot_result"]}}
    assert fleet_summary(["a"], hosts, ["a"]) == [
        "1 host: 1 changed",
        "a (changed): record of the host's provider in Placement: created 1 file",
    ]


def test_reset_results_of_an_earlier_playbook_do_not_count():
    reset = {"skipped": True}
    applied = {"results": {"boot_result": BOOT["boot_result"]}}
    hosts = {
        "a": {**BOOT, "boot_result": reset, "vfio_applied": applied, "reprofile_begun": "", "drain_free": ""},
        "b": {**SAME, "vfio_applied": reset, "reprofile_begun": "", "drain_free": "", "vfio_held": {}},
    }
    assert fleet_summary(["a", "b"], hosts, ["a", "b"]) == [
        "2 hosts: 1 unchanged, 1 changed",
        "a (changed): boot service: created 1 file",
    ]
