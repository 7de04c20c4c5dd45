# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core import problems

ICE, MLX5, NVME = "0000:31:00.0", "0000:98:00.0", "0000:61:00.0"
GPU = "0000:41:00.0"


@pytest.mark.parametrize(
    ("profile", "function", "sentence"),
    [
        ("nics", {"pf": "eth9", "mode": "pf"}, "there is no such network interface"),
        ("nics", {"pf": "0000:ff:00.0", "mode": "pf"}, "there is no such PCI function"),
        (
            "nics",
            {"pf": "0000:30:00.0", "mode": "pf"},
            "it is a PCI bridge, whose devices would be lost. Select the card behind it",
        ),
        ("nics", {"pf": ICE, "mode": "vf", "num_vfs": "129"}, "num_vfs 129 is more than the maximum of this card, 128"),
        ("nics", {"pf": ICE, "mode": "vf", "num_vfs": "max", "vfs": [{"index": "128"}]}, "vfs contains VF 128"),
        (
            "nics",
            {"pf": ICE, "mode": "vf", "vfs": [{"index": "0"}]},
            "vfs contains VF 0, but the card has 0 virtual functions",
        ),
        ("nics", {"pf": ICE, "mode": "pf", "driver": "vfio-pci2"}, "this host has no driver vfio-pci2 now"),
        (
            "nics",
            {"pf": ICE, "mode": "vf", "num_vfs": "1", "vfs": [{"index": "0", "driver": "x"}]},
            "this host has no driver x now",
        ),
        ("nvme", {"pf": "0000:62:00.0", "mode": "vf"}, "no SR-IOV capability"),
        (
            "nvme",
            {"pf": NVME, "mode": "vf", "num_vfs": "1", "vfs": [{"index": "0", "vlan": 5}]},
            "vfs settings require a network card, and this card has no network interface",
        ),
        ("nvme", {"pf": NVME, "mode": "vf", "num_vfs": "1", "eswitch": "legacy"}, "devlink -j dev eswitch show"),
        ("a40", {"pf": GPU, "mode": "vf", "num_vfs": "4"}, "supports all of its 32 virtual functions or none"),
    ],
)
def test_what_does_not_go(switch, profile, function, sentence):
    with pytest.raises(problems.Refused) as refused:
        switch(profile)(function)
    (problem,) = refused.value.problems
    assert sentence in problem
    assert problem.startswith(f"functions[0] ({function['pf']}): ")


@pytest.mark.parametrize("number", ["max", "4"])
def test_card_whose_firmware_allows_no_virtual_functions(switch, number):
    run = switch("nics")
    run.host.kernel.faults.content(f"sys/bus/pci/devices/{MLX5}/sriov_totalvfs", b"0\n")
    with pytest.raises(problems.Refused) as refused:
        run({"pf": MLX5, "mode": "vf", "num_vfs": number})
    (problem,) = refused.value.problems
    assert (
        f"is 0 now. Enable them in the firmware of the card, or with its driver (Mellanox: `mlxconfig -d {MLX5}"
        in problem
    )
    assert run({"pf": MLX5, "mode": "vf", "num_vfs": "0"})["functions"]


@pytest.mark.parametrize(
    ("program", "function"),
    [
        ("ip", {"pf": ICE, "mode": "vf", "num_vfs": "1", "vfs": [{"index": "0", "vlan": 5}]}),
        ("devlink", {"pf": ICE, "mode": "vf", "num_vfs": "1", "eswitch": "switchdev"}),
        ("usr/lib/nvidia/sriov-manage", {"pf": GPU, "mode": "pf"}),
    ],
)
def test_missing_programs(switch, program, function):
    run = switch("a40" if function["pf"] == GPU else "nics")
    run.host.tools.missing.add(program)
    with pytest.raises(problems.Refused, match=program) as refused:
        run(function)
    # The program is one cause, even if something cannot be read without it.
    assert len(refused.value.problems) == 1
    assert refused.value.problems[0].endswith(("Install the package iproute2 (Red Hat: iproute)", "vGPU host driver"))


