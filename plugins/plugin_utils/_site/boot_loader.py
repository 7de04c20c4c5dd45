# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find the boot loader of a host and the kernels that it starts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import TypedDict

from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter
from ansible_collections.vfio.devices.plugins.plugin_utils._site.kernel import OFF

# GRUB adds this argument.
ARGUMENTS = "args="
OF_GRUB = "BOOT_IMAGE="
# Only UEFI boot loaders write paths with backslashes.
OF_UEFI = re.compile(r"initrd=.*\\")
BOOTED = re.compile(r"/boot/vmlinuz-(?P<version>.*)\Z")
INSTALLED = re.compile(r"(/usr)?/lib/modules/(?P<version>[^/]+)/vmlinuz\Z")
WRITE_ENTRIES = "Write the boot entries yourself, and set iommu_bootloader: none."


class BootLoader(TypedDict):
    """The boot loader of a host."""

    # ``grub``, ``grubby``, ``systemd-boot`` or ``unknown``, or the chosen one.
    name: str
    # Whether proxmox-boot-tool copies kernels and their arguments to boot partitions, with GRUB as well.
    is_proxmox: bool


def boot_loader(
    programs: Collection[str], files: Collection[str], kernel_arguments: Iterable[str], choice: str = "auto"
) -> BootLoader:
    """Return the boot loader, unless ``choice`` names it. ``files`` are the names of files in ``/etc/kernel``."""
    with errors_of_filter("boot_loader", "boot_loader needs lists of names and kernel arguments"):
        is_proxmox = "proxmox-boot-tool" in programs and "proxmox-boot-uuids" in files
        name = _detected(programs, files, list(kernel_arguments), is_proxmox) if choice == "auto" else choice
        return {"name": name, "is_proxmox": is_proxmox}


def _detected(programs: Collection[str], files: Collection[str], arguments: list[str], is_proxmox: bool) -> str:
    if not any(argument.startswith(OF_GRUB) for argument in arguments):
        writes_entries = is_proxmox or "kernel-install" in programs
        by_uefi = any(OF_UEFI.match(argument) for argument in arguments)
        if by_uefi or ("cmdline" in files and writes_entries and "grubby" not in programs):
            return "systemd-boot"
    if "update-grub" in programs:
        return "grub"
    return "grubby" if "grubby" in programs else "unknown"


def kernel_images(paths: Iterable[str], root: str = "") -> dict[str, str]:
    """Return the path of each kernel by version; ``root`` precedes the given paths.

    A kernel in its module directory takes precedence over its copy in ``/boot``.
    """
    with errors_of_filter("kernel_images", "kernel_images needs a list of paths"):
        ordered = sorted(path.removeprefix(root) for path in paths)
        found = {}
        for pattern in (BOOTED, INSTALLED):
            matches = ((pattern.match(path), path) for path in ordered)
            found.update({match["version"]: path for match, path in matches if match})
        return found


def grubby_lacks(output: str, arguments: Collection[str]) -> bool:
    """Return whether a boot entry in the ``output`` of ``grubby --info=ALL`` lacks one of the kernel arguments.

    An output without entries counts as lacking, because then nothing is known.
    """
    with errors_of_filter("grubby_lacks", "grubby_lacks needs the output of grubby and a list of kernel arguments"):
        entries = [line[len(ARGUMENTS) :] for line in output.splitlines() if line.startswith(ARGUMENTS)]
        return not entries or any(set(arguments) - set(entry.strip('"').split()) for entry in entries)


def cmdline_problems(
    text: str, path: str, host: str, images: Collection[str], programs: Collection[str], is_proxmox: bool
) -> list[str]:
    """Return why kernel arguments cannot be added to the file ``/etc/kernel/cmdline`` with this ``text``."""
    with errors_of_filter("cmdline_problems", "cmdline_problems needs the text of a file"):
        text = text.strip()
        found = []
        if len(text.splitlines()) != 1 or text.startswith("#"):
            found.append(
                f"{path} does not have exactly one line. Write all kernel arguments in one line, without comments."
            )
        elif not text.expandtabs().isprintable():
            found.append(f"{path} has characters that are not printable. Write the line again without them.")
        if text.count('"') % 2:
            # The kernel takes all text after the quote for one argument (lib/cmdline.c, next_arg).
            found.append(
                f"{path} has a double quote without its end, which would contain new arguments. Add the closing quote."
            )
        switches: Sequence[str] = [argument for argument in OFF if argument in text.split()]
        if switches:
            found.append(f"{path} has {' and '.join(switches)}. Remove this kernel argument.")
        if is_proxmox:
            return found
        if not images:
            found.append(f"{host} has no kernel in /usr/lib/modules or /boot for kernel-install. {WRITE_ENTRIES}")
        if "kernel-install" not in programs:
            found.append(f"{host} has neither proxmox-boot-tool nor kernel-install. {WRITE_ENTRIES}")
        return found
