# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot import restore
from ansible_collections.vfio.devices.plugins.module_utils._guards import libvirt
from ansible_collections.vfio.devices.plugins.module_utils._host import records as host_records
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.tests.unit.domains import told
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ICE, ICE1, MLX5 = "0000:31:00.0", "0000:31:00.1", "0000:98:00.0"
T4, A40, L40S = "0000:3b:00.0", "0000:41:00.0", "0000:84:00.0"
VFS = {"pf": ICE, "mode": "vf", "num_vfs": "4", "vf_driver": "vfio-pci", "vfs": [{"index": "0", "vlan": 7}]}
WHOLE = {"pf": MLX5, "mode": "pf"}


class Boot:
    """A configured host, rebooted and restored; ``seconds`` is the duration of the last run on its clock."""

    def __init__(self, switch, profile, **changes):
        self.switch = switch(profile, **changes)
        self.host = self.switch.host
        self.seconds = 0.0

    def reboot(self, late=None):
        self.host.kernel.reboot(late)

    def run(self, **options):
        begin = self.host.kernel.clock.now()
        results = restore.restore(self.host.root(), **options)
        self.seconds = self.host.kernel.clock.now() - begin
        return results

    def outcomes(self, **options):
        return [(result.card, result.outcome) for result in self.run(**options)]

    def records(self):
        files, found = self.host.files, {}
        for directory in ("etc/vfio-devices/sriov_pf_mode", "etc/vfio-devices/mdev_instance", "etc/udev/rules.d"):
            names = files.list(directory) if files.exists(directory) else []
            found.update((name, files.read(f"{directory}/{name}")) for name in names)
        return found


@pytest.fixture
def boot(switch):
    return lambda profile, **changes: Boot(switch, profile, **changes)


SETUPS = [
    ("t4", [], [{"type": "GRID T4-2B", "parent": T4, "count": "max"}], {T4: 5}),
    (
        "a40",
        [{"pf": A40, "mode": "vf", "num_vfs": "max"}],
        [{"type": "NVIDIA A40-8Q", "parent": A40, "count": "4"}],
        {},
    ),
    ("l40s", [], [{"type": "NVIDIA L40S-8Q", "parent": L40S, "count": "4"}], {f"{L40S}/vfs": 5}),
    ("gvt", [], [{"type": "GVTg_V5_4", "parent": "0000:00:02.0", "count": "2"}], {"i915": 5}),
    ("mtty", [], [{"type": "mtty-2", "parent": "mtty", "count": "3"}], {"mtty": 5}),
    ("mdpy", [], [{"type": "mdpy-hd", "parent": "mdpy"}], {"mdpy": 5}),
    ("mbochs", [], [{"type": "mbochs-small", "parent": "mbochs", "count": "2"}], {"mbochs": 5}),
    ("s390", [], [{"type": "vfio_ccw-io", "parent": "0.0.0313"}], {}),
    ("nics", [VFS, WHOLE], [], {"ice": 5, "vfio-pci": 5, MLX5: 5}),
    ("nvme", [{"pf": "0000:61:00.0", "mode": "vf", "num_vfs": "5", "vf_driver": "vfio-pci"}], [], {"nvme": 5}),
    ("mixed", [{"pf": "0000:5e:00.0", "mode": "pf"}], [{"type": "GRID T4-2B", "parent": "0000:af:00.0"}], {"ice": 5}),
]


@pytest.mark.parametrize(("profile", "functions", "instances", "late"), SETUPS, ids=lambda value: str(value)[:8])
@pytest.mark.parametrize("waits", [False, True])
def test_everything_is_back_after_a_reboot(boot, profile, functions, instances, late, waits):
    host = boot(profile)
    if functions:
        host.switch(*functions)
    if instances:
        host.host.converge(*instances)
    devices = host.host.devices()
    cards = {one["pf"]: host.switch.card(one["pf"]) for one in functions}
    kept = host.records()
    host.reboot(late if waits else {})
    done = host.outcomes()
    assert {outcome for card, outcome in done} <= {"restored", "unchanged"}
    assert "restored" in dict(done).values()
    assert host.host.devices() == devices
    assert {pf: host.switch.card(pf) for pf in cards} == cards
    assert {outcome for card, outcome in host.outcomes()} == {"unchanged"}
    assert host.records() == kept
    if functions:
        assert not host.switch(*functions)["changed"]
    if instances:
        assert not host.host.converge(*instances)["changed"]