def test_a_label_is_what_messages_call_an_entry(switch):
    with pytest.raises(problems.Refused, match=f"^profile nfv \\({ICE}\\): num_vfs 9999 is more"):
        switch("nics")({"pf": ICE, "mode": "vf", "num_vfs": "9999", "label": "profile nfv"})


def test_twice_the_same_card(switch):
    run = switch("nics")
    with pytest.raises(
        problems.Refused, match=r"functions\[1\].*is 0000:31:00.0, which is also in functions\[0\] \(ens49f0np0\)"
    ):
        run({"pf": "ens49f0np0", "mode": "pf"}, {"pf": ICE, "mode": "pf"})


def test_pinned_card_is_refused_only_if_it_would_change(switch):
    run = switch("nics")
    entry = {"pf": ICE, "mode": "vf", "num_vfs": "2", "reconfigurable": False}
    with pytest.raises(problems.Refused, match="but these changes would be required: made 2 virtual"):
        run(entry)
    run({**entry, "reconfigurable": True}, persist=False)
    assert run(entry)["functions"][0]["done"] == ["recorded the mode", f"wrote a udev rule for {ICE}"]


def test_users_are_looked_up_only_for_changes(switch):
    run = switch("nics")
    entry = {"pf": ICE, "mode": "vf", "num_vfs": "2"}
    run(entry)
    run.host.files.listings.clear()
    run(entry)
    assert run.host.files.listings["proc"] == 0


def test_many_cards_in_one_call(switch):
    run = switch("nics")
    result = run({"pf": ICE, "mode": "pf"}, {"pf": MLX5, "mode": "vf", "num_vfs": "4"})
    assert [function["action"] for function in result["functions"]] == ["changed", "changed"]


def test_failure_of_one_card_does_not_stop_the_others(switch):
    run = switch("nics")
    run.host.kernel.drivers["ice"].fails_with = "ENOMEM"
    result = run({"pf": ICE, "mode": "vf", "num_vfs": "4"}, {"pf": MLX5, "mode": "vf", "num_vfs": "4"})
    assert [function["action"] for function in result["functions"]] == ["restored", "changed"]
    assert "pci=realloc" in result["failures"][0]


@pytest.mark.parametrize("kind", ["file", "link"])
@pytest.mark.parametrize("entry", [{"mode": "vf", "num_vfs": "4"}, {"mode": "pf"}], ids=["writes", "removes"])
def test_a_udev_rule_of_others_is_refused_before_the_card_is_changed(switch, entry, kind):
    run = switch("nics")
    rule = f"etc/udev/rules.d/90-vfio-devices-{ICE}.rules"
    if kind == "file":
        run.host.files.replace(rule, b'ACTION=="add", ENV{SECRET}="secret"\n')
    else:
        run.host.files.replace(
            "etc/rules", b"# Written by the Ansible module vfio.devices.sriov_pf_mode, and removed\n"
        )
        run.host.files.symlink(rule, "../../rules")
    before = run.card(ICE)
    for check in (True, False):
        with pytest.raises(problems.Refused, match=rf"{rule} (is a|was not).*, and is not changed. Move it") as refused:
            run({"pf": ICE, **entry}, check=check)
        assert "secret" not in str(refused.value)
        assert run.card(ICE) == before
    assert not run.host.files.exists(f"etc/vfio-devices/sriov_pf_mode/{ICE}.json")


def test_a_udev_rule_of_others_is_no_matter_where_none_is_written(switch):
    run = switch("nics")
    run.host.files.replace(f"etc/udev/rules.d/90-vfio-devices-{ICE}.rules", b"of others")
    assert run({"pf": ICE, "mode": "vf", "num_vfs": "4"}, persist=None)["changed"]
    assert run.card(ICE)["rule"] == "of others"
