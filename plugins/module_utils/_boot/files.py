# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The files of the boot service: the program, two systemd units and a udev rule."""

from __future__ import annotations

from .._devices import mdevctl
from .._host import ownership
from .._host.records import DIRECTORY, INSTANCE_RECORDS, LAYOUT_RECORDS, MODE_RECORDS, RUN_DIRECTORY

# Not in /usr/lib, which belongs to packages and is read-only on image-based systems.
PROGRAM = "usr/local/lib/vfio-devices-restore.pyz"
UNITS = "etc/systemd/system"
UNIT = mdevctl.RESTORE_UNIT
UNIT_OF_CARD = f"{UNITS}/vfio-devices-restore@.service"
ENABLED = f"{UNITS}/multi-user.target.wants/vfio-devices-restore.service"
RULE = f"{mdevctl.RULE_DIRECTORIES[0]}/90-vfio-devices-restore.rules"
# While this file exists, systemd must reload its units. A boot reloads them anyway.
RELOAD = f"{RUN_DIRECTORY}/daemon-reload"
OWED = "systemctl daemon-reload\n"
DESCRIPTION = "the files of the boot service"
# In the order of creation.
PATHS = (PROGRAM, UNIT, UNIT_OF_CARD, RULE)
SYSTEMCTL = "/usr/bin/systemctl"

HEADER = ownership.header("boot_restore")
# Without these NVIDIA daemons, GPUs offer no types.
AFTER = ("nvidia-vgpud.service", "nvidia-vgpu-mgr.service")
# Services that look for devices or start guests at their start. These are libvirt (modular or monolithic), nova and
# Cyborg (Debian, RDO, kolla and EDPM names), Proxmox VE, container engines, and Kubernetes.
BEFORE = (
    "libvirtd.service",
    "virtqemud.service",
    "virtnodedevd.service",
    "libvirt-guests.service",
    "nova-compute.service",
    "openstack-nova-compute.service",
    "kolla-nova_libvirt-container.service",
    "kolla-nova_compute-container.service",
    "edpm_nova_compute.service",
    "cyborg-agent.service",
    "openstack-cyborg-agent.service",
    "pve-guests.service",
    "docker.service",
    "snap.docker.dockerd.service",
    "containerd.service",
    "crio.service",
    "podman-restart.service",
    "lxc.service",
    "lxd.service",
    "snap.lxd.daemon.service",
    "incus.service",
    "kubelet.service",
    "k3s.service",
    "k3s-agent.service",
    "rke2-server.service",
    "rke2-agent.service",
)
# A zip file has a checksum for each file and a directory at its end. systemd would interpret double quotes,
# backslashes, % and $.
CHECK = (
    "import sys, zipfile; path = sys.argv[1]; "
    "sys.exit(None if zipfile.is_zipfile(path) and not zipfile.ZipFile(path).testzip() else "
    "path + ' is missing or damaged. Nothing was restored. Run the module vfio.devices.boot_restore again.')"
)
# The program observes its own deadlines; this factor limits it if a read from the kernel hangs.
TIMEOUTS = 10


def files(python: str, timeout: float, program: bytes) -> dict[str, bytes]:
    """Return all files by path; ``python`` is the interpreter, and ``timeout`` the seconds of one wait."""
    texts = {UNIT: _unit(python, timeout), UNIT_OF_CARD: _unit_of_card(python, timeout), RULE: _rule()}
    return {PROGRAM: program, **{path: text.encode() for path, text in texts.items()}}


def links() -> dict[str, str]:
    return {ENABLED: f"/{UNIT}"}


def _unit(python: str, timeout: float) -> str:
    return f"""{HEADER}
[Unit]
Description=Restore cards, virtual functions, mediated devices and vGPUs
After={" ".join(AFTER)}
Before={" ".join(BEFORE)}

[Service]
{_service(python, timeout, " --boot")}
[Install]
WantedBy=multi-user.target
"""


def _unit_of_card(python: str, timeout: float) -> str:
    return f"""{HEADER}
[Unit]
Description=Restore %i after its driver is bound
After=vfio-devices-restore.service {" ".join(AFTER)}
# A card whose driver fails may appear and disappear forever.
StartLimitIntervalSec=10min
StartLimitBurst=5

[Service]
{_service(python, timeout, " --card %i")}"""


def _service(python: str, timeout: float, arguments: str = "") -> str:
    return f"""Type=oneshot
# Python exits with 0 for an empty file, without a message.
ExecStartPre="{python}" -I -B -c "{CHECK}" /{PROGRAM}
ExecStart="{python}" -I -B /{PROGRAM} --timeout {timeout:g}{arguments}
TimeoutStartSec={max(1, round(timeout * TIMEOUTS))}
# A program of the driver must not be stopped while it runs.
KillMode=process
"""


def _rule() -> str:
    """Return rules for the same events as :func:`rule`. The mdev core reports parents that are not PCI functions."""
    start = f'RUN+="{SYSTEMCTL} --no-block start vfio-devices-restore@$kernel.service"'
    native = 'ACTION=="bind", SUBSYSTEM=="pci", ENV{DRIVER}=="?*", ENV{DRIVER}!="*vfio*", ENV{DRIVER}!="pci-pf-stub", '
    kinds = (MODE_RECORDS, LAYOUT_RECORDS, INSTANCE_RECORDS)
    lines = [
        *(f'{native}TEST=="/{DIRECTORY}/{kind}/$kernel.json", {start}' for kind in kinds),
        'ACTION=="change", ENV{MDEV_STATE}=="registered", '
        f'TEST=="/{DIRECTORY}/{INSTANCE_RECORDS}/$kernel.json", {start}',
    ]
    return HEADER + "\n".join(lines) + "\n"
