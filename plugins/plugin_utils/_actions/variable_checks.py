# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Validate variables of roles and playbooks more strictly than argument specs can.

The filter resolve validates the declaration, because it needs the facts of the host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Callable

from ansible.errors import AnsibleError
from ansible_collections.vfio.devices.plugins.module_utils._boot import interpreter
from ansible_collections.vfio.devices.plugins.module_utils._core import grammar, numbers
from ansible_collections.vfio.devices.plugins.module_utils._core.wording import one_of
from ansible_collections.vfio.devices.plugins.module_utils._guards import base
from ansible_collections.vfio.devices.plugins.module_utils._placement import names
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import command_line, long_work
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_release
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import flag

# Raises ``ValueError`` with a sentence about the variable of this name.
Check = Callable[[Any, str], Any]

LONGEST = 4096
# Matches sentences about the items of one list.
SHOWN = 10
# Empty means the version of the host.
VERSION = re.compile(r"(\d{1,6}(\.\d{1,6})*)?\Z", re.ASCII)
A_DAY, A_WEEK = 86400, 604800  # seconds
MOST_HOSTS = 100000
# The arguments become part of a shell script of GRUB.
KERNEL_ARGUMENT = re.compile(r"[A-Za-z0-9._,:/=@%+-]{1,255}\Z")
UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]{1,255}\Z")
MODE = re.compile(r"0?[0-7]{3,4}\Z")
# Names of variables and keys whose values may be secret.
SECRET = re.compile(r"auth|passw|passcode|token|secret|key|credential", re.IGNORECASE)
PERCENTAGE = re.compile(r"([1-9][0-9]?|100)%\Z")


