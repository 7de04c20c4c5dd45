# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give elements, a list of texts as JSON, to domains of libvirt's test driver, which checks them by libvirt's schema.

Prints, as JSON, the devices of each running domain as libvirt has understood them, or why it refuses the element.
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
