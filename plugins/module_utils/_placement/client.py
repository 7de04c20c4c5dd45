# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Send requests to Placement with openstacksdk. No other file uses HTTP."""

from __future__ import annotations

import contextlib
import json
import platform
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Callable, NamedTuple

from .._core import missing_library, numbers
from . import addresses, certificates, clouds, limits
from .api import Placement, Transport
from .errors import PlacementError, Reply
from .options import secret_values
from .redaction import Secrets
from .retry import Clock

# The newest supported microversion, and the oldest that has all needed features, such as reserved = total.
NEWEST = (1, 39)
OLDEST = (1, 26)
# In seconds: the default timeout of one response; the SDK itself would wait forever.
ANSWER = 60
# In seconds: the timeout for all files and URLs with settings.
SETTINGS = 60
# In bytes: the maximum shown part of a response that is not JSON.
TEXT = 2000

UNREACHABLE = (
    "Check the endpoint of Placement and the network of this controller. The endpoint comes from placement_auth or "
    "placement_cloud"
)
VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})\Z")

CONFIGURATION = "the configuration of the cloud"
REMEDY = (
    "Set placement_cloud to an entry of clouds.yaml, or correct placement_auth and placement_auth_type or the "
    "variables OS_*"
)
# Maps option names of modules to those of the SDK.
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


class _Sdk(NamedTuple):
    """The modules of openstacksdk and keystoneauth1, which are imported only here."""

    openstack: Any
    adapter: Any
    exceptions: Any
    session: Any

    @property
    def failures(self) -> tuple[Any, ...]:
        return self.exceptions.ClientException, self.openstack.exceptions.SDKException

    def new_session(self, **options: Any) -> Any:
        made = self.session.Session(**options)
        made.session.hooks["response"].append(limits.check)
        return made


def connect(options: Mapping[str, Any]) -> Placement:
    """Log in to the cloud of the options (see :data:`ARGUMENT_SPEC`) and find Placement.

    The timeout for all requests starts here. Raises PlacementError.
    """
    sdk = _import_sdk()
    clock = Clock(options["timeout"])
    settings = _settings(options)
    secrets = Secrets(secret_values(options))
    files = clouds.files(options, sdk.openstack.config.loader)

    def place() -> str:
        return clouds.unnamed(options) or f"{clouds.describe(files['config_files'])}. {REMEDY}"

    def place_in_time() -> str:
        # The file may be on a server that does not answer.
        try:
            return limits.within(SETTINGS, place)
        except limits.DeadlineExceeded:
            return REMEDY

    with _explained(CONFIGURATION, sdk.failures, secrets, place_in_time):
        region = limits.within(min(SETTINGS, clock.left()), lambda: _read_region(sdk, files, settings))
        secrets.values |= secret_values({"auth": region.config.get("auth")})
        _refuse(addresses.of_configuration(region.config))
        region.config["api_timeout"] = seconds = _seconds(region.config.get("api_timeout"))
        certificates.check(*region.get_requests_verify_args())
    with _explained("the responses of Keystone", sdk.failures, secrets, place_in_time):
        first = region.get_session_client("placement")
        address = limits.within(min(seconds, clock.left()), first.get_endpoint)
    if not address:
        raise PlacementError(
            f"the cloud has no Placement endpoint for the interface {region.get_interface('placement')} in the "
            f"region {region.get_region_name('placement')}"
        )
    problem = addresses.problem_of(address, addresses.SAMPLES["endpoint"])
    if problem:
        raise PlacementError(f"the endpoint of Placement in the cloud {problem}")

    def open_adapter() -> Any:
        original = first.session
        own = sdk.new_session(auth=original.auth, verify=original.verify, cert=original.cert, timeout=seconds)
        return sdk.adapter.Adapter(session=own, service_type="placement", endpoint_override=address)

    transport = SdkTransport(open_adapter, sdk.exceptions.ClientException, options["tries"], clock, seconds)
    transport.untrusted, transport.unreachable = sdk.exceptions.SSLError, sdk.exceptions.ConnectFailure
    transport.secrets = secrets
    return Placement(transport)


def _import_sdk() -> _Sdk:
    try:
        import openstack
        from keystoneauth1 import adapter, exceptions, session
    except ImportError as error:
        raise PlacementError(
            f"the Python library openstacksdk is not installed for {sys.executable} on {platform.node()}, where this "
            f"module runs ({error}). Run there: {missing_library.command('openstacksdk')}. Or set "
            "ansible_python_interpreter of localhost to a Python that has it"
        ) from error
    return _Sdk(openstack, adapter, exceptions, session)


