"""Lines on logarithmic axes as SVG: text stays text, and it is readable on light and on dark ground."""

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from typing import NamedTuple

Line = Sequence[tuple[float, float]]
WIDTH, PANEL, HEIGHT, LEFT, TOP, GAP = 860, 330, 260, 60, 34, 90
LEGEND = 20
COLOURS = (
    ("#0969da", "#58a6ff", ""),
    ("#1a7f37", "#3fb950", ""),
    ("#9a6700", "#d29922", "6 3"),
    ("#bc4c00", "#f0883e", "2 3"),
    ("#8250df", "#bc8cff", "8 3 2 3"),
    ("#57606a", "#9198a1", "1 4"),
)
"""Of each line: on light ground, on dark ground, and its dashes."""


class Panel(NamedTuple):
    """A heading, and lines by name; a name that both panels have is drawn alike."""

    heading: str
    lines: Mapping[str, Line]


def svg(title: str, description: str, across: str, panels: Sequence[Panel]) -> str:
    """Panels side by side, what both have in common beneath them.

    Parameters
    ----------
    title, description : str
        What a screen reader says of it.
    across : str
        What the axis across counts.
    panels : sequence of Panel
        Every value above 0.

    Returns
    -------
    str
        A whole SVG document.
    """
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    style = {name: f'class="c{at % len(COLOURS)}"' for at, name in enumerate(names)}
    tall = TOP + HEIGHT + 60 + LEGEND * ceil(len(names) / 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {tall}" role="img" aria-labelledby="t d">',
        f'<title id="t">{escape(title)}</title><desc id="d">{escape(description)}</desc>',
        f'<style>{_style()}</style><rect width="{WIDTH}" height="{tall}"/>',
    ]
    for at, panel in enumerate(panels):
        parts += _panel(LEFT + at * (PANEL + GAP), panel, across, style)
    for at, name in enumerate(names):
        x, y = LEFT + (at % 2) * (PANEL + GAP), TOP + HEIGHT + 60 + LEGEND * (at // 2)
        parts.append(f'<line {style[name]} x1="{x}" y1="{y - 4}" x2="{x + 34}" y2="{y - 4}"/>')
        parts.append(f'<text x="{x + 42}" y="{y}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _style() -> str:
    light, dark = _colours("#1f2328", "#d0d7de", "#fff", 0), _colours("#e6edf3", "#3d444d", "#0d1117", 1)
    dashes = "".join(
        f" polyline.c{at}, line.c{at} {{ stroke-dasharray: {row[2]}; }}" for at, row in enumerate(COLOURS) if row[2]
    )
    return (
        "svg { font: 13px system-ui, sans-serif; } polyline, line { stroke-width: 2; } line.grid { stroke-width: 1; }"
        f"{dashes} {light} @media (prefers-color-scheme: dark) {{ {dark} }}"
    )


def _colours(ink: str, faint: str, ground: str, which: int) -> str:
    lines = " ".join(f".c{at} {{ stroke: {row[which]}; fill: {row[which]}; }}" for at, row in enumerate(COLOURS))
    return f"text {{ fill: {ink}; }} .grid {{ stroke: {faint}; }} rect {{ fill: {ground}; }} {lines}"


def _panel(left: int, panel: Panel, across: str, style: Mapping[str, str]) -> list[str]:
    points = [point for line in panel.lines.values() for point in line]
    low_x, high_x = (pick(log10(x) for x, _ in points) for pick in (min, max))
    low_y, high_y = floor(min(log10(y) for _, y in points)), ceil(max(log10(y) for _, y in points))
    high_y = max(high_y, low_y + 1)

    def place(x: float, y: float) -> tuple[float, float]:
        right = PANEL * (log10(x) - low_x) / ((high_x - low_x) or 1)
        up = HEIGHT * (log10(y) - low_y) / (high_y - low_y)
        return left + right, TOP + HEIGHT - up

    parts = [f'<text x="{left}" y="{TOP - 14}" font-weight="600">{escape(panel.heading)}</text>']
    for power in range(low_y, high_y + 1):
        _, y = place(10**low_x, 10**power)
        parts.append(f'<line class="grid" x1="{left}" y1="{y:.1f}" x2="{left + PANEL}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{10**power:,g}</text>')
    for power in range(ceil(low_x), floor(high_x) + 1):
        x, _ = place(10**power, 10**low_y)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{TOP + HEIGHT}"/>')
        parts.append(f'<text x="{x:.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{10**power:,}</text>')
    parts.append(f'<text x="{left + PANEL / 2}" y="{TOP + HEIGHT + 36}" text-anchor="middle">{escape(across)}</text>')
    for name, line in panel.lines.items():
        dots = [place(x, y) for x, y in line]
        where = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
        parts.append(f'<polyline points="{where}" {style[name]} style="fill: none"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" {style[name]}/>' for x, y in dots]
    return parts
