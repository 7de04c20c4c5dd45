# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The options that select the cloud, as in modules of openstack.cloud, and their secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from .._core import grammar, numbers
from . import addresses
from .model import PlanOptions

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "cloud": {"type": "raw"},
    "auth_type": {"type": "str"},
    "auth": {"type": "dict", "no_log": True},
    "region_name": {"type": "str"},
    "interface": {"type": "str", "choices": ["admin", "internal", "public"], "default": "public"},
    "validate_certs": {"type": "bool", "aliases": ["verify"]},
    "ca_cert": {"type": "str", "aliases": ["cacert"]},
    "client_cert": {"type": "str", "aliases": ["cert"]},
    "client_key": {"type": "str", "no_log": True, "aliases": ["key"]},
    "api_timeout": {"type": "raw"},
    "tries": {"type": "raw", "default": 10},
    "timeout": {"type": "raw", "default": 3600},
}
MOST_TRIES = 100

# Keys of auth whose values are public. If they counted as secrets, a project named "service" would remove this word
# from every name in the result.
HARMLESS = (
    *("auth_url", "endpoint", "username", "user_id", "user_domain_name", "user_domain_id", "system_scope"),
    *("project_name", "project_id", "project_domain_name", "project_domain_id", "domain_name", "domain_id"),
    *("default_domain_name", "default_domain_id", "tenant_name", "tenant_id"),
    *("application_credential_id", "application_credential_name", "identity_provider", "protocol"),
)
KNOWN_SECRETS = ("password", "token", "secret", "passcode", "key")


def check_options(options: MutableMapping[str, Any], found: list[str]) -> None:
    """Convert numeric options to numbers; add a sentence to ``found`` for each invalid one."""
    try:
        options["tries"] = numbers.count(options["tries"], "tries", 1, MOST_TRIES)
    except ValueError as error:
        found.append(str(error))
    try:
        options["timeout"] = numbers.duration(options["timeout"], "timeout")
    except ValueError as error:
        found.append(str(error))
    cloud = options.get("cloud")
    found += addresses.problems(options.get("auth"), "auth")
    found += addresses.problems(cloud.get("auth") if isinstance(cloud, Mapping) else None, "cloud.auth")
    timeout = options.get("api_timeout")
    options["api_timeout"] = grammar.collect(lambda value: numbers.duration(value, "api_timeout"), timeout, found)


def plan_options(options: Mapping[str, Any], check_mode: bool) -> PlanOptions:
    """Return the options of placement_inventory that a plan depends on."""
    return {
        "state": options["state"],
        "traits_mode": options["traits_mode"],
        "drain": options["drain"],
        "purge": options["purge"],
        "scope": options["scope"],
        "create_roots": options["create_roots"],
        "check_usages": options["check_usages"],
        "tries": options["tries"],
        "check_mode": check_mode,
    }


def hidden_values(options: Mapping[str, Any], declared: set[str]) -> set[str]:
    """Return the values to hide; ``declared`` are values that Ansible hides because of their options."""
    return (declared - harmless(options)) | secret_values(options)


def secret_values(options: Mapping[str, Any]) -> set[str]:
    """Return the values of options that must never be shown."""
    found = {options["client_key"]} if options.get("client_key") else set()
    found |= set(_leaves(options.get("auth"), everything=True))
    if isinstance(options.get("cloud"), dict):
        found |= set(_leaves(options["cloud"], everything=False))
    return found


def harmless(options: Mapping[str, Any]) -> set[str]:
    """Return the values in ``auth`` that may be shown: they are not secret and differ from all secrets."""
    auth = options.get("auth") or {}
    return {str(auth[key]) for key in HARMLESS if auth.get(key)} - secret_values(options)


def _leaves(value: Any, everything: bool) -> Iterator[str]:
    """Yield all values of ``auth`` that are not known to be public, and other values with a key like a secret's."""
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _leaves(inner, everything or key == "auth")
        elif inner in (None, "") or isinstance(inner, bool) or key in HARMLESS:
            continue
        elif everything or any(word in str(key).lower() for word in KNOWN_SECRETS):
            yield str(inner)
