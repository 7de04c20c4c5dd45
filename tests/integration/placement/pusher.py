# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run one of several processes that push overlapping trees at the same time; print its errors.

python -m ...pusher <address of Placement> <seed> <rounds> <root>...
"""

from __future__ import annotations

import random
import sys

from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._placement import client, converge
from ansible_collections.vfio.devices.plugins.module_utils._placement import wanted as placement_wanted

OPTIONS = {
    "cloud": None,
    "auth_type": "admin_token",
    "state": "present",
    "traits_mode": None,
    "drain": False,
    "purge": False,
    "scope": [],
    "create_roots": False,
    "check_usages": True,
    "tries": 10,
    "timeout": 600,
}


def child(root, number, total=8, traits=("CUSTOM_A",)):
    return {
        "name": f"{root}_vf{number}",
        "parent": root,
        "inventories": {"CUSTOM_VF": {"total": total}},
        "traits": list(traits),
    }


def push(url, providers, **changes):
    options = {**OPTIONS, "auth": {"endpoint": url, "token": "admin"}, **changes}
    wanted = placement_wanted.parse_providers(providers, options)
    placement = client.connect(options)
    return converge.converge(placement, options, wanted, False)[0]


def main(url, seed, rounds, *roots):
    dice = random.Random(int(seed))
    retries = 0
    for _round in range(int(rounds)):
        pairs = dice.sample([(root, number) for root in roots for number in range(3)], 2)
        providers = [
            child(root, number, dice.randint(4, 9), dice.sample(["CUSTOM_A", "CUSTOM_B", "HW_NIC_SRIOV"], 2))
            for root, number in pairs
        ]
        try:
            result = push(url, providers, drain=dice.random() < 0.2)
            retries += result["retries"]
            for failure in result["failures"]:
                print(failure)
        except (Refused, client.PlacementError) as error:
            print(error)
    print(f"retries {retries}", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
