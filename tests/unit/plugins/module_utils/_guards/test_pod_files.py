# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import pod_files

VF = "0000:41:00.2"
SRIOV = {"cniVersion": "0.4.0", "type": "sriov", "name": "fast", "deviceID": VF}
MACVLAN = {"type": "macvlan", "master": "ens2f0", "ipam": {"type": "static"}}
NODE = "    - path: /dev/dri/renderD128\n"


def cached(configuration, **more):
    encoded = base64.b64encode(json.dumps(configuration).encode()).decode()
    return json.dumps({"kind": "cniCacheV1", "containerId": "c1", "config": encoded, "ifName": "net1", **more})


@pytest.mark.parametrize(
    ("path", "text", "named"),
    [
        ("var/lib/cni/results/fast-c1-net1", cached(SRIOV), [("device", VF)]),
        ("var/lib/cni/cache/results/fast-c1-net1", cached({"plugins": [MACVLAN]}), [("interface", "ens2f0")]),
        ("var/lib/cni/multus/c1", json.dumps({"Delegates": [{"Conf": MACVLAN}]}), [("interface", "ens2f0")]),
        (
            "var/lib/cni/multus/c1",
            json.dumps([{"type": "host-device", "pciBusID": VF.upper()}, {"type": "vlan", "master": "ens2f0"}]),
            [("device", VF), ("interface", "ens2f0")],
        ),
        ("var/lib/cni/sriov/c1-net1", json.dumps(SRIOV), [("device", VF)]),
        ("var/lib/cni/results/cbr0-c1-eth0", cached({"type": "bridge", "master": "ens2f0", "deviceID": 7}), []),
        ("var/lib/cni/results/broken", cached(SRIOV)[:40], []),
        ("var/lib/cni/results/broken", json.dumps({"config": "no base64"}), []),
        ("run/cdi/k8s.gpu.example.com-claim_c1.yaml", f"devices:\n{NODE * 2}", [("file", "/dev/dri/renderD128")]),
    ],
)
def test_devices_of_a_pod(simulated, path, text, named):
    (found,) = pod_files.read(simulated("empty", files={path: text}).root())
    assert (found.path, list(found.references)) == (path, named)


@pytest.mark.parametrize(("namespace", "found"), [("var/run/netns/cni-1", [VF]), ("var/run/netns/cni-2", [])])
def test_function_of_a_namespace(simulated, namespace, found):
    files = {f"var/lib/cni/sriov/pci/{VF}": "/var/run/netns/cni-1\n", namespace: ""}
    given = pod_files.read(simulated("empty", files=files).root())
    assert [one.name for pod in given for one in pod.references] == found


def place_of(path):
    return pod_files.CACHES.index(path.rpartition("/")[0]), path


@pytest.mark.parametrize(
    ("sandbox", "place", "left"),
    [
        ("/var/run/netns/cni-1", None, True),
        ("/var/run/netns/cni-1", "var/run/netns/cni-1", False),
        # The link to /run may lead to another root.
        ("/var/run/netns/cni-1", "run/netns/cni-1", False),
        ("/proc/77/ns/net", None, True),
        ("/proc/77/ns/net", "proc/77/ns/net", False),
        ("", None, False),
        (None, None, False),
        (7, None, False),
    ],
)
def test_files_that_a_crash_has_left(simulated, sandbox, place, left):
    interfaces = [{"name": "net1", "sandbox": sandbox}, {"name": "veth1"}, "broken"]
    files = {
        "var/lib/cni/results/fast-c1-net1": cached(SRIOV, result={"interfaces": interfaces}),
        "var/lib/cni/multus/c1": json.dumps([MACVLAN]),
        "var/lib/cni/sriov/c1-net1": json.dumps(SRIOV),
        "var/lib/cni/multus/c2": json.dumps([MACVLAN]),
    }
    found = pod_files.read(simulated("empty", files={**files, **({place: ""} if place else {})}).root())
    assert [one.path for one in found if one.references] == sorted(
        ["var/lib/cni/multus/c2"] if left else files, key=place_of
    )


def test_container_with_another_result_of_an_existing_namespace(simulated):
    def cached_in(namespace):
        return cached(SRIOV, result={"interfaces": [{"sandbox": f"/run/netns/{namespace}"}]})

    files = {
        "var/lib/cni/results/fast-c1-net1": cached_in("cni-1"),
        "var/lib/cni/results/slow-c1-net1": cached_in("cni-2"),
        "run/netns/cni-2": "",
    }
    found = pod_files.read(simulated("empty", files=files).root())
    assert [one.path for one in found if one.references] == sorted(one for one in files if one.startswith("var"))


@pytest.mark.parametrize(("process", "left"), [(77, False), (78, True)])
def test_namespace_of_a_process_whose_links_are_unreadable(simulated, process, left):
    result = {"interfaces": [{"sandbox": "/proc/77/ns/net"}]}
    path = "var/lib/cni/results/fast-c1-net1"
    host = simulated("empty", files={path: cached(SRIOV, result=result), f"proc/{process}/comm": "pause\n"})
    assert [one.path for one in pod_files.read(host.root())] == [path] * (not left)


@pytest.mark.parametrize("result", [7, {"interfaces": 7}, {"interfaces": {"sandbox": "/x"}}, None])
def test_results_of_another_form(simulated, result):
    (found,) = pod_files.read(simulated("empty", files={"var/lib/cni/results/x": cached(SRIOV, result=result)}).root())
    assert found.references


def test_devices_that_are_only_on_offer_are_of_no_pod(simulated):
    files = {"etc/cdi/nvidia.yaml": "    - path: /dev/nvidia0\n"}
    assert list(pod_files.read(simulated("empty", files=files).root())) == []
