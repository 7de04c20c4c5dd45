# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What to do about a warning of the report, in a command or an option."""

from __future__ import annotations

import re

SITE = "Run the site playbook. If a guest uses the card, run reprofile."
PUBLISH = "Run the site playbook with placement_publish: true."
# The first that is found in the text of a warning is its remedy.
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
        (r"^a provider for .* missing on the host", "Run the site playbook with placement_purge: true."),
        (
            r"in use on the host, but \d+ in Placement",
            "See `openstack resource provider usage show UUID`.",
        ),
        (r"Placement", PUBLISH),
    )
)
# What differs in numbers and names of equal causes.
VARIABLE = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]|[0-9]+")


def remedy_for(level: str, text: str) -> str | None:
    """What to do about a warning, or None where there is nothing to do."""
    found = next((remedy for pattern, remedy in REMEDIES if pattern.search(text)), None)
    return found or (SITE if level == "drift" else None)


def cause(text: str) -> str:
    """The same for warnings that differ in numbers and addresses only."""
    return VARIABLE.sub("#", text)
