# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the last lines of output of the playbooks and their exit status."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from ansible_collections.vfio.devices.tests.integration import simulated
from ansible_collections.vfio.devices.tests.integration.placement import services
from ansible_collections.vfio.devices.tests.simhost import mounting

GUEST = "7f1d6f2e-6a3c-4f6b-9a57-0d6f3a1c2b01"
STAYS = (
    f"0000:3b:00.0 is unchanged: {GUEST} is in use by guest desktop-1 (pid 4711, qemu-system-x86). "
    "All other cards are done. Run reprofile again when the card is free."
)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    directory = tmp_path_factory.mktemp("hosts") / "fleet"
    mounting.mount(directory, ["mixed", "t4"])
    yield directory
    mounting.unmount(directory)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    """Start a Placement with the compute nodes of both hosts."""
    with services.with_nodes(tmp_path_factory.mktemp("placement"), ["mixed", "t4"]) as cloud:
        yield cloud


@pytest.fixture
def play(fleet, tmp_path):
    """Return a function that runs a playbook on both hosts and returns status, output and changed tasks by host."""

    def play(name, *arguments, hosts=None, **variables):
        inventory = tmp_path / "hosts.yml"
        inventory.write_text(simulated.inventory(fleet, hosts or {"mixed": {}, "t4": {}}, **variables))
        command = ["ansible-playbook", "-i", str(inventory), f"vfio.devices.{name}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
        changed = {host: int(number) for host, number in re.findall(r"^(\S+) .* changed=(\d+) ", done.stdout, re.M)}
        return done.returncode, done.stdout, changed

    return play


def desktops(type_name):
    """Return profiles for the two cards of each host with a vGPU type."""
    return [{"name": "t4", "select": "product_id == '1eb8'", "owner": "none", "vgpu": {"type": type_name}}]


@pytest.mark.parametrize("name", ["site", "verify", "reprofile"])
def test_hosts_without_profiles_are_told_once_and_left_alone(name, play, fleet):
    status, said, changed = play(name, vfio_profile=desktops("GRID T4-2Q"))
    assert (status, changed) == (0, {"mixed": 0, "t4": 0}), said
    assert said.count("vfio_profiles is empty or not set for mixed, t4 (2 hosts), so nothing is configured there.") == 1
    assert not list(fleet.glob("*/usr/local/lib/vfio-devices-restore*"))


def test_a_card_in_use_is_left_and_the_run_fails_when_all_else_is_done(play, fleet):
    old, new = {"vfio_profiles": desktops("GRID T4-2Q")}, {"vfio_profiles": desktops("GRID T4-4Q")}
    of_nova = {"name": "ports", "select": ["0000:5e:00.0"], "mode": "vf", "num_vfs": 0}
    status, said, changed = play("site", vfio_profiles=[*old["vfio_profiles"], of_nova])
    assert status == 0, said
    assert said.count("ports has the owner nova, but nova_config_release is not set, so the nova configuration") == 1

    status, said, changed = play("verify", **new)
    assert (status, changed) == (2, {"mixed": 0, "t4": 0}), said
    assert "-> GRID T4-4Q" in said
    # The other card is free, but the playbook site would reject the host.
    of_host = re.search(r'fatal: \[mixed\]: FAILED! => .*?"msg": "(.*?)"', said, re.DOTALL)[1].split("\\n")
    assert f"devices: 0000:3b:00.0 {GUEST} is not declared, and is in use by guest desktop-1 (" in "".join(of_host)
    assert "devices: 7 more devices on 0000:3b:00.0 cannot be changed now, because its card is in use" in of_host
    assert of_host[-1].startswith("Run the playbook reprofile with -e vfio_wait=3600, which waits for the users")
    assert "Run the playbook site to correct this." not in of_host

    status, said, changed = play("reprofile", "--check", "--diff", **new)
    assert (status, changed) == (2, {"mixed": 1, "t4": 1}), said
    assert "3b:00.0 would be unchanged" in said
    assert said.count("+++ after") == 2

    # The host with the guest is the first, and the others are still changed.
    status, said, changed = play("reprofile", **new)
    assert (status, changed) == (2, {"mixed": 1, "t4": 1}), said
    assert said.count(f'"msg": "{STAYS}"') == 1
    # Since 2.19, ansible-core prints errors twice. The summary names the guest once.
    assert said.count("desktop-1") == said.count(STAYS) + 1

    mounting.request(fleet, command="release", host="mixed", device=GUEST)
    status, said, changed = play("reprofile", **new)
    assert (status, changed) == (0, {"mixed": 1, "t4": 0}), said
    status, said, changed = play("verify", **new)
    assert (status, changed) == (0, {"mixed": 0, "t4": 0}), said


def test_an_unchanged_host_needs_one_module_run(play, fleet, tmp_path):
    interpreter, count = simulated.counting_interpreter(tmp_path)
    hosts = {"t4": {}, "mixed": {"vfio_profiles": desktops("NONE")}}
    given = {"hosts": hosts, "vfio_profiles": desktops("GRID T4-4Q"), "ansible_python_interpreter": str(interpreter)}
    limit = ["--limit", "t4"]
    status, said, changed = play("site", *limit, **given)
    assert status == 0, said
    for name, options in (("site", []), ("site", ["--check", "--diff"]), ("verify", []), ("reprofile", [])):
        count.unlink()
        status, said, changed = play(name, *limit, *options, **given)
        assert (status, changed) == (0, {"t4": 0}), said
        assert count.read_text() == "run\n"
        assert len(re.findall(r"^TASK ", said, re.M)) <= 8
        assert "1 host: 1 unchanged" in said
    status, said, changed = play("verify", *limit, "--tags", "mdev", **given)
    assert (status, changed) == (0, {"t4": 0}), said
    assert "1 host: 1 not compared" in said

    # One host differs and another has an error in the same run.
    (fleet / "t4/usr/local/lib/vfio-devices-restore.pyz").unlink()
    status, said, changed = play("site", "--check", **given)
    assert (status, changed) == (2, {"mixed": 0, "t4": 1}), said
    assert "2 hosts: 1 would change, 1 rejected or failed" in said
    assert "t4 (would change): boot service: would create 1 file" in said
    assert "mixed (rejected or failed): profile t4, 0000:3b:00.0, 0000:af:00.0: there is no type NONE" in said


def test_drift_in_placement_is_told_at_its_host(play, cloud, fleet, tmp_path):
    if (fleet / f"mixed/sys/bus/mdev/devices/{GUEST}").exists():
        mounting.request(fleet, command="release", host="mixed", device=GUEST)
    (profile,) = desktops("GRID T4-4Q")
    variables = {
        "vfio_profiles": [{**profile, "placement": {"resource_class": "CUSTOM_VGPU", "traits": ["CUSTOM_GOLD"]}}],
        "placement_publish": True,
        "placement_auth_type": "admin_token",
        "placement_auth": {"endpoint": cloud.url, "token": "admin"},
    }
    status, said, changed = play("site", **variables)
    assert status == 0, said
    interpreter, count = simulated.counting_interpreter(tmp_path)
    batches = ["-e", "vfio_serial=1"]
    for name, options in (("site", []), ("verify", []), ("reprofile", []), ("site", ["--check"]), ("site", batches)):
        status, said, changed = play(name, *options, **variables, ansible_python_interpreter=str(interpreter))
        assert (status, changed) == (0, {"mixed": 0, "t4": 0}), said
        assert "2 hosts: 2 unchanged" in said
        assert count.read_text() == 2 * "run\n"
        count.unlink()
    provider = "t4_vfio_0000:af:00.0"
    kept = [name for name in cloud.get(provider, "traits") if name != "CUSTOM_GOLD"]
    cloud.set(provider, "traits", kept)
    status, said, changed = play("verify", **variables)
    assert (status, changed) == (2, {"mixed": 0, "t4": 0}), said
    assert re.findall(r"^fatal: \[(\w+)\]", said, re.MULTILINE) == ["t4"]
    (line,) = re.findall(r'"t4 \(different\): (placement: .*)",$', said, re.MULTILINE)
    assert line.startswith(f"placement: {provider} traits: ")
    assert "2 hosts: 1 unchanged, 1 different" in said
    assert "CUSTOM_GOLD" not in cloud.get(provider, "traits"), "verify changes nothing"
    # The first play has compared all hosts. Only the batch of the host that differs compares it again.
    status, said, changed = play("site", *batches, **variables, ansible_python_interpreter=str(interpreter))
    assert (status, changed["mixed"], changed["t4"] > 0) == (0, 0, True), said
    assert "2 hosts: 1 unchanged, 1 changed" in said
    assert count.read_text() == 3 * "run\n"
    assert "CUSTOM_GOLD" in cloud.get(provider, "traits")


@pytest.mark.parametrize(
    ("name", "asked", "words"),
    [
        (
            "drain",
            {"drain_cards": ["0000:3b:00.0", "0000:c1:00.0", "3b:00.0", "0000:3b:00.1"]},
            [
                "Cards cannot be drained: "
                "0000:c1:00.0 is not in a profile, so it has no provider to drain; "
                "3b:00.0 is not a card of this host; 0000:3b:00.1 is not a card of this host. "
                "The profiles select 0000:3b:00.0, 0000:af:00.0 on this host."
            ],
        ),
        ("drain", {"drain_cards": "0000:C1:00.0", "vfio_wait": 0}, ["0000:C1:00.0 is not a card of this host."]),
        (
            "drain",
            {"vfio_wait": -1, "drain_cards": 5},
            [
                "vfio_wait must be a whole number of seconds from 0 to 604800, and not -1",
                "drain_cards must be a list of cards, and not 5",
            ],
        ),
        (
            "reprofile",
            {"vfio_wait": "soon"},
            ["vfio_wait must be a whole number of seconds from 0 to 604800, and not 'soon'"],
        ),
        (
            "site",
            {"placement_publish": "maybe", "mdev_timeout": "nan"},
            [
                "placement_publish must be true or false, and not 'maybe'",
                "mdev_timeout must be a number of seconds from 0.1 to 86400, and not 'nan'",
            ],
        ),
        ("verify", {"iommu_kernel_arguments": ["quiet\n", None]}, ["iommu_kernel_arguments[1] must be one word"]),
    ],
)
def test_what_cannot_be_waited_for_is_refused_before_anything_is_changed(name, asked, words, play):
    status, said, changed = play(name, "-e", json.dumps(asked), vfio_profiles=desktops("GRID T4-8Q"))
    assert (status, changed) == (2, {"mixed": 0, "t4": 0}), said
    assert [sentence for sentence in words if sentence not in said] == []
    assert "No guest or process uses" not in said


@pytest.mark.parametrize(
    ("cards", "changes", "reason"),
    [
        (
            {"drain_cards": []},
            {},
            'drain_cards is empty. Set drain_cards: ["0000:3b:00.0", "0000:af:00.0"], or omit it to drain all cards.',
        ),
        (
            {},
            {"owner": "nova"},
            "nova or Cyborg assigns all cards of this host. Disable its compute service: openstack compute service set "
            "--disable t4 nova-compute.",
        ),
        ({}, {"select": ["0000:ff:00.0"]}, "No profile selects a card on this host."),
    ],
)
def test_drain_fails_if_no_host_has_a_card_to_drain(cards, changes, reason, play, cloud):
    variables = {
        "vfio_profiles": [{**desktops("GRID T4-4Q")[0], **changes}],
        "vfio_wait": 0,
        "placement_auth_type": "admin_token",
        "placement_auth": {"endpoint": cloud.url, "token": "admin"},
        **cards,
    }
    status, said, changed = play("drain", hosts={"t4": variables})
    assert (status, changed["t4"]) == (2, 0), said
    said = said.replace('\\"', '"')
    assert f"No card is drained. {reason}" in said
    is_reported = f"t4: no card is drained. {reason[:-1]}" in said
    assert is_reported == (not reason.startswith("No profile"))


def test_the_inventory_can_set_how_long_to_wait(play):
    for name in ("drain", "reprofile"):
        status, said, changed = play(name, vfio_wait="soon", vfio_profiles=desktops("GRID T4-8Q"))
        assert (status, changed) == (2, {"mixed": 0, "t4": 0}), said
        assert "vfio_wait must be a whole number of seconds from 0 to 604800, and not 'soon'" in said


def test_a_host_that_cannot_be_reached_or_read_keeps_no_other_from_its_turn(play):
    lost = {"ansible_connection": "ssh", "ansible_ssh_args": "-F none -o ProxyCommand=false"}
    # Without this, the boot service would be a second change if no earlier test has installed it.
    assert play("reprofile", hosts={"t4": {}}, vfio_profiles=desktops("GRID T4-4Q"))[0] == 0
    status, said, changed = play("reprofile", hosts={"mixed": lost, "t4": {}}, vfio_profiles=desktops("GRID T4-8Q"))
    assert (status, changed) == (2, {"mixed": 0, "t4": 1}), said


def test_a_step_that_fails_lets_no_other_host_begin_and_the_end_says_so(play, fleet):
    program = fleet / "mixed/usr/local/lib/vfio-devices-restore.pyz"
    program.unlink(missing_ok=True)
    mounting.request(
        fleet,
        command="fault",
        host="mixed",
        operation="write",
        errno="EIO",
        path="usr/local/lib/*vfio-devices-restore*",
    )
    # An unchanged host is not skipped.
    hosts = {"mixed": {}, "t4": {"vfio_profiles": desktops("GRID T4-1B")}}
    status, said, changed = play("reprofile", hosts=hosts, vfio_profiles=desktops("GRID T4-4Q"))
    assert (status, changed["t4"]) == (2, 0), said
    assert r"mixed failed at the task \"Apply the profiles to the cards\". No further host was started." in said
    assert "because a task failed on mixed before." in said
    mounting.request(fleet, command="clear-faults", host="mixed")


def test_profiles_are_refused_in_one_sentence_each(play):
    profiles = [
        {"name": "a", "select": ["0000:3b:00.0"], "vgpu": "GRID T4-2Q"},
        {"name": "b", "select": "product_id == '1eb8'", "owner": "me", "num_vfs": 4, "count": 2},
    ]
    status, said, changed = play("site", vfio_profiles=profiles)
    assert (status, changed) == (2, {"mixed": 0, "t4": 0}), said
    lines = [
        "vfio_profiles cannot be used on this host:",
        "profile a: vgpu must be a dictionary or a list of dictionaries such as {type: GRID T4-2B}, and not "
        "'GRID T4-2Q'",
        "profile b: owner must be nova, cyborg or none, and not 'me'",
        "profile b: the key count belongs to vgpu. Indent count below vgpu, or write vgpu: {count: ...}",
        "profile b: num_vfs requires mode. Set mode: vf",
        "profiles a and b, 0000:3b:00.0: a card can only be in one profile. Restrict select of one profile",
    ]
    failed = {"changed": False, "msg": "\n".join([*lines, "The same errors: mixed, t4 (2 hosts)."])}
    assert f"fatal: [mixed]: FAILED! => {json.dumps(failed)}" in said
    assert '"msg": "vfio_profiles has the same errors on this host as on mixed. See mixed."' in said
