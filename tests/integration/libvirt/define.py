# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Add XML elements (a JSON list of texts) to domains of libvirt's test driver, which validates them.

Prints the devices of each running domain as libvirt has parsed them, or its error, as JSON.
"""

from __future__ import annotations

import json
import sys
from xml.etree import ElementTree

import libvirt

DOMAIN = """
<domain type='test'>
  <name>guest</name><memory>1024</memory><os><type>hvm</type></os><devices>{element}</devices>
</domain>
"""


def understood(connection, element):
    try:
        domain = connection.defineXMLFlags(DOMAIN.format(element=element), libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
        domain.create()
    except libvirt.libvirtError as error:
        return str(error)
    devices = ElementTree.fromstring(domain.XMLDesc()).find("devices")
    domain.destroy()
    domain.undefine()
    return [ElementTree.tostring(device, encoding="unicode") for device in devices]


libvirt.registerErrorHandler(lambda context, error: None, None)
connection = libvirt.open("test:///default")
print(json.dumps([understood(connection, element) for element in json.load(sys.stdin)]))
