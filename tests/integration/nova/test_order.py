# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare what is read, and in which order, with the real oslo.config."""

from __future__ import annotations

import json
import random
import subprocess

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._services.observe import observe
from ansible_collections.vfio.devices.tests.integration.nova.conftest import PYTHON

MINE = "/etc/nova/nova.conf.d/50-vfio-devices.conf"
ASK = """
import json, os, sys
from oslo_config import cfg
sys.argv[0] = "nova-compute"
usual, former = cfg._get_config_dirs, cfg.DeprecatedOpt("pci_passthrough_whitelist", group="DEFAULT")
for line in sys.stdin:
    root, arguments, environment = json.loads(line)
    os.environ.update(environment)
    places = [place.rstrip("/") if place.startswith(root) else root + place for place in usual("nova")]
    cfg._get_config_dirs = lambda project=None: places
    conf = cfg.ConfigOpts()
    conf.register_opts([cfg.StrOpt("enabled_mdev_types", deprecated_name="enabled_vgpu_types")], group="devices")
    conf.register_opts([cfg.MultiStrOpt("device_spec", default=[], deprecated_opts=[
        cfg.DeprecatedOpt("passthrough_whitelist", group="pci"), former])], group="pci")
    try:
        conf(arguments, project="nova")
        print(json.dumps([conf.devices.enabled_mdev_types, conf.pci.device_spec]), flush=True)
    except cfg.ConfigFileParseError:
        print("null", flush=True)
    for name in environment:
        del os.environ[name]
"""


@pytest.fixture(scope="module")
def oslo():
    """Start a process that reads the files below a directory like a service with given arguments."""
    with subprocess.Popen([PYTHON, "-c", ASK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask(*question):
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()


SOURCES = (
    *("--config-file=/etc/nova/nova.conf", "--config-file=/etc/nova/nova-compute.conf"),
    *("--config-dir=/etc/nova/nova.conf.d", "--config-dir=/etc/nova/x", f"--config-file={MINE}"),
)
PLACES = (
    *("/etc/nova/nova.conf", "/etc/nova/nova-compute.conf", "/etc/nova.conf", "/etc/nova/x/a.conf"),
    *("/etc/nova/nova.conf.d/40-a.conf", "/etc/nova/nova.conf.d/60-b.conf", "/etc/nova/nova-compute.conf.d/a.conf"),
    *("/var/lib/nova/nova.conf", "/var/lib/nova/.nova/nova.conf.d/z.conf"),
)
SECTIONS = {
    "devices": ("enabled_mdev_types", "enabled_vgpu_types"),
    "PCI": ("device_spec", "passthrough_whitelist"),
    "DEFAULT": ("pci_passthrough_whitelist", "debug"),
    "Devices": ("enabled_mdev_types",),
}
WRONG = ("[pci] # cards", "alias", "  more")


def content(chance, path):
    """Return a random file whose values contain its path."""
    lines = []
    for number in range(chance.choice((1, 2, 3))):
        section = chance.choice(list(SECTIONS))
        quote = chance.choice(("", "", "'", '"'))
        lines += [f"[{section}]", "# comment", f"{chance.choice(SECTIONS[section])} = {quote}{path} {number}{quote}"]
        lines += [chance.choice(WRONG)] if chance.random() < 0.05 else []
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(60))
def test_random_files(oslo, tmp_path, seed):
    """Read files at random places like the real oslo.config, with a random command line and environment."""
    chance = random.Random(seed)
    arguments = chance.sample(SOURCES, chance.choice((0, 0, 1, 2, 3)))
    given = [word.partition("=")[2] for word in arguments]
    files = {place if place.endswith(".conf") else f"{place}/q.conf": "" for place in given}
    files.update({place: content(chance, place) for place in chance.sample(PLACES, chance.choice((1, 2, 3)))})
    files[MINE] = "[devices]\nenabled_mdev_types = mine\n[pci]\ndevice_spec = mine\n"
    variables = {"HOME": chance.choice(("/root", "/var/lib/nova"))}
    if chance.random() < 0.1:
        variables["OS_DEVICES__ENABLED_MDEV_TYPES"] = "variable"
    (tmp_path / "sys").mkdir()
    files["/proc/7/cmdline"] = "\0".join(["nova-compute", *arguments])
    files["/proc/7/environ"] = "\0".join(f"{name}={value}" for name, value in variables.items())
    for path, text in files.items():
        (tmp_path / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path[1:]).write_text(text)
    found = observe(HostRoot(str(tmp_path)), "nova", "nova-compute", "nova-compute", MINE, files[MINE])
    below = [word.replace("/etc/", f"{tmp_path}/etc/") for word in arguments]
    real = oslo(str(tmp_path), below, {**variables, "HOME": f"{tmp_path}{variables['HOME']}"})
    # The values are paths, which nova could not parse.
    unusable = [sentence for sentence in found["unusable"] if "is not JSON" not in sentence]
    assert bool(unusable) == (real is None)
    if real is None:
        return
    types, specs = real
    assert found["reads"] == ("mine" in specs)
    if found["reads"]:
        others = [one["value"] for one in found["others"] if one["option"] == "device_spec"]
        assert others == [one for one in specs if one != "mine"]
        assert (types != "mine") == any(one["section"].lower() == "devices" for one in found["overridden"])
