# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse the output of nvidia-smi from drivers of several years."""

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import mig
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError

A100 = "0000:36:00.0"
QUERY = "nvidia-smi --query-gpu=pci.bus_id,mig.mode.current,mig.mode.pending --format=csv,noheader"
# Driver 450 has narrower columns than 580.
OLD_PROFILES = """\
+--------------------------------------------------------------------------+
| GPU instance profiles:                                                   |
| GPU   Name          ID    Instances   Memory     P2P    SM    DEC   ENC  |
|                           Free/Total   GiB              CE    JPEG  OFA  |
|==========================================================================|
|   0  MIG 1g.5gb     19     0/7        4.95       No     14     0     0   |
|                                                          1     0     0   |
+--------------------------------------------------------------------------+
|   0  MIG 3g.20gb     9     1/2        19.81      Yes    42     2     0   |
|                                                          3     0     0   |
+--------------------------------------------------------------------------+
"""
PLACEMENTS = """\
GPU  0 Profile ID 19 Placements: {0,1,2,3,4,5,6}:1
GPU  0 Profile ID  9 Placements: {0,4}:4
"""
INSTANCES = """\
+----------------------------------------------------+
| GPU instances:                                     |
| GPU   Name          Profile  Instance   Placement  |
|                       ID       ID       Start:Size |
|====================================================|
|   0  MIG 1g.5gb       19       13          6:1     |
+----------------------------------------------------+
|   0  MIG 3g.20gb       9        2          0:4     |
+----------------------------------------------------+
"""
COMPUTE = """\
+--------------------------------------------------------------------+
| Compute instances:                                                 |
| GPU     GPU       Name             Profile   Instance   Placement  |
|       Instance                       ID        ID       Start:Size |
|         ID                                                         |
|====================================================================|
|   0      2       MIG 1c.3g.20gb       0         0          0:1     |
+--------------------------------------------------------------------+
|   0      2       MIG 1c.3g.20gb       0         1          1:1     |
+--------------------------------------------------------------------+
"""


class Said:
    """A host whose program prints given texts; a text that starts with ! is the message of a failure."""

    def __init__(self, **texts):
        self.texts = {"--query-gpu": f"0000{A100.upper()}, Enabled, Enabled\n", **texts}
        self.timeout = 5

    def run(self, program, arguments, timeout, keep=False):
        option = arguments[0].partition("=")[0] if arguments[0] != "mig" else arguments[-1]
        text = self.texts[option]
        if text.startswith("!"):
            raise HostError(f"{program} failed with status 6: {text[1:]}", program)
        return text


def said(lgip=OLD_PROFILES, lgipp=PLACEMENTS, lgi=INSTANCES, lci=COMPUTE, query=None):
    texts = {"-lgip": lgip, "-lgipp": lgipp, "-lgi": lgi, "-lci": lci}
    return Said(**texts, **({"--query-gpu": query} if query is not None else {}))


def test_tables():
    gpu = mig.observe(said(), [A100])[A100]
    assert (gpu.enabled, gpu.pending) == (True, True)
    assert gpu.profiles == (
        mig.Profile("1g.5gb", 19, 7, 5069, (0, 1, 2, 3, 4, 5, 6), 1),
        mig.Profile("3g.20gb", 9, 2, 20285, (0, 4), 4),
    )
    assert gpu.instances == (
        mig.GpuInstance(2, "3g.20gb", 9, 0, 4, (0, 1)),
        mig.GpuInstance(13, "1g.5gb", 19, 6, 1, ()),
    )


@pytest.mark.parametrize("sentence", ["!No GPU instances found: Not Found", "!No MIG-enabled devices found."])
def test_no_instances(sentence):
    assert mig.observe(said(lgi=sentence, lci=sentence), [A100])[A100].instances == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("00000000:36:00.0, Disabled, Enabled", (A100, False, True)),
        ("00000000:36:00.0, [N/A], [N/A]", (A100, None, None)),
        ("00010000:36:00.0, [Not Supported], [Not Supported]", ("10000:36:00.0", None, None)),
        ("00000009:01:00.0, Enabled, Disabled", ("0009:01:00.0", True, False)),
    ],
)
def test_modes_of_gpus(line, expected):
    found = mig.observe(said(query=line + "\n"))
    assert [(gpu.address, gpu.enabled, gpu.pending) for gpu in found.values()] == [expected]


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ({"query": "Field mig.mode.current is not a valid field to query.\n"}, "which is not understood"),
        ({"query": "!NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver"}, "communicate"),
        ({"lgip": ""}, "lists no profile"),
        ({"lgi": "!Insufficient Permissions"}, "Insufficient Permissions"),
        # Instances that are not understood must not seem to be missing.
        ({"lgi": "Insufficient Permissions"}, "the GPU instances in a form that is not understood"),
        ({"lgi": INSTANCES.replace("0:4", "-1:4")}, "the GPU instances in a form that is not understood"),
        ({"lgi": INSTANCES.replace("0:4", "x 0:4")}, "the GPU instances in a form that is not understood"),
        ({"lgi": INSTANCES.replace("0:4", f"{'9' * 5000}:4")}, "the GPU instances in a form that is not understood"),
        ({"lci": COMPUTE.replace("MIG ", "MIG  ", 1)}, "the compute instances in a form that is not understood"),
        ({"query": f"0000{A100.upper()}, [Unknown Error], [Unknown Error]\n"}, "'.Unknown Error.' as the MIG mode of"),
    ],
)
def test_what_is_not_understood(texts, sentence):
    with pytest.raises(HostError, match=sentence):
        mig.observe(said(**texts), [A100])


def test_remarks_are_no_gpus():
    line = f"0000{A100.upper()}, Enabled, Enabled"
    remark = "WARNING: infoROM is corrupted at gpu 0000:36:00.0"
    assert list(mig.observe(said(query=f"{line}\n\n{remark}\n"))) == [A100]
    assert mig.observe(said(query="No devices were found\n"), [A100]) == {}


def test_remarks_are_no_instances():
    remark = "Warning: MIG mode is in pending enable state for GPU 00000000:36:00.0\n"
    expected = mig.observe(said(lgi=INSTANCES, lci=COMPUTE), [A100])
    assert mig.observe(said(lgi=remark + INSTANCES, lci=remark + COMPUTE), [A100]) == expected


def test_another_gpu_that_is_lost_hides_no_gpu():
    query = f"0000{A100.upper()}, Enabled, Enabled\n00000000:99:00.0, [Unknown Error], [Unknown Error]\n"
    found = mig.observe(said(query=query), [A100])
    assert (found[A100].enabled, found["0000:99:00.0"].enabled) == (True, None)
