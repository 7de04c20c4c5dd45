# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let the engine query the real libvirt-python, with the Python of the distribution's package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ansible_collections.vfio.devices.plugins.filter.hostdev_xml import hostdev_xml

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
PYTHON = "/usr/bin/python3"


def has_libvirt():
    return subprocess.run([PYTHON, "-c", "import libvirt"], check=False, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def libvirt_python():
    if not has_libvirt():
        pytest.fail("python3-libvirt is missing: run tests/setup packages services")


def ask(program, question=None):
    done = subprocess.run(
        [PYTHON, str(Path(__file__).parent / program)],
        input=json.dumps(question),
        text=True,
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": next(path for path in sys.path if path.endswith(".build/collections"))},
    )
    return json.loads(done.stdout)


def test_devices_of_running_and_defined_domains(libvirt_python):
    defined = {"name": "spare", "running": False}
    # Its devices now, and at its next start.
    running = [{"name": "web1", "running": True}, {"name": "web1", "running": False}]
    assert ask("ask.py") == {
        "c2177883-f1bb-47f0-914d-32a22e3a8804": running,
        "0000:3b:00.4": running,
        "0000:af:10.4": running,
        "c2177883-f1bb-47f0-914d-32a22e3a8805": [defined],
        "0000:3b:00.5": [defined],
        "0000:af:10.5": [defined],
    }


ELEMENTS = [
    (UUID, {}, "hostdev mode subsystem type mdev managed no model vfio-pci"),
    (UUID, {"display": True, "ramfb": True}, "managed no model vfio-pci display on ramfb on"),
    ({"uuid": UUID, "parent": "0.0.0313"}, {}, "model vfio-ccw"),
    ({"uuid": UUID, "parent": "matrix"}, {}, "model vfio-ap"),
    ("0000:86:10.1", {}, "hostdev mode subsystem type pci managed yes"),
    ("0000:86:10.1", {"managed": False}, "hostdev mode subsystem type pci managed no"),
    ("0000:86:10.1", {"interface": True}, "interface type hostdev managed yes"),
    ("0000:86:10.1", {"interface": True, "mac": "52:54:00:6d:90:02", "vlan": 42}, "interface type hostdev managed yes"),
]


def test_elements_as_libvirt_understands_them(libvirt_python):
    elements = [hostdev_xml(device, **options) for device, options, wanted in ELEMENTS]
    answers = ask("define.py", elements)
    for (_device, options, wanted), answer in zip(ELEMENTS, answers):
        assert isinstance(answer, list), answer
        (found,) = (ElementTree.fromstring(text) for text in answer if "<memballoon" not in text)
        said = " ".join([found.tag, *(part for pair in found.attrib.items() for part in pair)])
        assert wanted in said
        address = found.find("source/address").attrib
        if "mdev" in said:
            assert address["uuid"] == UUID
        else:
            assert [address[part] for part in ("domain", "bus", "slot", "function")] == [
                "0x0000",
                "0x86",
                "0x10",
                "0x1",
            ]
        if "vlan" in options:
            assert found.find("vlan/tag").attrib == {"id": "42"}
            assert found.find("mac").attrib == {"address": "52:54:00:6d:90:02"}


def test_libvirt_s_schema_is_at_work(libvirt_python):
    (answer,) = ask("define.py", [hostdev_xml(UUID).replace("model=", 'colour="red" model=')])
    assert "XML document failed to validate against schema" in answer