def test_gpu_without_virtual_functions_goes_through_its_program_first(boot):
    host = boot("a40")
    host.switch({"pf": A40, "mode": "vf", "num_vfs": "max"})
    host.host.converge({"type": "NVIDIA A40-8Q", "parent": A40, "count": "4"})
    devices = host.host.devices()
    host.reboot({f"{A40}/vfs": 9999})
    results = host.run()
    assert [result.done[-1] for result in results] == [
        "removed the stored driver name",
        "created 4 of NVIDIA A40-8Q",
    ]
    assert host.host.devices() == devices


def test_settings_of_virtual_functions_come_back(boot):
    host = boot("nics")
    host.switch(VFS)
    settings = next(call for call in host.host.tools.calls if " vlan 7" in call)
    host.reboot()
    host.run()
    assert host.host.tools.calls.count(settings) == 2
    assert not host.switch(VFS)["changed"]


def test_card_that_never_comes_costs_the_others_nothing(boot):
    host = boot("nics")
    host.switch(VFS, WHOLE, {"pf": ICE1, "mode": "vf", "num_vfs": "2"})
    host.reboot({ICE1: 9999, "ice": 10})
    seen = []
    root = host.host.root()
    begin = root.now()
    write = root.write
    root.write = lambda *args: seen.append((root.now() - begin, args[0])) or write(*args)
    results = {result.card: result for result in restore.restore(root, timeout=60)}
    assert [results[card].outcome for card in (ICE, ICE1, MLX5)] == ["restored", "failed", "restored"]
    assert results[ICE1].problems == [f"there is no PCI function {ICE1}"]
    assert max(moment for moment, path in seen) < 11
    assert 60 <= root.now() - begin < 62


def test_devices_of_a_card_that_failed_are_not_waited_for(boot):
    host = boot("a40")
    host.switch({"pf": A40, "mode": "vf", "num_vfs": "max"})
    host.host.converge({"type": "NVIDIA A40-8Q", "parent": A40})
    host.reboot({A40: 9999})
    assert host.outcomes(timeout=60) == [(A40, "failed"), (A40, "failed")]
    assert host.seconds < 62


def test_passthrough_that_ends(boot):
    """A guest had the card: its native driver is bound again, but its virtual functions and their settings are lost."""
    host = boot("nics")
    host.switch(VFS)
    before = host.switch.card(ICE)
    host.host.write(f"sys/bus/pci/devices/{ICE}/driver/unbind", ICE)
    host.host.write("sys/bus/pci/drivers/ice/bind", ICE)
    assert host.switch.card(ICE) != before
    assert host.outcomes(card=MLX5) == []
    assert host.outcomes(card=ICE) == [(ICE, "restored")]
    assert host.switch.card(ICE) == before


def test_card_in_use_is_left_to_its_guest(boot):
    host = boot("nics")
    host.switch(VFS)
    pci = f"sys/bus/pci/devices/{ICE}"
    host.host.write(f"{pci}/driver/unbind", ICE)
    host.host.write(f"{pci}/driver_override", "vfio-pci")
    host.host.write("sys/bus/pci/drivers_probe", ICE)
    host.host.kernel.hold(ICE)
    (result,) = host.run()
    assert result.outcome == "failed"
    assert "in use by guest simulated" in result.problems[0]
    assert host.seconds < 1
    assert host.switch.card(ICE)["driver"] == "vfio-pci"


def test_card_that_comes_back_is_waited_for_until_its_domain_is_gone(boot, monkeypatch):
    host = boot("nics")
    host.switch(VFS)
    host.reboot()
    now = host.host.kernel.clock.now
    gone = now() + 25
    domain = {"name": "web1", "running": False}
    monkeypatch.setattr(libvirt, "query_daemon", lambda root: told({ICE: [domain]} if now() < gone else {}))
    (result,) = host.run()
    assert "in use by guest web1 (defined)" in result.problems[0]
    assert host.seconds < 1
    assert host.outcomes(card=ICE, timeout=20) == [(ICE, "failed")]
    assert 20 <= host.seconds < 22
    assert host.outcomes(card=ICE) == [(ICE, "restored")]
    assert host.seconds < 7


def test_card_with_the_default_route_gets_its_virtual_functions_and_is_not_given_away(boot):
    host = boot("nics")
    pf = "0000:01:00.0"
    host.switch({"pf": pf, "mode": "vf", "num_vfs": "3"}, allow_host_network=True)
    host.reboot()
    assert host.outcomes() == [(pf, "restored")]
    host.switch({"pf": pf, "mode": "pf"}, allow_host_network=True)
    host.reboot()
    (result,) = host.run()
    assert "carries the default route" in result.problems[0]
    assert host.switch.card(pf)["driver"] == "igb"


