"""Bars and lines as SVG for the report: they scale to the width that there is, and take their colours from the page.

Colours are named by class (c0, c1, ...) and set in report.py's style sheet, once for light and once for dark pages.
Letters: x, y places in points from the left and the top.  Next: report.py.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape

__all__ = ["bars", "lines"]

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 58
ROW = 30
Points = Sequence[tuple[float, float]]


def bars(rows: Mapping[str, Sequence[float | None]], names: Sequence[str], marks: Mapping[str, float]) -> str:
    """Draw a group of bars (shares 0 to 1) for each row, one of each of `names`; `marks`: an upright line on a row."""
    left, height = 140, len(rows) * (ROW + 6) + 30
    wide = WIDTH - left - 56
    parts = [_opening(height, "bars")]
    for i, (row, values) in enumerate(rows.items()):
        top, thick = 6 + i * (ROW + 6), ROW / max(1, len(values))
        parts.append(_text(left - 8, top + ROW / 2 + 4, row, "end"))
        for k, value in enumerate(values):
            if value is None:
                continue
            y = top + k * thick
            parts.append(_rect(left, y, value * wide, thick - 1.5, f"c{k}", f"{row}, {names[k]}: {value:.1%}"))
            parts.append(_text(left + value * wide + 5, y + thick / 2 + 4, f"{100 * value:.0f}", "start", "small"))
        if row in marks:
            x = left + marks[row] * wide
            parts.append(f'<path d="M{x:.1f} {top - 2}v{ROW + 3}" class="mark"><title>ceiling</title></path>')
    parts += _legend([*names, "ceiling"] if marks else list(names), left, height - 8, len(names))
    return "".join(parts) + "</svg>"


def lines(curves: Mapping[str, Points], across: str, upward: str, log: bool = False, percent: bool = False) -> str:
    """Draw curves of points (x, y); with `log` both axes are logarithmic and what is not above zero is left out."""
    kept = {name: [p for p in points if not log or min(p) > 0] for name, points in curves.items()}
    every = [p for points in kept.values() for p in points if all(map(math.isfinite, p))]
    if not every:
        return ""
    rows = -(-len(kept) // 5)
    height = HEIGHT + 18 * (rows - 1)
    ys = [y for _, y in every]
    low, high = (min(ys), max(ys)) if log else (min(0.0, *ys), 1.05 * max(0.0, *ys))
    xs = sorted({x for x, _ in every})
    across_x = _Scale(xs[0], xs[-1], LEFT, WIDTH - RIGHT, log)
    down = HEIGHT - BOTTOM
    up_y = _Scale(low, high, down, TOP, log)
    parts = [_opening(height, f"{upward} over {across}")]
    for value in _ticks(low, high, log):
        parts.append(f'<path d="M{LEFT} {up_y(value):.1f}H{WIDTH - RIGHT}" class="grid"/>')
        parts.append(
            _text(LEFT - 6, up_y(value) + 4, f"{100 * value:.0f}%" if percent else f"{value:.3g}", "end", "small")
        )
    last = -100.0
    for x in xs:
        if across_x(x) - last > 26:
            last = across_x(x)
            parts.append(_text(last, down + 16, f"{x:g}", "middle", "small"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, down + 32, across, "middle", "small"))
    for k, (name, points) in enumerate(kept.items()):
        path = " ".join(f"{across_x(x):.1f},{up_y(y):.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" class="line s{k % 10}"/>')
        parts += [
            f'<circle cx="{across_x(x):.1f}" cy="{up_y(y):.1f}" r="3" class="c{k % 10}">'
            f"<title>{escape(name)}, {x:g}: {y:.4g}</title></circle>"
            for x, y in points
        ]
    return "".join(parts + _legend(list(kept), LEFT, HEIGHT - 8, len(kept))) + "</svg>"


class _Scale:
    """From values to places."""

    def __init__(self, low: float, high: float, start: float, end: float, log: bool) -> None:
        self.log, self.start, self.end = log, start, end
        self.low, self.high = (math.log(low), math.log(high)) if log else (low, high)

    def __call__(self, value: float) -> float:
        at = math.log(value) if self.log else value
        return self.start + (self.end - self.start) * (at - self.low) / ((self.high - self.low) or 1.0)


def _ticks(low: float, high: float, log: bool) -> list[float]:
    if log:
        found = [
            m * 10.0**e for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1) for m in (1, 2, 5)
        ]
        return [value for value in found if low <= value <= high]
    step = 10.0 ** math.floor(math.log10((high - low) or 1.0))
    step = next(s for s in (step / 5, step / 2, step, 2 * step) if (high - low) / s <= 6)
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _opening(height: float, what: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(what)}">'


def _text(x: float, y: float, text: str, anchor: str, kind: str = "label") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'


def _rect(x: float, y: float, width: float, height: float, kind: str, title: str) -> str:
    size = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}" rx="2"'
    return f'<rect {size} class="{kind}"><title>{escape(title)}</title></rect>'


def _legend(names: Sequence[str], left: float, y: float, coloured: int) -> list[str]:
    parts: list[str] = []
    for k, name in enumerate(names):
        x, line = left + k % 5 * 112, y + k // 5 * 18
        kind = f"c{k % 10}" if k < coloured else "markfill"
        parts.append(f'<rect x="{x}" y="{line - 9}" width="10" height="10" rx="2" class="{kind}"/>')
        parts.append(_text(x + 15, line, name, "start", "small"))
    return parts
