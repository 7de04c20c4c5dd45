# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""End a module with one message if the Python of the host is too old for it.

Modules import this file first. This file and the modules therefore contain only syntax that Python 2.7 compiles.
"""

# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False

import gc
import json
import sys

OLDEST = (3, 9)


def refusal(version, program):
    """Return why modules cannot run with Python ``version`` at the path ``program``, or None if they can."""
    if tuple(version[:2]) >= OLDEST:
        return None
    return (
        "Python {0}.{1} ({2}) is too old. The modules of vfio.devices need Python {3}.{4} or newer on this host. "
        "Install it, for example on RHEL 8 with `dnf install python39`, and set "
        "`ansible_python_interpreter: /usr/bin/python{3}.{4}` for this host."
    ).format(version[0], version[1], program, *OLDEST)


REFUSAL = refusal(sys.version_info, sys.executable)
if REFUSAL:
    # AnsibleModule itself needs a newer Python, so the result is printed without it.
    sys.stdout.write(json.dumps({"failed": True, "msg": REFUSAL}) + "\n")
    sys.exit(1)  # pylint: disable=ansible-bad-function

# A module ends before it has much garbage.
gc.set_threshold(100000)

# An older Python could not compile this file.
from .zip_imports import start

start()
