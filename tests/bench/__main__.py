# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure all or the given parts and print one table, or publish the last results in the documentation.

python -m tests.bench [--rounds N] [--quick] [--results FILE] [part...]
python -m tests.bench --publish [--results FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from . import machine, page, parts, table
from .findings import Effort

RESULTS = machine.ROOT / ".build/bench/results.json"


def count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one turn is needed")
    return number


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests/bench/run", description="Compare speeds, and print one table.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(page.TITLES)}; all by default")
    parser.add_argument("--rounds", type=count, help="turns of each comparison")
    parser.add_argument("--quick", action="store_true", help="the smallest sizes, to see that it works")
    parser.add_argument("--publish", action="store_true", help="measure nothing, write the last results as a page")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the JSON file of the results")
    options = parser.parse_args()
    if unknown := sorted({*options.parts} - {*page.TITLES}):
        parser.error(f"there is no part {unknown[0]}, only {', '.join(page.TITLES)}")
    if options.publish:
        try:
            page.publish(json.loads(options.results.read_text(encoding="utf-8")), page.GUIDES)
        except (OSError, ValueError) as problem:
            sys.exit(f"nothing is published: {problem}")
        return
    effort = Effort(options.rounds, options.quick)
    print(table.text(parts.run(options.parts or [*page.TITLES], effort, options.results)))


if __name__ == "__main__":
    main()
