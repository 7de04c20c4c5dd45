# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Ask the daemon of LXD or Incus for its instances and networks.

It is asked on its socket, because its client program creates files, even to read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from .._core import json_text
from .._core.text import printable
from .._host import unix_http
from .._host.errors import describe, is_deadline
from .._host.root import HostRoot
from .container_engines import as_list, as_mapping
from .referenced_devices import INTERFACE, POOL, Reference

SERVER, INSTANCES, PROJECTS, NETWORKS = "/1.0", "/1.0/instances?recursion=1", "/1.0/projects", "/1.0/networks"
# Older servers ignore the parameter and answer with one project.
ALL_PROJECTS, ALL_PROJECTS_EXTENSION = "all-projects=true", "instance_all_projects"
NO_CLUSTER = "none"
# The kind of the interface that a network of this type gives to instances.
OF_NETWORKS = {"sriov": POOL, "physical": INTERFACE, "macvlan": INTERFACE}


class Api:
    """The API of one daemon. After a failure, ``problem`` says why, and the daemon is not asked again."""

    def __init__(self, host: HostRoot, sockets: Iterable[str]) -> None:
        self._host = host
        self._sockets = tuple(sockets)
        self._server: Mapping[str, Any] | None = None
        self.problem = ""

    def has_socket(self) -> bool:
        return any(map(self._host.exists, self._sockets))

    def is_local(self, instance: Mapping[str, Any]) -> bool:
        """Return whether an instance is on this member of a cluster, also if the name of the member is unknown."""
        member = self._environment().get("server_name")
        return not member or instance.get("location", NO_CLUSTER) in (NO_CLUSTER, member)

    def instances(self) -> Iterator[Mapping[str, Any]]:
        """Yield the instances in all projects, of all members of a cluster."""
        if ALL_PROJECTS_EXTENSION in as_list(self._get_server().get("api_extensions")):
            yield from map(as_mapping, as_list(self._get(f"{INSTANCES}&{ALL_PROJECTS}")))
            return
        for path in as_list(self._get(PROJECTS)):
            project = str(path).rpartition("/")[2]
            for one in as_list(self._get(f"{INSTANCES}&project={project}")):
                yield {"project": project, **as_mapping(one)}

    def networks(self, names: Collection[str]) -> dict[str, Reference | None]:
        """Map those of the networks that give instances an interface of the host to it, or to None if it is unknown.

        Networks of other projects than the default one have no such type.
        """
        found: dict[str, Reference | None] = {}
        for network in map(as_mapping, as_list(self._get(f"{NETWORKS}?recursion=1"))):
            kind, name = OF_NETWORKS.get(str(network.get("type"))), str(network.get("name"))
            if kind and name in names:
                parent = _parent(network) or self._parent_on_member(name)
                found[name] = Reference(kind, str(parent)) if parent else None
        return {**dict.fromkeys(names if self.problem else ()), **found}

    def _parent_on_member(self, name: str) -> Any:
        """Return the parent of a network on this member of a cluster, where it may differ between members."""
        environment = self._environment()
        if not environment.get("server_clustered"):
            return None
        return _parent(as_mapping(self._get(f"{NETWORKS}/{name}?target={environment.get('server_name')}")))

    def _environment(self) -> Mapping[str, Any]:
        return as_mapping(self._get_server().get("environment"))

    def _get_server(self) -> Mapping[str, Any]:
        if self._server is None:
            self._server = as_mapping(self._get(SERVER))
        return self._server

    def _get(self, target: str) -> Any:
        """Return the value at a path of the API, or None after a failure."""
        if self.problem:
            return None
        socket = next(filter(self._host.exists, self._sockets), self._sockets[-1])
        try:
            answer = as_mapping(json_text.load(printable(unix_http.get(self._host, socket, target))))
        except OSError as error:
            late = f"the daemon did not answer within {self._host.timeout:g} s"
            self.problem = late if is_deadline(error) else f"the socket /{socket} of the daemon gives {describe(error)}"
        except (RuntimeError, ValueError) as error:
            self.problem = f"the answer of the daemon to {target} is invalid: {error}"
        else:
            if answer.get("metadata") is not None and not answer.get("error"):
                return answer["metadata"]
            self.problem = f"the daemon answers {target} with {answer.get('error') or 'no data'}"
        return None


def _parent(network: Mapping[str, Any]) -> Any:
    return as_mapping(network.get("config")).get("parent")
