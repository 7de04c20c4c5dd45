# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core import problems as core_problems
from ansible_collections.vfio.devices.plugins.module_utils._modes import records

from tests.unit.card_switches import (
    BNXT,
    CARDS,
    GPUS,
    ICE,
    IGB,
    MLX5,
    NVME,
    at_write,
    comparable,
    kill,
    path,
)

WITH_ROUTE = "0000:01:00.0"
NATIVE = {IGB: "igb", ICE: "ice", MLX5: "mlx5_core", BNXT: "bnxt_en", NVME: "nvme"}


def sequence(profile, number):
    counts = ["max", "0", "max"] if profile in ("a40", "l40s") else ["4", "7", "2"]
    modes = [{"mode": "pf"}, *({"mode": "vf", "num_vfs": count} for count in counts), {"mode": "pf"}]
    return [*modes, {"mode": "vf", "num_vfs": counts[0]}][number:]


@pytest.mark.parametrize(("profile", "pf"), CARDS + GPUS)
@pytest.mark.parametrize("vf_driver", [None, "vfio-pci", "none", "default"])
def test_round_trip_check_tells_the_truth_and_the_second_run_changes_nothing(switch, profile, pf, vf_driver):
    run = switch(profile)
    for wanted in sequence(profile, 0):
        entry = {"pf": pf, **wanted, **({"vf_driver": vf_driver} if wanted["mode"] == "vf" else {})}
        predicted = run(entry, check=True)
        result = run(entry)
        assert comparable(predicted) == comparable(result)
        again = run(entry)
        assert not again["changed"]
        assert again["functions"][0]["action"] == "unchanged"
        assert again["diff"]["before"] == again["diff"]["after"] == result["diff"]["after"]
        card = run.card(pf)
        if wanted["mode"] == "pf":
            assert (card["driver"], card["driver_override"], card["virtual"]) == ("vfio-pci", "vfio-pci", {})
        else:
            assert (card["driver"], card["driver_override"]) == (NATIVE.get(pf, "nvidia"), None)
            overrides = {override for dummy, override, dummy in card["virtual"].values()}
            assert overrides <= {{"vfio-pci": "vfio-pci", "none": "none"}.get(vf_driver)}
            if wanted["num_vfs"] != "max":
                assert len(card["virtual"]) == int(wanted["num_vfs"])
        assert run.host.kernel.accessor().list("run/vfio-devices/sriov_pf_mode") == (
            [f"{pf}.json"] if wanted["mode"] == "pf" else []
        )


def test_default_route_is_refused_unless_allowed(switch):
    run = switch("nics")
    with pytest.raises(core_problems.Refused, match="enp1s0f0, which carries the default route"):
        run({"pf": "enp1s0f0", "mode": "pf"})
    run({"pf": "enp1s0f0", "mode": "pf"}, allow_host_network=True)
    assert run.card(WITH_ROUTE)["driver"] == "vfio-pci"


def test_card_is_known_by_the_interface_that_it_had(switch):
    run = switch("nics")
    run({"pf": "ens49f0np0", "mode": "pf"})
    assert not run({"pf": "ens49f0np0", "mode": "pf"})["changed"]
    result = run({"pf": "ens49f0np0", "mode": "vf", "num_vfs": "max"}, check=True)
    assert result["functions"][0]["after"]["num_vfs"] == 128


def test_driver_that_does_nothing_is_found_out(switch):
    run = switch("nics")
    run.host.kernel.netdev_up("enp193s0f0np0", False)
    before = run.card(BNXT)
    result = run({"pf": BNXT, "mode": "vf", "num_vfs": "4"})
    assert result["functions"][0]["action"] == "restored"
    assert "has 0 virtual functions after the driver bnxt_en accepted 4" in result["failures"][0]
    assert run.card(BNXT) == before


def test_virtual_functions_that_another_driver_left_are_found_out(switch):
    run = switch("nics")
    device = path(IGB)
    run.host.write(f"{device}/driver/unbind", IGB)
    run.host.write(f"{device}/driver_override", "pci-pf-stub\n")
    run.host.write("sys/bus/pci/drivers_probe", IGB)
    run.host.write(f"{device}/sriov_numvfs", "8")
    run.host.write(f"{device}/driver/unbind", IGB)
    run.host.write(f"{device}/driver_override", "\n")
    run.host.write("sys/bus/pci/drivers_probe", IGB)
    result = run({"pf": IGB, "mode": "vf", "num_vfs": "2"})
    assert "has 8 virtual functions after the driver igb accepted 0" in result["failures"][0]


