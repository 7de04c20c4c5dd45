# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Remedies for warnings of the report: commands or options."""

from __future__ import annotations

import re

SITE = "Run the site playbook. If a guest uses the card, run reprofile."
PUBLISH = "Run the site playbook with placement_publish: true."
# The first pattern that matches the text of a warning determines its remedy.
REMEDIES = tuple(
    (re.compile(pattern), remedy)
    for pattern, remedy in (
        (r"^Placement was not read", "Check placement_cloud or placement_auth, then run report again."),
        (r"^no facts", "Check the connection with `ansible HOST -m ansible.builtin.ping`, then run report again."),
        (r"^not readable", "Run as root (become: true). If root cannot read it either, see the output of dmesg."),
        (r"^profiles that do not fit", "Correct vfio_profiles, then check it with `site --check --diff`."),
        (r"^no plan for its vGPUs", SITE),
        (
            r"^no service restores the devices at boot",
            ("Run the site playbook, which installs the service for the boot."),
        ),
        (r"^removed, but still in use", "Stop the guest that uses the device. The kernel then removes it."),
        (
            r"^declared to start at boot",
            ("Run the site playbook, and see `journalctl -u vfio-devices-restore` on the host."),
        ),
        (
            r"^a device defined on",
            "Load the vendor's vGPU driver, or remove the device: `mdevctl undefine -u UUID`.",
        ),
        (r"^in one IOMMU group", "Enable ACS in the firmware, or move the card to another slot."),
        (r"IOMMU", "Run the site playbook, reboot the host, then run site again."),
        (r"^the users were not read", "Gather the part users with vfio.devices.mdev_facts."),
        (r"^no provider of the host", "Set placement_root to the hypervisor_hostname, or start nova-compute first."),
        (r"^a provider for vfio_.* missing on the host", "Run the site playbook with placement_purge: true."),
        (
            r"^a provider for .* missing on the host",
            "Restart nova-compute and cyborg-agent. If it remains: `openstack resource provider delete UUID`.",
        ),
        (
            r"in use on the host, but \d+ in Placement",
            "Stop the guest that uses the device without an allocation, or set owner: none.",
        ),
        (r" the service of owner ", "Restart nova-compute or cyborg-agent with the written configuration."),
        (r"Placement", PUBLISH),
    )
)
# Parts that differ between warnings with the same cause.
VARIABLE = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]|[0-9]+")


def remedy_for(level: str, text: str) -> str | None:
    """Return the remedy for a warning, or None if it needs no action."""
    found = next((remedy for pattern, remedy in REMEDIES if pattern.search(text)), None)
    return found or (SITE if level == "drift" else None)


def cause(text: str) -> str:
    """Return the text without numbers and addresses, which is equal for equal causes."""
    return VARIABLE.sub("#", text)
