# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import re

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core import patterns
from ansible_collections.vfio.devices.plugins.module_utils._core.patterns import METHODS, lazy_pattern


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_the_one_of_the_compiled_expression(method):
    lazy, compiled = lazy_pattern("(A)+B", re.IGNORECASE), re.compile("(A)+B", re.IGNORECASE)
    arguments = ("-", "aab aB") if method == "sub" else ("aab aB",)
    found, expected = (getattr(one, method)(*arguments) for one in (lazy, compiled))
    if method == "finditer":
        found, expected = ([one.span() for one in several] for several in (found, expected))
    assert found == expected or found.span() == expected.span()


def test_an_expression_is_compiled_once_and_at_its_first_use(monkeypatch):
    compiled = []
    monkeypatch.setattr(patterns.re, "compile", lambda *given: compiled.append(given) or real(*given))
    lazy = lazy_pattern("[0-9]+")
    assert lazy.pattern == "[0-9]+" and compiled == []
    assert [bool(lazy.match(text)) for text in ("1", "a", "2")] == [True, False, True]
    assert lazy.search("a1") and compiled == [("[0-9]+", 0)]


real = re.compile


def test_other_attributes_and_copies_work_as_of_a_compiled_expression():
    assert lazy_pattern("(a)(b)").groups == 2
    assert copy.deepcopy(lazy_pattern(b"a")).match(b"a")
    with pytest.raises(AttributeError):
        getattr(lazy_pattern("a"), "nothing")  # noqa: B009