def _read_region(sdk: _Sdk, files: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    """Return the SDK's configuration of a region, which may be at a URL."""
    found = sdk.openstack.config.OpenStackConfig(session_constructor=sdk.new_session, **files)
    return found.get_one(**settings)


class SdkTransport(Transport):
    """One adapter and connection per thread. Failed reads are retried, writes never."""

    def __init__(self, open_adapter: Any, failures: Any, tries: int, clock: Clock, seconds: float) -> None:
        self.calls = 0
        self.version = NEWEST
        self.clock = clock
        self.untrusted: Any = ()
        self.unreachable: Any = ()
        self.secrets = Secrets()
        self._open_adapter = open_adapter
        self._failures = failures
        self._tries = tries
        self._seconds = seconds
        self._own = threading.local()
        self._lock = threading.Lock()

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        attempt = 1
        while True:
            reply = self._send_once(method, path, body)
            if reply.status == 406:
                self._negotiate(reply)
                reply = self._send_once(method, path, body)
            transient = reply.status is None or reply.status in (408, 429) or reply.status >= 500
            if method != "GET" or not transient or attempt == self._tries:
                return reply
            if not self.clock.pause(attempt, reply.wait):
                return reply
            attempt += 1

    def _send_once(self, method: str, path: str, body: Mapping[str, Any] | None) -> Reply:
        seconds = min(self._seconds, self.clock.left())
        if not hasattr(self._own, "adapter"):
            self._own.adapter = self._open_adapter()
        adapter = self._own.adapter
        with self._lock:
            self.calls += 1

        def ask() -> Reply:
            response = adapter.request(
                path,
                method,
                json=body,
                microversion="{}.{}".format(*self.version),
                headers={"Accept": "application/json"},
                raise_exc=False,
            )
            return self._read(response)

        try:
            return limits.within(seconds, ask)
        except PlacementError:
            raise
        except limits.Unacceptable as error:
            unclear = method != "GET" and not error.final
            raise PlacementError(f"{method} {path}: {error}", mine=not error.final, unclear=unclear) from error
        except Exception as error:
            # A thread that was left behind after a timeout may still use it.
            del self._own.adapter
            return self._no_answer(error)

    def hide(self, text: str) -> str:
        return self.secrets.hide(text)

    def _no_answer(self, error: Exception) -> Reply:
        message = self.secrets.hide(error) or type(error).__name__
        if isinstance(error, self.untrusted) and "EOF" not in str(error):
            raise PlacementError(f"the certificate of Placement is not trusted: {message}. Correct ca_cert") from error
        if isinstance(error, limits.DeadlineExceeded):
            return Reply(None, message)
        if isinstance(error, self.unreachable):
            return Reply(None, message, remedy=f". {UNREACHABLE}")
        if isinstance(error, self._failures):
            return Reply(getattr(error, "http_status", None) or None, message)
        if isinstance(error, OSError):
            raise PlacementError(f"a file with certificates cannot be used: {message}") from error
        return Reply(None, f"{type(error).__name__}: {message}")

    def _read(self, response: Any) -> Reply:
        status = response.status_code
        self.secrets.add(str(response.request.headers.get("X-Auth-Token")))
        content = self.secrets.blot(response.content, status >= 400)
        body: Any = None
        if content:
            try:
                body = json.loads(content)
            except (ValueError, RecursionError):
                body = content[:TEXT].decode("utf-8", "replace")
        return Reply(status, body, limits.retry_after(response.headers))

    def _negotiate(self, reply: Reply) -> None:
        """Use the newest version of the server, which it reports when it rejects a version."""
        try:
            newest = VERSION.match(reply.body["errors"][0]["max_version"])
            version = int(newest[1]), int(newest[2])  # type: ignore[index]
        except (TypeError, KeyError, IndexError) as wrong:
            raise PlacementError("cannot negotiate an API version with Placement", reply) from wrong
        if version < OLDEST:
            raise PlacementError(
                "this Placement is too old: its newest API version is {}.{}, but {}.{} is required (OpenStack Rocky or "
                "later)".format(*version, *OLDEST)
            )
        self.version = min(NEWEST, version)


def _settings(options: Mapping[str, Any]) -> Mapping[str, Any]:
    settings = {theirs: options[ours] for ours, theirs in CONNECTION.items() if options.get(ours) is not None}
    cloud = options.get("cloud")
    if isinstance(cloud, dict):
        beside = [ours for ours, theirs in CONNECTION.items() if theirs in settings and ours != "interface"]
        if beside:
            raise PlacementError(
                f"cloud is a dictionary, which contains all connection options. Remove {', '.join(beside)}"
            )
        return cloud
    return settings if cloud is None else {**settings, "cloud": cloud}


def _refuse(problems: list[str]) -> None:
    if problems:
        raise PlacementError(f"{CONFIGURATION}: {'; '.join(problems)}")


@contextlib.contextmanager
def _explained(what: str, failures: Any, secrets: Secrets, place: Callable[[], str]) -> Iterator[None]:
    """Convert all errors of settings and login to PlacementError; ``place`` describes clouds.yaml with a remedy."""
    try:
        yield
    except PlacementError:
        raise
    except (*failures, limits.Unacceptable, limits.DeadlineExceeded) as error:
        raise PlacementError(
            f"cannot log in to the cloud and find Placement: {secrets.hide(error) or type(error).__name__}. {place()}"
        ) from error
    except Exception as error:
        advice = f". {place()}" if what == CONFIGURATION else ""
        raise PlacementError(f"cannot read {what}: {type(error).__name__}: {secrets.hide(error)}{advice}") from error


def _seconds(value: Any) -> float:
    try:
        return ANSWER if value is None else numbers.duration(value, "api_timeout")
    except ValueError as error:
        raise PlacementError(f"the configuration of the cloud: {error}") from error