def test_another_card_at_the_address_is_left_alone(boot):
    host = boot("nics")
    host.switch(WHOLE)
    function = next(one for one in host.host.kernel.profile.functions if one.address == MLX5)
    function.device = "1021"
    host.reboot()
    (result,) = host.run()
    assert result.problems[0].startswith("another card is at this address: 15b3:1021 instead of 15b3:101d")
    assert host.seconds < 1
    assert host.switch.card(MLX5)["driver"] == "mlx5_core"


def test_pinned_card_is_brought_back(boot):
    host = boot("nics")
    host.switch({"pf": ICE, "mode": "vf", "num_vfs": "4"})
    host.switch({"pf": ICE, "mode": "vf", "num_vfs": "4", "reconfigurable": False})
    host.reboot()
    assert host.outcomes() == [(ICE, "restored")]
    assert len(host.switch.card(ICE)["virtual"]) == 4


def test_check_mode_waits_for_nothing_and_changes_nothing(boot):
    host = boot("nics")
    host.switch(VFS, WHOLE)
    host.reboot({MLX5: 10})
    before = host.switch.card(ICE)
    results = {result.card: result for result in host.run(check_mode=True)}
    assert results[ICE].done[0] == "made 4 virtual functions"
    assert results[MLX5].problems == [f"there is no PCI function {MLX5}"]
    assert host.seconds == 0
    assert host.switch.card(ICE) == before


def test_run_of_somebody_else_is_waited_for(boot):
    host = boot("nics")
    root = host.host.root()
    host.host.files.lock = lambda path: False
    host.host.files.lock_holders = lambda path: ["pid 17 (python3)"]
    with pytest.raises(HostError, match=r"/run/vfio-devices/lock was not released within 300 s: .* pid 17 \(python3\)"):
        restore.restore(root)


@pytest.mark.parametrize("kind", ["sriov_pf_mode", "mdev_instance"])
@pytest.mark.parametrize("text", ["", "{", "[]", "\x00", '{"function": 5}', '{"instances": 5}', '{"instances": [5]}'])
def test_broken_record_is_told_at_once_and_hurts_nobody(boot, kind, text):
    host = boot("nics")
    host.switch(VFS)
    host.host.files.replace(f"etc/vfio-devices/{kind}/{ICE1}.json", text.encode())
    host.reboot()
    assert host.outcomes() == [(ICE, "restored"), (ICE1, "failed")]
    assert host.seconds < 1


def test_bug_is_told_and_hurts_nobody(boot, monkeypatch):
    host = boot("nics")
    host.switch(VFS, WHOLE)
    host.reboot()
    missing = restore.Modes.missing
    monkeypatch.setattr(restore.Modes, "missing", lambda self: missing(self) if self.card == ICE else 1 / 0)
    results = host.run()
    assert [result.outcome for result in results] == ["restored", "failed"]
    assert "this is a bug in vfio.devices: Traceback" in results[1].problems[0]


RECORDED = {
    "sriov_pf_mode": {
        "function": {"pf": ICE, "mode": "vf", "num_vfs": "2", "vfs": [{"index": "0", "vlan": 7}]},
        "model": "8086:159b",
        "identity": {"mac": "02:00:00:00:00:01", "slot": "3"},
        "native": {},
    },
    "mdev_instance": {
        "instances": [
            {
                "uuid": "8c8ed6ae-4bd4-44d8-b7ce-b6b4f4d6ff4e",
                "address": None,
                "parent": "mtty",
                "type": "mtty-1",
                "type_name": "Single port serial",
                "attributes": [["a", "b"]],
                "autostart": True,
            }
        ]
    },
}
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["pf", "max", ICE, "../x", "a\0"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


def places(value, path=()):
    """Yield the path of every value in a record."""
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


def spoilt(value, path, with_what):
    if not path:
        return with_what
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = spoilt(copy[path[0]], path[1:], with_what)
    return copy


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from(sorted(RECORDED)), value=VALUES)
def test_no_record_makes_it_fall(simulated, data, kind, value):
    host = simulated("mixed")
    card = data.draw(st.sampled_from([T4, "mtty", "x y", "0000:5e:00.0"]))
    path = data.draw(st.sampled_from(sorted(places(RECORDED[kind]), key=str)))
    record = spoilt(RECORDED[kind], path, value)
    host.files.replace(f"{host_records.DIRECTORY}/{kind}/{card}.json", json.dumps(record).encode())
    (result,) = restore.restore(host.root(), timeout=0.0)
    assert result.card == card
    assert not [problem for problem in result.problems if "this is a bug" in problem]
