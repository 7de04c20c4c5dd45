# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Validate the value of one variable: each function raises ``ValueError`` with a sentence about the variable."""

from __future__ import annotations

import re
from typing import Any, Callable

from ansible_collections.vfio.devices.plugins.module_utils._boot import interpreter as interpreters
from ansible_collections.vfio.devices.plugins.module_utils._core import grammar, numbers
from ansible_collections.vfio.devices.plugins.module_utils._core.wording import one_of
from ansible_collections.vfio.devices.plugins.module_utils._placement import addresses, names
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import command_line, long_work
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_release

# Raises ``ValueError`` with a sentence about the variable of this name.
Check = Callable[[Any, str], Any]

LONGEST = 4096
# Matches sentences about the items of one list.
SHOWN = 10
MOST_HOSTS = 100000
MODE = re.compile(r"0?[0-7]{3,4}\Z")
# Names of variables and keys whose values may be secret.
SECRET = re.compile(r"auth|passw|passcode|token|secret|key|credential", re.IGNORECASE)
# The arguments become part of a shell script of GRUB.
KERNEL_ARGUMENT = re.compile(r"[A-Za-z0-9._,:/=@%+-]{1,255}\Z")
IOMMU_ARGUMENTS = ("iommu", "intel_iommu", "amd_iommu")
PERCENTAGE = re.compile(r"([1-9][0-9]?|100)%\Z")


def refuse(value: Any, name: str, what: str) -> None:
    if SECRET.search(name):
        raise ValueError(f"{name} must be {what}. Its value is not shown, because it may be a secret")
    raise ValueError(f"{name} must be {what}, and not {numbers.shown(value)}")


def choice(value: Any, name: str, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in choices:
        refuse(value, name, one_of(choices))


def text(value: Any, name: str, empty: bool = False) -> None:
    what = f"printable text of {0 if empty else 1} to {LONGEST} characters"
    if not isinstance(value, str) or not value.isprintable() or not (value.strip() or empty) or len(value) > LONGEST:
        refuse(value, name, what)


def matching(value: Any, name: str, pattern: re.Pattern[str], what: str) -> None:
    if not isinstance(value, str) or not pattern.match(value):
        refuse(value, name, what)


def file(value: Any, name: str, empty: bool = False) -> None:
    text(value, name, empty)
    try:
        if value or not empty:
            grammar.file_path(value)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from error


def page(value: Any, name: str) -> None:
    text(value, name)
    # The other formats have the name of the page with these extensions. A directory would get files without a name.
    if value.lower().endswith((".csv", ".json", "/")):
        refuse(value, name, "the path of the page such as vfio-report.html")


def kernel_argument(value: Any, name: str) -> None:
    what = "one word of letters, digits and . _ , : / = @ % + -, such as 'iommu=pt'"
    matching(value, name, KERNEL_ARGUMENT, what)
    key, dummy, setting = value.partition("=")
    if key in IOMMU_ARGUMENTS and "off" in setting.split(","):
        refuse(value, name, "an argument that leaves the IOMMU enabled, such as 'iommu=pt'")


def interpreter(value: Any, name: str) -> None:
    # Empty selects an interpreter of the system.
    if value != "":
        matching(value, name, interpreters.PATH, "the absolute path of a program, or empty")


def service(value: Any, name: str) -> None:
    try:
        grammar.service_unit(value if isinstance(value, str) else "")
    except ValueError:
        refuse(value, name, "the name of a systemd service such as nova-compute")


def mode(value: Any, name: str) -> None:
    # Empty keeps the current mode.
    if value == "":
        return
    # In YAML, 0644 without quotes is the number 420, and Ansible converts it back.
    is_number = numbers.is_whole(value) and not isinstance(value, str) and value <= 0o7777
    if not is_number and not (isinstance(value, str) and MODE.match(value)):
        refuse(value, name, "the mode of a file such as '0644'")


def list_of(value: Any, name: str, check: Check) -> None:
    if not isinstance(value, (list, tuple)):
        if isinstance(value, str) and not SECRET.search(name):
            raise ValueError(command_line.no_list(name, value))
        refuse(value, name, "a list")
    found = []
    for place, item in enumerate(value):
        try:
            check(item, f"{name}[{place}]")
        except ValueError as error:
            found.append(str(error))
    if found:
        more = [f"{name} has {len(found) - SHOWN} more such items"] if len(found) > SHOWN else []
        raise ValueError("\n".join([*found[:SHOWN], *more]))


def cards(value: Any, name: str) -> None:
    """An AWX survey returns a text."""
    if isinstance(value, str):
        text(value, name, empty=True)
        if "," in value:
            refuse(value, name, f"separated by blanks, such as -e {name}='{' '.join(value.replace(',', ' ').split())}'")
    elif isinstance(value, (list, tuple)):
        list_of(value, name, text)
    else:
        refuse(value, name, "a list of cards")


def drained(value: Any, name: str) -> None:
    if not isinstance(value, bool):
        cards(value, name)


def root(value: Any, name: str) -> None:
    text(value, name)
    try:
        names.provider_name(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def release(value: Any, name: str, empty: bool = False) -> None:
    if empty and value == "":
        return
    try:
        nova_release.number(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def cloud(value: Any, name: str) -> None:
    if isinstance(value, dict):
        _addresses(value.get("auth"), f"{name}.auth")
    else:
        text(value, name)


def auth(value: Any, name: str) -> None:
    if not isinstance(value, dict):
        refuse(value, name, "a dictionary")
    _addresses(value, name)


def _addresses(value: Any, name: str) -> None:
    found = list(addresses.problems(value, name))
    if found:
        raise ValueError("\n".join(found))


def progress(value: Any, name: str) -> None:
    long_work.interval(value)


def serial(value: Any, name: str) -> None:
    for one in value if isinstance(value, list) and value else [value]:
        if not (isinstance(one, str) and PERCENTAGE.match(one)):
            numbers.count(one, name, 1, MOST_HOSTS, "a percentage such as 10%")