@pytest.mark.parametrize("name", ["ENOMEM", "EAGAIN", "EBUSY"])
def test_old_number_is_put_back(switch, name):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "4", "vf_driver": "vfio-pci"})
    before = run.card(ICE)
    run.host.kernel.faults.fail(f"{path(ICE)}/sriov_numvfs", getattr(errno, name), ("write",), skip=1, times=1)
    result = run({"pf": ICE, "mode": "vf", "num_vfs": "7", "vf_driver": "vfio-pci"})
    (function,) = result["functions"]
    assert function["action"] == "restored"
    assert name in function["error"]
    assert "The card has its previous state, 4 virtual functions" in function["error"]
    assert run.card(ICE) == before


def test_too_many_for_a_driver_that_knows_only_when_asked(switch):
    run = switch("nics")
    run({"pf": MLX5, "mode": "vf", "num_vfs": "2"})
    run.host.kernel.drivers["mlx5_core"].limit = 4
    result = run({"pf": MLX5, "mode": "vf", "num_vfs": "8"})
    assert result["functions"][0]["action"] == "restored"
    assert len(run.card(MLX5)["virtual"]) == 2


def test_max_is_what_the_native_driver_says(switch):
    run = switch("nics")
    run({"pf": IGB, "mode": "pf"}, persist=False)
    run.host.files.unlink(f"run/vfio-devices/sriov_pf_mode/{IGB}.json")
    result = run({"pf": IGB, "mode": "vf", "num_vfs": "max"})
    assert result["functions"][0]["after"]["num_vfs"] == 7


def test_persistence_is_removed_when_it_is_no_longer_wanted(switch):
    run = switch("nics")
    entry = {"pf": ICE, "mode": "vf", "num_vfs": "4"}
    run(entry)
    rule = run.host.files.read(f"etc/udev/rules.d/90-vfio-devices-{ICE}.rules").decode()
    assert f'KERNEL=="{ICE}"' in rule
    assert 'ATTR{sriov_numvfs}="4"' in rule
    result = run(entry, persist=False)
    assert result["functions"][0]["done"] == [
        "removed the record of the mode",
        f"removed the udev rule of {ICE}",
    ]
    assert run.card(ICE)["record"] is None
    assert not run(entry, persist=False)["changed"]


def test_lent_by_libvirt_is_as_it_shall_be(switch):
    """In managed mode libvirt binds a device to vfio-pci while its guest runs."""
    run = switch("nics")
    run({"pf": ICE, "mode": "pf", "driver": "native"})
    device = path(ICE)
    run.host.write(f"{device}/driver_override", "vfio-pci\n")
    run.host.write(f"{device}/driver/unbind", ICE)
    run.host.write("sys/bus/pci/drivers_probe", ICE)
    run.host.kernel.hold(ICE)
    assert not run({"pf": ICE, "mode": "pf", "driver": "native"})["changed"]
    with pytest.raises(core_problems.Refused, match="in use by guest simulated"):
        run({"pf": ICE, "mode": "vf", "num_vfs": "2"})
    run.host.kernel.release(ICE)
    run({"pf": ICE, "mode": "pf", "driver": "native"})
    assert (run.card(ICE)["driver"], run.card(ICE)["driver_override"]) == ("ice", None)


def test_settings_before_drivers_and_only_where_they_differ(switch):
    run = switch("nics")
    entry = {
        "pf": ICE,
        "mode": "vf",
        "num_vfs": "6",
        "vfs": [
            {"index": "0", "mac": "52:54:00:AA:00:01", "vlan": 100, "qos": 3, "trust": True},
            {"index": "2-4", "driver": "vfio-pci", "spoofchk": False, "max_tx_rate": 1000},
        ],
    }
    result = run(entry)
    assert [step for step in result["functions"][0]["done"] if "virtual functions" in step] == [
        "made 6 virtual functions",
        "set up virtual functions 0 (mac vlan qos trust), 2 (spoofchk max_tx_rate), 3 (spoofchk max_tx_rate), "
        "4 (spoofchk max_tx_rate)",
        "bound virtual functions 2, 3, 4 to vfio-pci",
        "let the kernel choose a driver for virtual functions 0, 1, 5",
    ]
    drivers = [one["driver"] for one in result["functions"][0]["after"]["virtual_functions"]]
    assert drivers == ["iavf", "iavf", "vfio-pci", "vfio-pci", "vfio-pci", "iavf"]
    run.host.tools.calls.clear()
    assert not run(entry)["changed"]
    assert not [call for call in run.host.tools.calls if " set " in call]
    entry["vfs"][0]["vlan"] = 200
    assert run(entry)["functions"][0]["done"][0] == "set up virtual functions 0 (mac vlan qos trust)"
    assert [call for call in run.host.tools.calls if " set " in call] == [
        "ip link set dev ens49f0np0 vf 0 vlan 200 qos 3"
    ]


