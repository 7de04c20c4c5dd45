# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Validate addresses of Keystone and Placement before any request."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from .._core import numbers

# Options of the authentication plugins of keystoneauth, each with an example.
SAMPLES = {
    "auth_url": "https://controller:5000/v3",
    "endpoint": "https://controller:8778",
    "url": "https://controller:8778",
    "identity_provider_url": "https://idp.example.org/saml2",
    "service_provider_endpoint": "https://sp.example.org/saml2",
    "discovery_endpoint": "https://idp.example.org/.well-known/openid-configuration",
    "access_token_endpoint": "https://idp.example.org/token",
}
# Those to which the paths of requests are added. The others are used as they are.
BASES = ("auth_url", "endpoint", "url")
SCHEMES = ("http", "https")
# A label may have an underscore, which resolvers accept. Other alphabets need their ASCII form, xn--....
HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_-]{1,63})*\.?\Z")
MOST = 2048


def problems(auth: Any, label: str) -> Iterator[str]:
    """Yield a sentence for each address in ``auth`` that no service can have; ``label`` is the name of ``auth``."""
    for key in SAMPLES if isinstance(auth, Mapping) else ():
        if auth.get(key) not in (None, ""):
            problem = problem_of(auth[key], SAMPLES[key], key in BASES)
            if problem:
                yield f"{label}.{key} {problem}"


def of_configuration(config: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each invalid address of a cloud, which may come from clouds.yaml or variables OS_*."""
    override = config.get("placement_endpoint_override")
    problem = problem_of(override, SAMPLES["endpoint"]) if override else None
    return [*problems(config.get("auth"), "auth"), *([f"placement_endpoint_override {problem}"] if problem else [])]


def problem_of(address: Any, sample: str, is_base: bool = True) -> str | None:
    """Return why a service cannot have the address, as the rest of a sentence, or None.

    ``is_base`` says whether the paths of requests are added to the address.
    """
    reason = _reason(address, is_base) if isinstance(address, str) else ""
    if reason is None:
        return None
    # A user or password in the address must not be shown.
    value = "" if "@" in str(address) else f" {numbers.shown(address)}"
    return f"must be an address such as {sample}, and not{value or ' one with a user or password'}{reason}"


def _reason(address: str, is_base: bool) -> str | None:
    """Return why an address is invalid, with a separator, or None if it is valid."""
    if len(address) > MOST or not address.isascii() or not address.isprintable() or " " in address or "\\" in address:
        return ". It has blanks or characters that an address cannot have"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return ". Its host or port is invalid"
    if parts.scheme not in SCHEMES:
        return ". It must begin with http:// or https://"
    if "@" in parts.netloc:
        return ". Set username and password instead"
    if not host or not _is_host(parts.netloc, host) or port == 0:
        return ". Its host or port is invalid"
    return ". Remove ? and # with the text after them" if is_base and ("?" in address or "#" in address) else None


def _is_host(location: str, host: str) -> bool:
    if not location.startswith("["):
        return bool(HOST.match(host))
    try:
        return bool(ipaddress.IPv6Address(host.partition("%")[0]))
    except ValueError:
        return False
