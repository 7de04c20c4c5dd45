# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The way to Placement through openstacksdk: the only file that speaks HTTP."""

from __future__ import annotations

import platform
import sys
import threading
from typing import Any

from . import retry as _backoff
from .api import Placement, PlacementError, Reply, Transport

# The newest microversion that this was written for, and the oldest that can do all of it: reserved = total.
NEWEST = (1, 39)
OLDEST = (1, 26)
# Seconds for one answer where nobody says how many: the SDK itself would wait for ever.
ANSWER = 60

# Names of the options of modules and of the SDK.
CONNECTION = {
    "auth": "auth",
    "auth_type": "auth_type",
    "region_name": "region_name",
    "interface": "interface",
    "validate_certs": "verify",
    "ca_cert": "cacert",
    "client_cert": "cert",
    "client_key": "key",
    "api_timeout": "api_timeout",
}


def connect(options: dict[str, Any]) -> Placement:
    """Placement of the cloud that the options name, those of :data:`_placement_options.ARGUMENT_SPEC`."""
    try:
        import openstack
        from keystoneauth1 import adapter, exceptions, session
    except ImportError as error:
        raise PlacementError(
            f"the Python library openstacksdk is not installed for {sys.executable} on {platform.node()}, where this "
            f"module runs ({error}). Run there: {sys.executable} -m pip install openstacksdk. Or set "
            "ansible_python_interpreter of localhost to a Python that has it"
        ) from error
    settings = {theirs: options[ours] for ours, theirs in CONNECTION.items() if options.get(ours) is not None}
    cloud = options.get("cloud")
    if isinstance(cloud, dict):
        beside = [ours for ours, theirs in CONNECTION.items() if theirs in settings and ours != "interface"]
        if beside:
            raise PlacementError(
                f"cloud has all settings itself when it is a dictionary, so leave out {', '.join(beside)}"
            )
        settings = cloud
    elif cloud is not None:
        settings["cloud"] = cloud
    failures = (exceptions.ClientException, openstack.exceptions.SDKException)
    try:
        region = openstack.connect(**settings).config
        if region.config.get("api_timeout") is None:
            region.config["api_timeout"] = ANSWER
        first = region.get_session_client("placement")
        address = first.get_endpoint()
    except failures as error:
        raise PlacementError(
            f"cannot log in to the cloud and find Placement in it: {_words(error)}; cloud names one of clouds.yaml, "
            "and without it auth or the variables OS_* say how to log in; in the roles these are placement_cloud and "
            "placement_auth"
        ) from error
    except (TypeError, ValueError, AttributeError, OSError) as error:
        raise PlacementError(f"cannot make sense of the settings of the cloud: {_words(error)}") from error
    if not address:
        raise PlacementError(
            f"the cloud has no endpoint of Placement for the interface {region.get_interface('placement')} in the "
            f"region {region.get_region_name('placement')}"
        )

    def open_adapter() -> Any:
        original = first.session
        own = session.Session(auth=original.auth, verify=original.verify, cert=original.cert, timeout=original.timeout)
        return adapter.Adapter(session=own, service_type="placement", endpoint_override=address)

    return Placement(SdkTransport(open_adapter, exceptions.ClientException, options["tries"]))


class SdkTransport(Transport):
    """One adapter and one connection for each thread; reads are asked again, writes never."""

    def __init__(self, open_adapter: Any, failures: Any, tries: int) -> None:
        self.calls = 0
        self.version = NEWEST
        self._open_adapter = open_adapter
        self._failures = failures
        self._tries = tries
        self._own = threading.local()
        self._lock = threading.Lock()

    def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Reply:
        tries = self._tries if method == "GET" else 1
        for attempt in _backoff.attempts(tries):
            reply = self._send_once(method, path, body)
            if reply.status == 406:
                self._negotiate(reply)
                reply = self._send_once(method, path, body)
            transient = reply.status is None or reply.status in (408, 429) or reply.status >= 500
            if not transient or attempt == tries:
                break
        return reply

    def _send_once(self, method: str, path: str, body: dict[str, Any] | None) -> Reply:
        if not hasattr(self._own, "adapter"):
            self._own.adapter = self._open_adapter()
        with self._lock:
            self.calls += 1
        try:
            response = self._own.adapter.request(
                path,
                method,
                json=body,
                microversion="{}.{}".format(*self.version),
                headers={"Accept": "application/json"},
                raise_exc=False,
            )
        except self._failures as error:
            status = getattr(error, "http_status", None) or None
            return Reply(status, _words(error))
        try:
            return Reply(response.status_code, response.json() if response.content else None)
        except ValueError:
            return Reply(response.status_code, response.text)

    def _negotiate(self, reply: Reply) -> None:
        """Go down to what the server has; it tells so when it refuses a version."""
        try:
            error = reply.body["errors"][0]
            major, minor = (int(number) for number in error["max_version"].split("."))
        except (TypeError, KeyError, IndexError, ValueError, AttributeError) as wrong:
            raise PlacementError("cannot agree with Placement on an API version", reply) from wrong
        if (major, minor) < OLDEST:
            raise PlacementError(
                "this Placement is too old: its newest API version is {}.{}, and {}.{} is needed (since OpenStack "
                "Rocky)".format(major, minor, *OLDEST)
            )
        self.version = min(NEWEST, (major, minor))


def _words(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