def test_address_outlives_what_udev_does_to_new_interfaces(switch):
    run = switch("nics")
    entry = {
        "pf": ICE,
        "mode": "vf",
        "num_vfs": "3",
        "vfs": [{"index": "0-1", "trust": True}, {"index": "2", "mac": "52:54:00:aa:00:01", "trust": True}],
    }
    run(entry)
    run.host.tools.run_udev()
    assert not run(entry)["changed"]
    addresses = [one["address"] for one in run.host.tools._vfs(run.host.kernel.function(ICE))]
    assert addresses[2] == "52:54:00:aa:00:01"
    assert [one[2] for one in run.card(ICE)["virtual"].values()] == ["iavf"] * 3


def test_settings_are_put_back_with_the_old_number(switch):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "2", "vfs": [{"index": "1", "mac": "52:54:00:aa:00:01", "vlan": 7}]})
    run.host.kernel.drivers["ice"].limit = 4
    result = run({"pf": ICE, "mode": "vf", "num_vfs": "8"})
    assert result["functions"][0]["action"] == "restored"
    virtual = run.host.tools._vfs(run.host.kernel.function(ICE))[1]
    assert (virtual["address"], virtual["vlan_list"]) == ("52:54:00:aa:00:01", [{"vlan": 7}])


def test_setting_that_has_no_effect_is_found_out(switch):
    run = switch("nics")
    run.host.tools.ignored.add("trust")
    result = run({"pf": ICE, "mode": "vf", "num_vfs": "2", "vfs": [{"index": "0", "trust": True}]})
    assert "has trust off for VF 0 although on was set" in result["failures"][0]
    assert run.card(ICE)["virtual"] == {}


def test_switch_mode_is_set_while_there_are_no_virtual_functions(switch):
    run = switch("nics")
    entry = {"pf": MLX5, "mode": "vf", "num_vfs": "2", "eswitch": "switchdev"}
    run({**entry, "eswitch": None})
    result = run(entry)
    assert result["functions"][0]["done"][:3] == [
        "removed 2 virtual functions",
        "set the switch to switchdev",
        "made 2 virtual functions",
    ]
    assert result["diff"]["after"][MLX5]["eswitch"] == "switchdev"
    assert not run(entry)["changed"]
    with pytest.raises(
        core_problems.Refused, match="virtual functions. Set num_vfs explicitly, or num_vfs: 0 to remove them"
    ):
        run({**entry, "num_vfs": None, "eswitch": "legacy"})


def test_number_that_belongs_to_somebody_else_is_left(switch):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "3"})
    result = run({"pf": ICE, "mode": "vf", "vf_driver": "vfio-pci"})
    assert result["functions"][0]["after"]["num_vfs"] == 3
    assert {one[2] for one in run.card(ICE)["virtual"].values()} == {"vfio-pci"}
    assert run.card(ICE)["rule"] is None


def test_from_no_driver_at_all_to_the_kernels_choice(switch):
    run = switch("nics")
    entry = {"pf": ICE, "mode": "vf", "num_vfs": "3", "vf_driver": "none"}
    run(entry)
    assert {one[1:] for one in run.card(ICE)["virtual"].values()} == {("none", None)}
    run({**entry, "vf_driver": "default"})
    assert {one[1:] for one in run.card(ICE)["virtual"].values()} == {(None, "iavf")}


def test_lock_of_a_gpu_that_is_free_again(switch):
    run = switch("a40")
    run.host.kernel.nvml_clients = True
    result = run({"pf": "0000:41:00.0", "mode": "pf"})
    assert "Cannot obtain unbindLock" in result["failures"][0]
    assert result["functions"][0]["action"] == "restored"
    assert run.card("0000:41:00.0")["driver"] == "nvidia"
    entry = {"pf": "0000:41:00.0", "mode": "vf", "num_vfs": "0"}
    calls = run.host.tools.calls
    calls.clear()
    start = run.host.tools.start

    def freed(program, arguments, lock):
        run.host.kernel.nvml_clients = len(calls) < 3
        return start(program, arguments, lock)

    run.host.tools.start = freed
    assert run(entry)["functions"][0]["action"] == "changed"
    assert len(calls) > 3


def test_gpu_that_the_program_left_without_a_driver(switch):
    run = switch("a40")
    pf = "0000:41:00.0"
    run({"pf": pf, "mode": "vf", "num_vfs": "0"})
    run.host.write(f"{path(pf)}/driver/unbind", pf)
    run.host.write(f"{path(pf)}/driver_override", "pci-pf-stub\n")
    run.host.write("sys/bus/pci/drivers/pci-pf-stub/bind", pf)
    result = run({"pf": pf, "mode": "vf", "num_vfs": "max"})
    assert result["functions"][0]["after"]["num_vfs"] == 32
    assert (run.card(pf)["driver"], run.card(pf)["driver_override"]) == ("nvidia", None)


