# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write a curve as an SVG file for light and dark backgrounds, which matplotlib cannot do."""

from __future__ import annotations

import math
from html import escape

from .findings import Curve

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 610, 76, 300
STEPS = 5  # approximate number of intervals of an axis
MARKS = ("M-5 0A5 5 0 1 0 5 0A5 5 0 1 0 -5 0z", "M-5 -5H5V5H-5z")  # lines differ in shape as well as colour

HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="title">
  <!-- SPDX-License-Identifier: GPL-3.0-or-later -->
  <title id="title">{title}</title>
  <style>
    text {{ font: 14px system-ui, sans-serif; fill: #1b2733 }}
    .title {{ font-weight: 600 }}
    .number {{ font-size: 12.5px; fill: #46566a }}
    .grid {{ stroke: #dde4ec }}
    .ground {{ fill: #ffffff }}
    .line {{ fill: none; stroke-width: 2.5 }}
    .stroke0 {{ stroke: #1f5fa8 }} .fill0 {{ fill: #1f5fa8 }}
    .stroke1 {{ stroke: #b3540a }} .fill1 {{ fill: #b3540a }}
    @media (prefers-color-scheme: dark) {{
      text {{ fill: #e6edf5 }}
      .number {{ fill: #b3c1d1 }}
      .grid {{ stroke: #2d3a48 }}
      .ground {{ fill: #161d26 }}
      .stroke0 {{ stroke: #79b4f2 }} .fill0 {{ fill: #79b4f2 }}
      .stroke1 {{ stroke: #f0a35e }} .fill1 {{ fill: #f0a35e }}
    }}
  </style>
  <rect class="ground" width="{width}" height="{height}" rx="10"/>
"""


def ticks(greatest: float) -> list[float]:
    """Return round steps from 0 to at least the greatest value, which is above 0."""
    rough = greatest / STEPS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    return [float(f"{number * step:.6g}") for number in range(math.ceil(greatest / step * 0.999) + 1)]


def svg(curve: Curve) -> str:
    """Return the chart; both axes begin at 0, so that twice as high means twice as long."""
    points = [point for line in curve.lines.values() for point in line]
    across, up = ticks(max(x for x, _y in points)), ticks(max(y for _x, y in points))

    def place(x: float, y: float) -> tuple[str, str]:
        return (
            f"{LEFT + (RIGHT - LEFT) * x / across[-1]:.1f}",
            f"{BOTTOM - (BOTTOM - TOP) * y / up[-1]:.1f}",
        )

    parts = [HEAD.format(width=WIDTH, height=HEIGHT, title=escape(curve.title))]
    add = parts.append
    add(f'  <text class="title" x="{LEFT}" y="28">{escape(curve.title)}</text>\n')
    for value in up:
        _left, y = place(0, value)
        add(f'  <path class="grid" d="M{LEFT} {y}H{RIGHT}"/>\n')
        add(f'  <text class="number" x="{LEFT - 10}" y="{y}" dy="4" text-anchor="end">{value:g}</text>\n')
    for value in across:
        x, _bottom = place(value, 0)
        add(f'  <text class="number" x="{x}" y="{BOTTOM + 20}" text-anchor="middle">{value:g}</text>\n')
    middle = (LEFT + RIGHT) / 2
    add(f'  <text x="{middle:g}" y="{HEIGHT - 16}" text-anchor="middle">{escape(curve.across)}</text>\n')
    middle = (TOP + BOTTOM) / 2
    add(f'  <text x="22" y="{middle:g}" text-anchor="middle" transform="rotate(-90 22 {middle:g})">')
    add(f"{escape(curve.up)}</text>\n")
    for number, (name, line) in enumerate(curve.lines.items()):
        placed = [place(x, y) for x, y in line]
        add(f'  <path class="line stroke{number}" d="M{"L".join(" ".join(point) for point in placed)}"/>\n')
        label = LEFT + 9 + number * 180
        for x, y in [*placed, (str(label), "52")]:
            add(f'  <path class="fill{number}" transform="translate({x} {y})" d="{MARKS[number]}"/>\n')
        add(f'  <text x="{label + 14}" y="52" dy="5">{escape(name)}</text>\n')
    return "".join([*parts, "</svg>\n"])
