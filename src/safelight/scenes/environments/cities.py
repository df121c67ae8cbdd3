"""Two cities: a street of tall houses, and a cyberpunk one that is all neon on wet asphalt.

Each painter takes (canvas, rng, detail 0..2) and lays a few broad layers from far to near. What shines carries a glow,
which light.py turns on as the light goes down; its colour also shows by day. Read next: wild.py.
"""

from random import Random

from safelight.scenes.canvas import RGB, Canvas, across, down
from safelight.scenes.scenery import band, blend, tower_block
from safelight.scenes.shapes import box, oval, path, stroke

__all__ = ["NEON", "city_street", "cyberpunk_city", "neon_board"]

MAGENTA: RGB = (255, 52, 190)
CYAN: RGB = (40, 232, 255)
NEON: tuple[RGB, ...] = (MAGENTA, CYAN, (166, 92, 255), (255, 196, 70))


def city_street(canvas: Canvas, rng: Random, detail: int) -> None:
    """A skyline, tall houses on both sides, a street between them."""
    x = -10.0
    while x < 262:
        width = rng.uniform(16, 30)
        canvas.fill(box(x, 150 - rng.uniform(10, 74), x + width, 262), (148, 164, 196), across(134, 120), what=3)
        x += width
    tones: tuple[RGB, ...] = ((156, 108, 108), (112, 126, 158), (188, 144, 116), (104, 134, 148), (176, 162, 152))
    for side in (-1, 1):
        for k in range(3):
            inner = 128 + side * (34 + 30 * k + rng.uniform(0, 8))
            outer = inner + side * rng.uniform(40, 56)
            top = (98, 62, 18)[k] + rng.uniform(-14, 14)
            x0, x1 = min(inner, outer), max(inner, outer)
            if detail == 0:
                canvas.fill(box(x0, top, x1, 262), rng.choice(tones), across(140, 108), what=4 + k)
            else:
                cell = (12.0, 9.0)[detail - 1] + 2 * k
                tower_block(canvas, rng, x0, x1, top, rng.choice(tones), 4 + k, 0.6, cell, foot=176)
                canvas.fill(box(x0 - 1.5, top - 3, x1 + 1.5, top + 2), (90, 84, 96), across(140, 104), what=4 + k)
                canvas.fill(box(x0, 178, x1, 190), (72, 68, 84), across(136, 108), what=4 + k)
    band(canvas, 186, (188, 186, 192), down(128, 112), 7)
    canvas.fill([(62, 186), (194, 186), (290, 264), (-34, 264)], (92, 95, 112), down(142, 112), what=8)
    for k in range(3):
        y0, y1, w = 192 + 24 * k, 203 + 27 * k, 1.6 + 1.4 * k
        canvas.fill(
            [(128 - w, y0), (128 + w, y0), (128 + w * 1.3, y1), (128 - w * 1.3, y1)], (244, 238, 220), 130, what=8
        )
    if detail == 2:
        for side in (-1, 1):
            for k in range(5):
                x = 128 + side * (70 + 15 * k + 3 * k * k)
                y = 190 + 9 * k
                slab = [(x, y), (x + side * 9, y), (x + side * 12, y + 3 + k), (x + side * 2, y + 3 + k)]
                canvas.fill(slab, (168, 166, 174), 112, what=7)
            _street_tree(canvas, 128 + side * rng.uniform(112, 122))
    if detail:
        for side in (-1, 1):
            x = 128 + side * rng.uniform(98, 108)
            canvas.fill(box(x - 1.6, 122, x + 1.6, 206), (62, 66, 84), across(140, 100), what=9)
            canvas.fill(stroke([(x, 123), (x - side * 6, 118), (x - side * 14, 119)], 3), (62, 66, 84), what=9)
            canvas.fill(oval(x - side * 15, 122, 5.5, 4), (255, 240, 205), 150, (255, 214, 140), what=9)