def refusals(variables: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each invalid variable of this collection."""
    found = []
    for name, check in CHECKS.items():
        # A variable without a default may be null instead of undefined.
        if name in variables and (variables[name] is not None or name not in OPTIONAL):
            try:
                check(variables[name], name)
            except ValueError as error:
                found += str(error).splitlines()
    return found


def evaluate(variables: Mapping[str, Any], templar: Any) -> Mapping[str, Any]:
    """Return the values of this collection's variables, without those that ``templar`` cannot evaluate."""
    found = {}
    for name in CHECKS.keys() & variables.keys():
        try:
            found[name] = templar.template(variables[name])
        except AnsibleError:
            # The value may refer to facts that are missing. The role that reads it reports the error.
            continue
    return found


def _refuse(value: Any, name: str, what: str) -> None:
    if SECRET.search(name):
        raise ValueError(f"{name} must be {what}. Its value is not shown, because it may be a secret")
    raise ValueError(f"{name} must be {what}, and not {numbers.shown(value)}")


def _choice(value: Any, name: str, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in choices:
        _refuse(value, name, one_of(choices))


def _text(value: Any, name: str, empty: bool = False) -> None:
    what = f"printable text of {0 if empty else 1} to {LONGEST} characters"
    if not isinstance(value, str) or not value.isprintable() or not (value.strip() or empty) or len(value) > LONGEST:
        _refuse(value, name, what)


def _matching(value: Any, name: str, pattern: re.Pattern[str], what: str) -> None:
    if not isinstance(value, str) or not pattern.match(value):
        _refuse(value, name, what)


def _file(value: Any, name: str, empty: bool = False) -> None:
    _text(value, name, empty)
    try:
        if value or not empty:
            grammar.file_path(value)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from error


def _page(value: Any, name: str) -> None:
    _text(value, name)
    # The other formats have the name of the page with these extensions.
    if value.lower().endswith((".csv", ".json")):
        _refuse(value, name, "the path of the page such as vfio-report.html")


def _interpreter(value: Any, name: str) -> None:
    # Empty selects an interpreter of the system.
    if value != "":
        _matching(value, name, interpreter.PATH, "the absolute path of a program, or empty")


def _mode(value: Any, name: str) -> None:
    # Empty keeps the current mode.
    if value == "":
        return
    # In YAML, 0644 without quotes is the number 420, and Ansible converts it back.
    is_number = numbers.is_whole(value) and not isinstance(value, str) and value <= 0o7777
    if not is_number and not (isinstance(value, str) and MODE.match(value)):
        _refuse(value, name, "the mode of a file such as '0644'")


def _list(value: Any, name: str, check: Check) -> None:
    if not isinstance(value, (list, tuple)):
        if isinstance(value, str) and not SECRET.search(name):
            raise ValueError(command_line.no_list(name, value))
        _refuse(value, name, "a list")
    found = []
    for place, item in enumerate(value):
        try:
            check(item, f"{name}[{place}]")
        except ValueError as error:
            found.append(str(error))
    if found:
        more = [f"{name} has {len(found) - SHOWN} more such items"] if len(found) > SHOWN else []
        raise ValueError("\n".join([*found[:SHOWN], *more]))


def _cards(value: Any, name: str) -> None:
    """An AWX survey returns a text."""
    if isinstance(value, str):
        _text(value, name, empty=True)
    elif isinstance(value, (list, tuple)):
        _list(value, name, _text)
    else:
        _refuse(value, name, "a list of cards")


def _drained(value: Any, name: str) -> None:
    if not isinstance(value, bool):
        _cards(value, name)


def _root(value: Any, name: str) -> None:
    _text(value, name)
    try:
        names.provider_name(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _release(value: Any, name: str, empty: bool = False) -> None:
    if empty and value == "":
        return
    try:
        nova_release.number(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _cloud(value: Any, name: str) -> None:
    if not isinstance(value, dict):
        _text(value, name)


def _dictionary(value: Any, name: str) -> None:
    if not isinstance(value, dict):
        _refuse(value, name, "a dictionary")


def _progress(value: Any, name: str) -> None:
    long_work.interval(value)


def _serial(value: Any, name: str) -> None:
    for one in value if isinstance(value, list) and value else [value]:
        if not (isinstance(one, str) and PERCENTAGE.match(one)):
            numbers.count(one, name, 1, MOST_HOSTS, "a percentage such as 10%")


_empty_text = partial(_text, empty=True)
_choices = {
    "interface": partial(_choice, choices=("admin", "internal", "public")),
    "state": partial(_choice, choices=("present", "absent")),
}


def _connection(prefix: str) -> dict[str, Check]:
    return {
        f"{prefix}_cloud": _cloud,
        f"{prefix}_auth": _dictionary,
        f"{prefix}_auth_type": _text,
        f"{prefix}_region_name": _text,
        f"{prefix}_interface": _choices["interface"],
        f"{prefix}_validate_certs": flag,
        f"{prefix}_ca_cert": _text,
    }


CHECKS: dict[str, Check] = {
    # Playbooks
    "drain_cards": _cards,
    "placement_publish": flag,
    "vfio_capture_directory": _text,
    "vfio_discover_directory": _text,
    "vfio_progress_interval": _progress,
    "vfio_serial": _serial,
    "vfio_suggest": flag,
    "vfio_wait": lambda value, name: numbers.count(value, name, 0, A_WEEK, unit="seconds"),
    # Roles
    "boot_state": _choices["state"],
    "boot_python": _interpreter,
    "boot_timeout": numbers.duration,
    "cyborg_config_path": partial(_file, empty=True),
    "cyborg_config_drivers": partial(_list, check=_text),
    "cyborg_config_nova_release": partial(_release, empty=True),
    "cyborg_config_owner": _empty_text,
    "cyborg_config_group": _empty_text,
    "cyborg_config_mode": _mode,
    "cyborg_config_restart": flag,
    "cyborg_config_service": partial(_matching, pattern=UNIT, what="the name of a systemd unit"),
    "iommu_passthrough": flag,
    "iommu_kernel_arguments": partial(
        _list,
        check=partial(
            _matching,
            pattern=KERNEL_ARGUMENT,
            what="one word of letters, digits and . _ , : / = @ % + -, such as 'iommu=pt'",
        ),
    ),
    "iommu_bootloader": partial(_choice, choices=("auto", "grub", "grubby", "systemd-boot", "none")),
    "iommu_command_prefix": partial(_list, check=_text),
    "iommu_reboot": flag,
    "iommu_reboot_timeout": lambda value, name: numbers.count(value, name, 1, A_DAY, unit="seconds"),
    "mdev_timeout": numbers.duration,
    "mdev_persist": flag,
    "mdev_packages": partial(_list, check=_text),
    "nova_config_release": _release,
    "nova_config_path": _file,
    "nova_config_report_in_placement": flag,
    "nova_config_pci_in_placement": flag,
    "nova_config_provider_config": flag,
    "nova_config_provider_path": _file,
    "nova_config_root": _root,
    "nova_config_owner": _empty_text,
    "nova_config_group": _empty_text,
    "nova_config_mode": _mode,
    "nova_config_restart": flag,
    "nova_config_service": partial(_matching, pattern=UNIT, what="the name of a systemd unit"),
    "nova_config_host": _empty_text,
    "nova_config_check_service": flag,
    "nova_config_libvirt": partial(_matching, pattern=VERSION, what="a version such as 11.3.0"),
    "placement_state": _choices["state"],
    "placement_root": _root,
    "placement_root_optional": flag,
    "placement_shape": partial(_choice, choices=("nova", "cyborg", "own")),
    "placement_cyborg_agent": flag,
    "placement_cyborg_host": _root,
    "placement_exact_names": flag,
    "placement_drain": _drained,
    "placement_cards": partial(_list, check=_text),
    "placement_traits_mode": partial(_choice, choices=("exact", "add")),
    "placement_purge": flag,
    **_connection("placement"),
    "report_path": _page,
    "report_title": _text,
    "report_formats": partial(_list, check=partial(_choice, choices=("page", "csv", "json"))),
    "report_placement": flag,
    "report_placement_root": _root,
    **_connection("report"),
    "sriov_timeout": numbers.duration,
    "sriov_allow_host_network": flag,
    "sriov_persist": flag,
    "mig_timeout": numbers.duration,
    "mig_persist": flag,
    "vfio_host_root": partial(_matching, pattern=re.compile(r"/[^\x00-\x1f\x7f]{0,4095}\Z"), what="an absolute path"),
    "vfio_on_busy": partial(_choice, choices=("fail", "skip")),
    "vfio_accept_unseen": partial(_list, check=partial(_choice, choices=base.NAMES)),
    "vfio_compare_only": flag,
}
# These variables have no default, and null means omitted.
OPTIONAL = {
    *("placement_shape", "placement_cyborg_host", "placement_traits_mode", "placement_cards"),
    *_connection("placement"),
    *_connection("report"),
}
