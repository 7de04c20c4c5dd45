# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._services import options

GIVEN = {"project": "nova", "program": "nova-compute", "unit": "", "path": "/etc/nova/nova.conf"}


def test_the_unit_has_the_name_of_the_program():
    assert options.checked(GIVEN).unit == "nova-compute"
    assert options.checked({**GIVEN, "unit": "openstack-nova-compute.service"}).unit == "openstack-nova-compute.service"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("project", ["", "..", "../x", "a/b", "a b", "a\n", "\0", "-x", "x" * 65]),
        ("program", ["", "..", "../x", "a/b", "nova-compute --config-file x"]),
        ("unit", ["../x", "..", "nova@", "nova.socket", "a\0"]),
        ("path", ["", "nova.conf", "/etc/../x", "/proc/1/environ", "/etc/nova/", "/a\n"]),
    ],
)
def test_values_that_cannot_be_part_of_a_path(name, values):
    for value in values:
        with pytest.raises(Refused) as refused:
            options.checked({**GIVEN, name: value}, "services[3].")
        (problem,) = refused.value.problems
        assert problem.startswith(f"services[3].{name}")
        assert problem.isprintable()