def _street_tree(canvas: Canvas, x: float) -> None:
    canvas.fill(box(x - 1.8, 170, x + 1.8, 200), (98, 76, 66), across(140, 96), what=9)
    for dx, dy, r in ((-6, 2, 8), (6, 0, 8.5), (0, -8, 9)):
        canvas.fill(oval(x + dx, 166 + dy, r, pieces=20), (84, 142, 88), down(150, 98), what=9)
    canvas.fill(box(x - 7, 198, x + 7, 203), (120, 112, 116), across(140, 100), what=9)


def neon_board(
    canvas: Canvas, rng: Random, x0: float, y0: float, x1: float, y1: float, tone: RGB, text: RGB, what: int
) -> None:
    """A dark sign in a frame of neon tube, with a column or a line of made-up letters."""
    canvas.fill(box(x0, y0, x1, y1), tone, 140, tone, what)
    canvas.fill(box(x0 + 1.6, y0 + 1.6, x1 - 1.6, y1 - 1.6), (34, 22, 52), 128, None, what)
    width, height = x1 - x0, y1 - y0
    upright = height > width
    count = max(1, round((height / width if upright else width / height) / 0.95))
    cell = min(width, height) - 5
    for k in range(count):
        step = ((height if upright else width) - 3) / count
        cx = (x0 + x1) / 2 if upright else x0 + 1.5 + step * (k + 0.5)
        cy = y0 + 1.5 + step * (k + 0.5) if upright else (y0 + y1) / 2
        half = 0.5 * min(cell, step - 1.6)
        # strokes of a letter: a few bars on a three by three grid
        for bar in rng.sample(range(6), 3):
            at = (-1, 0, 1)[bar % 3] * half * 0.8
            thick = max(0.8, half * 0.22)
            flat = box(cx - half, cy + at - thick, cx + half, cy + at + thick)
            tall = box(cx + at - thick, cy - half, cx + at + thick, cy + half)
            canvas.fill(flat if bar < 3 else tall, text, 140, text, what)


def _skyscraper(
    canvas: Canvas, rng: Random, x0: float, x1: float, top: float, colour: RGB, what: int, detail: int
) -> None:
    """A dark tower with broken bands of lit windows, neon along one edge, and a mast."""
    middle = 0.5 * (x0 + x1)
    edge, lamp = rng.choice(NEON[:3]), rng.choice(NEON[:2])
    if detail:
        canvas.fill(box(middle - 0.9, top - rng.uniform(12, 24), middle + 0.9, top), (70, 66, 104), 120, what=what)
    shoulder = rng.choice((0.0, 0.0, 7.0))
    canvas.fill(
        [(x0, 262), (x0, top + shoulder), (x0 + shoulder, top), (x1 - shoulder, top), (x1, top + shoulder), (x1, 262)],
        colour, across(140, 104), what=what,
    )
    cell = (8.0, 6.5, 5.2)[detail]
    y = top + 8
    while y < 180:
        x = x0 + 4
        while x < x1 - 6:
            run = rng.uniform(0.8, 2.4) * cell
            right = min(x + run, x1 - 4)
            tint = rng.random()
            if tint < (0.30, 0.5, 0.6)[detail]:
                glass = lamp if tint < 0.26 else (255, 214, 150) if tint < 0.38 else (120, 186, 255)
                pale, shine = blend(glass, (226, 226, 255), 0.35), blend(glass, (0, 0, 0), 0.25)
                canvas.fill(box(x, y, right, y + cell * 0.44), pale, 132, shine, what)
            elif detail == 2 and tint > 0.8:
                canvas.fill(box(x, y, right, y + cell * 0.44), (34, 36, 70), 118, None, what)
            x = right + 2.2
        y += cell
    if rng.random() < 0.75:
        at = x0 + 1.2 if middle > 128 else x1 - 2.8
        canvas.fill(box(at, top + shoulder + 2, at + 1.8, 186), edge, 140, edge, what)