def test_everything_wrong_is_told_at_once(switch):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "2"})
    virtual = run.card(ICE)["virtual"][0][0]
    counted = at_write(run, 1, kill)
    with pytest.raises(core_problems.Refused) as refused:
        run(
            {"pf": virtual, "mode": "vf", "num_vfs": "2"},
            {"pf": "0000:ff:00.0", "mode": "vf"},
            {"pf": IGB, "mode": "vf", "num_vfs": "8"},
            {"pf": MLX5, "mode": "pf", "num_vfs": "2"},
            {"pf": "ens49f0np0", "mode": "vf", "num_vfs": "2"},
            {"pf": ICE, "mode": "vf", "num_vfs": "2", "vfs": [{"index": "0", "mac": "01:00:5e:00:00:01"}]},
            {
                "pf": BNXT,
                "mode": "vf",
                "num_vfs": "2",
                "vfs": [{"index": "0", "vlan": 4095}, {"index": "2", "vlan": 1}],
            },
            {"pf": "0000:31:00.1", "mode": "vf", "vf_driver": "vfio-pc"},
            {"pf": "../../etc", "mode": "pf"},
        )
    problems = "\n".join(refused.value.problems)
    for sentence in (
        f"({virtual}): it is a virtual function of {ICE}",
        "no such PCI function",
        "num_vfs 8 is more than the maximum of this card, 7",
        "num_vfs is not valid with mode pf",
        f"is {ICE}, which is also in functions[4] (",
        "is not a unicast address such as",
        "vlan must be a whole number from 0 to 4094",
        "there is no VF 2",
        "no driver vfio-pc now",
        "'../../etc' is neither",
    ):
        assert sentence in problems
    assert counted.writes == 0


def test_device_without_sr_iov(switch):
    run = switch("nvme")
    with pytest.raises(core_problems.Refused, match="no SR-IOV capability"):
        run({"pf": "0000:62:00.0", "mode": "vf", "num_vfs": "2"})


def test_pinned_card(switch):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "2"})
    assert not run({"pf": ICE, "mode": "vf", "num_vfs": "2"})["changed"]
    with pytest.raises(core_problems.Refused, match="it is pinned .*, but these changes would be required:"):
        run({"pf": ICE, "mode": "pf", "reconfigurable": False})


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("place", ["etc/vfio-devices/sriov_pf_mode/*", "etc/udev/rules.d/*", "run/*"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_files_that_cannot_be_written_are_found_before_the_first_card_is_switched(switch, number, place, check):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "2"})
    before = [run.card(pf) for pf in (ICE, MLX5)]
    run.host.kernel.faults.fail(place, number, operations=("write",))
    with pytest.raises(core_problems.Refused) as refused:
        run({"pf": ICE, "mode": "pf"}, {"pf": MLX5, "mode": "vf", "num_vfs": "2"}, check=check)
    assert errno.errorcode[number] in str(refused.value)
    assert "Above 4G Decoding" not in str(refused.value)
    assert [run.card(pf) for pf in (ICE, MLX5)] == before


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ENOMEM, errno.EIO])
def test_errors_of_files_come_without_advice_about_cards(switch, number):
    run = switch("nics")
    replace = run.host.files.replace

    def fail(path, data):
        if path.startswith("etc/vfio-devices"):
            raise OSError(number, "")
        replace(path, data)

    run.host.files.replace = fail
    (sentence,) = run({"pf": ICE, "mode": "vf", "num_vfs": "2"})["failures"]
    assert f"cannot write /etc/vfio-devices/sriov_pf_mode/{ICE}.json: {errno.errorcode[number]}" in sentence
    assert not [
        words
        for words in ("firmware", "its driver does not support virtual functions, or it has no driver", "kernel log")
        if words in sentence
    ]


def test_a_change_of_only_the_record_or_the_rule_is_seen(switch):
    run = switch("nics")
    entry = {"pf": ICE, "mode": "vf", "num_vfs": "4"}
    run(entry)
    predicted = run({**entry, "reconfigurable": False}, check=True)
    before, after = (predicted["diff"][side][ICE]["record"] for side in ("before", "after"))
    assert set(before) ^ set(after) == {"reconfigurable: true", "reconfigurable: false"}
    assert run({**entry, "reconfigurable": False})["diff"] == predicted["diff"]
    run.host.files.unlink(records.rule_path(ICE))
    predicted = run({**entry, "reconfigurable": False}, check=True)
    assert predicted["diff"]["before"][ICE]["udev_rule"] is None
    assert f'KERNEL=="{ICE}"' in predicted["diff"]["after"][ICE]["udev_rule"]
    assert run({**entry, "reconfigurable": False})["diff"] == predicted["diff"]
