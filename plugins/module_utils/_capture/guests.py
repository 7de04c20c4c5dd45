# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Reduce guests, containers, pods and processes to their devices, without secrets."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

from .anonymize import Anonymizer

OF_GUESTS = re.compile(r"(?:hostpci\d+|dev\d+|template|lxc\.(?:net\.\d+\.link|mount\.entry)):")
XML_TAGS = (
    *(
        "domstatus",
        "domain",
        "name",
        "uuid",
        "devices",
        "hostdev",
        "interface",
        "source",
        "address",
        "actual",
        "driver",
    ),
    *("network", "forward", "pf", "model"),
)
XML_ATTRIBUTES = (
    *(
        "type",
        "mode",
        "managed",
        "domain",
        "bus",
        "slot",
        "function",
        "uuid",
        "dev",
        "network",
        "model",
        "name",
        "state",
    ),
    "pid",
)


def domain(text: str, hide: Anonymizer) -> str | None:
    try:
        top = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None
    return ElementTree.tostring(_element(top, hide), encoding="unicode")


def _element(element: Any, hide: Anonymizer) -> Any:
    kept = ElementTree.Element(
        element.tag, {key: element.attrib[key] for key in element.attrib if key in XML_ATTRIBUTES}
    )
    if kept.get("network"):
        kept.set("network", hide.name("network", kept.get("network", "")))
    for child in element:
        text = (child.text or "").strip()
        if child.tag in XML_TAGS:
            kept.append(_element(child, hide))
        if child.tag == "name" and text:
            kept[-1].text = hide.name("network" if element.tag == "network" else "guest", text)
        elif child.tag == "uuid":
            kept[-1].text = text
    return kept


def mapping(text: str, hide: Anonymizer) -> str:
    """Keep the names of Proxmox VE mappings, with replaced node names."""
    kept = [line for line in text.splitlines() if not line.strip().startswith("description")]
    nodes = re.compile(r"(?<=\bnode=)[\w.-]+")
    return nodes.sub(lambda found: hide.node(found[0]), "\n".join(kept))


def guest(text: str, hide: Anonymizer) -> str:
    """Keep the devices in the configuration of a Proxmox VE guest."""
    kept = []
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if key in ("name", "hostname") and colon:
            kept.append(f"{key}: {hide.name('guest', value.strip())}")
        elif OF_GUESTS.match(line) or line.startswith("["):
            kept.append(line if not line.startswith("[") or "PENDING" in line.upper() else "[snapshot]")
    return "\n".join(kept)


def command_of(text: str, hide: Anonymizer) -> str:
    """Keep the program and the guest name of QEMU arguments."""
    words = text.split("\0")
    kept = [words[0].rpartition("/")[2]]
    for option, value in zip(words, words[1:]):
        if option == "-name":
            name = re.match(r"(?:guest=)?((?:[^,]|,,)*)", value)
            kept += ["-name", f"guest={hide.name('guest', name[1] if name else value)}"]
    return "\0".join(kept)


def groups(text: str, hide: Anonymizer) -> str:
    found = re.findall(r"/([\w@.-]+\.service)|((?:docker|libpod|crio|cri-containerd)[-/][0-9a-f]{12,})", text)
    return "0::/" + "/".join(unit or container for unit, container in found)


def checkpoint(text: str, hide: Anonymizer) -> str | None:
    try:
        entries = json.loads(text)["Data"]["PodDeviceEntries"] or []
    except (ValueError, KeyError, TypeError):
        return None
    keys = ("PodUID", "ContainerName", "ResourceName", "DeviceIDs")
    kept = [{key: one[key] for key in keys if key in one} for one in entries if isinstance(one, dict)]
    for one in kept:
        one["ContainerName"] = hide.name("container", str(one.get("ContainerName", "")))
    return json.dumps({"Data": {"PodDeviceEntries": kept}})