def cyberpunk_city(canvas: Canvas, rng: Random, detail: int) -> None:
    """Skyscrapers with glowing windows, magenta and cyan neon, and a wet street that mirrors them."""
    canvas.fill(box(-5, 112, 262, 190), (176, 120, 190), down(100, 150), (52, 14, 64), 1)
    x = -10.0
    while x < 262:
        width = rng.uniform(10, 22)
        top = 150 - rng.uniform(14, 58) - (26 if abs(x + width / 2 - 128) > 44 else 0)
        canvas.fill(box(x, top, x + width, 200), (116, 92, 168), down(146, 116), (30, 14, 56), 3)
        for _ in range((1, 4, 8)[detail]):
            at, y = x + rng.uniform(1, width - 3), rng.uniform(top + 3, 168)
            tone = rng.choice(NEON)
            pale, shine = blend(tone, (190, 170, 230), 0.4), blend(tone, (20, 8, 40), 0.35)
            canvas.fill(box(at, y, at + 2, y + rng.uniform(1.5, 7)), pale, 132, shine, 3)
        x += width + rng.uniform(0, 4)
    tones: tuple[RGB, ...] = ((66, 56, 108), (48, 64, 108), (82, 52, 104), (54, 54, 92))
    signs: list[tuple[float, RGB]] = []
    for side in (-1, 1):
        for k in range(3):
            inner = 128 + side * (38 + 27 * k + rng.uniform(0, 7))
            outer = inner + side * rng.uniform(32, 44)
            top = (74, 40, 4)[k] + rng.uniform(-12, 12)
            x0, x1 = min(inner, outer), max(inner, outer)
            _skyscraper(canvas, rng, x0, x1, top, rng.choice(tones), 4 + k, detail)
            if k < 2 or detail:
                tone = (MAGENTA, CYAN)[(k + (side > 0)) % 2]
                other = CYAN if tone == MAGENTA else MAGENTA
                at = inner + side * 6
                y = top + rng.uniform(24, 40)
                neon_board(canvas, rng, at - 6, y, at + 6, y + rng.uniform(38, 52), tone, other, 4 + k)
                signs.append((at, tone))
    _wet_street(canvas, rng, signs, detail)


def _wet_street(canvas: Canvas, rng: Random, signs: list[tuple[float, RGB]], detail: int) -> None:
    """Dark asphalt between kerbs of light, with every sign drawn out in it as a broken streak."""
    band(canvas, 184, (62, 52, 92), down(132, 116), 7)
    canvas.fill([(70, 184), (186, 184), (282, 264), (-26, 264)], (44, 44, 72), down(150, 112), what=8)
    for side, tone in ((-1, CYAN), (1, MAGENTA)):
        kerb = [(128 + side * 58, 184), (128 + side * 59.5, 184), (128 + side * 158, 264), (128 + side * 152, 264)]
        canvas.fill(kerb, tone, 140, tone, 8)
    for x, tone in signs + [(rng.uniform(20, 236), rng.choice(NEON)) for _ in range((0, 3, 8)[detail])]:
        y = 189.0
        while y < 256:
            half, tall = rng.uniform(2.5, 6.5), rng.uniform(1.6, 3.4)
            fade = 0.5 * (256 - y) / 68 + 0.14
            at = x + rng.uniform(-1.5, 1.5)
            colour = blend((44, 44, 72), tone, 0.25 + fade)
            drop = [(at - half, y), (at, y - tall), (at + half, y), (at, y + tall)]
            canvas.fill(path(*drop), colour, 128, blend((0, 0, 0), tone, fade), 8)
            y += rng.uniform(4.5, 8) * (1.5 if detail == 0 else 1)
    for k in range(3):
        y0, y1, w = 192 + 24 * k, 201 + 26 * k, 1.0 + 1.0 * k
        dash = [(128 - w, y0), (128 + w, y0), (128 + w * 1.3, y1), (128 - w * 1.3, y1)]
        canvas.fill(dash, (190, 180, 230), 130, (70, 60, 110), 8)
