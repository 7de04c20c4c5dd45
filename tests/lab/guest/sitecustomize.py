# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of every Python process of the tests.

Keeps what Python compiles out of zip files, as it does for other files: Ansible sends every module as a zip file.

The emulated processor of the lab is slow, and compiling is half of what a task of Ansible takes there. On simulated
hosts it is a quarter, so that tests/env.sh lets all tests use it.

tests/run sets two more variables; the benchmarks and the lab do without them. With GARBAGE_THRESHOLD, Python looks for
garbage after so many new objects, which saves a tenth of a module's time. With KEPT_PAYLOADS, Ansible keeps what it
compiles of collections, too, which saves a fifth of a playbook's time.
"""

import _imp
import gc
import marshal
import os
import sys
import zipimport
from types import CodeType

KEPT = os.path.join(os.environ.get("KEPT_FROM_ZIP_FILES", "/run/compiled"), sys.implementation.cache_tag)
compile_source = zipimport._compile_source  # type: ignore[attr-defined]


def compile_once(path: str, source: bytes, place: bytes = b"") -> CodeType:
    """The code of a source, compiled or as it was kept for a place."""
    kept = f"{KEPT}/{_imp.source_hash(0, place + source).hex()}"
    try:
        with open(kept, "rb") as stream:
            code: CodeType = marshal.load(stream)
    except FileNotFoundError:
        code = compile_source(path, source)
        os.makedirs(KEPT, exist_ok=True)
        unfinished = f"{kept}.{os.getpid()}"
        with open(unfinished, "wb") as stream:
            marshal.dump(code, stream)
        os.rename(unfinished, kept)
    return code


def compile_of_collection(source: bytes, filename: str, **settings: object) -> CodeType:
    """Stand in for compile() where Ansible loads a file of a collection."""
    return compile_once(filename, source, filename.encode())


zipimport._compile_source = compile_once  # type: ignore[attr-defined]
if "KEPT_PAYLOADS" in os.environ:
    program = [os.path.basename(word) for word in getattr(sys, "orig_argv", ())[1:2]]
    if program in (["ansible"], ["ansible-playbook"]):
        from ansible.utils.collection_loader import _collection_finder

        _collection_finder.compile = compile_of_collection
if "GARBAGE_THRESHOLD" in os.environ:
    gc.set_threshold(int(os.environ["GARBAGE_THRESHOLD"]), 50, 100)
