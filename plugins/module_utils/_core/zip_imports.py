# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Import modules from the zip file that Ansible sends, in half the time."""

from __future__ import annotations

import atexit
import gc
import sys
import zipimport

# In objects. Python would search for garbage after every 700 to 2,000 new objects, but a module creates little.
GARBAGE_THRESHOLD = 50000


class CompilesOnce(zipimport.zipimporter):
    """Compiles each file once. The importer of Python compiles it a second time to return its path."""

    def get_filename(self, fullname: str) -> str:
        """Return the path of a module. Raises ``ZipImportError`` for an unknown name."""
        suffix = "/__init__.py" if self.is_package(fullname) else ".py"
        return f"{self.archive}/{self.prefix}{fullname.rpartition('.')[2]}{suffix}"


def start() -> None:
    """Prepare the process of a module. Other processes do not import this file from a zip file."""
    if not (__spec__ and isinstance(__spec__.loader, zipimport.zipimporter)):
        return
    gc.set_threshold(GARBAGE_THRESHOLD)
    # Python searches all remaining objects several times before it ends.
    atexit.register(gc.freeze)
    sys.path_hooks.insert(0, CompilesOnce)
    for path, finder in list(sys.path_importer_cache.items()):
        if isinstance(finder, zipimport.zipimporter):
            del sys.path_importer_cache[path]
