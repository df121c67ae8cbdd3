"""What the judge learns from: renders reduced to 128 pixels, what they show, and how pictures are spoilt a bit.

    batch = 50 % renders, 35 % renders that went through an autoencoder, 15 % renders with a little blur, noise or JPEG

The truth about a scene comes from the scene itself; where its things are, from painting it once more without any light,
at 96 pixels. Rare values are drawn more often. No picture made by a generator is ever among them: a judge that had seen
some would forgive the faults that they share. What was computed is kept as arrays in one folder.

Letters: N pictures, K = 4 things at most.  Next: `train/recogniser`.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter

from safelight.errors import TrainingError
from safelight.evaluate.heads import AXES, COLOURS, MARKS, NOUNS, SIDE
from safelight.scenes.grammar import Scene, scene
from safelight.scenes.render import paint, render

__all__ = ["Lessons", "RoundTrip", "Truth", "collect", "rare_scenes", "reduced", "spoilt", "truth_of"]

THINGS, PAINTED = 4, 96
RoundTrip = Callable[[np.ndarray], np.ndarray]
"""Pixels (B, S, S, 3) uint8 through an autoencoder and back."""


@dataclass(frozen=True)
class Truth:
    """What pictures show, as arrays.

    things (N, K, 8) float32: noun, colour, x, y, w, h (middle and size as fractions of the picture), the share that is
    seen, and 1 for the nearer, 0 for the farther of two that overlap; -1 where there is no thing, no colour, no order
    axes (N, 7) int64, indices into `AXES`; marks (N, 10) float32, 0 or 1, in the order of `MARKS`
    """

    things: np.ndarray
    axes: np.ndarray
    marks: np.ndarray

    def __getitem__(self, which: np.ndarray | slice) -> "Truth":
        return Truth(self.things[which], self.axes[which], self.marks[which])

    def __len__(self) -> int:
        return len(self.axes)

    @classmethod
    def join(cls, parts: Sequence["Truth"]) -> "Truth":
        """One after the other."""
        fields = zip(*((part.things, part.axes, part.marks) for part in parts), strict=True)
        return cls(*(np.concatenate(field) for field in fields))


def truth_of(scenes: Sequence[Scene]) -> Truth:
    """The truth about scenes, with their things' places from a small painting of each."""
    values = [[AXES[axis].index(getattr(one, axis)) for axis in AXES] for one in scenes]
    marks = [[float(mark == one.defect or mark in one.extras) for mark in MARKS] for one in scenes]
    things = np.stack([_things(one) for one in scenes])
    return Truth(things, np.array(values, np.int64), np.array(marks, np.float32))


def _things(one: Scene) -> np.ndarray:
    found = np.full((THINGS, 8), -1, np.float32)
    if not one.subjects:
        return found
    painting = paint(one, PAINTED)
    whose = painting.frame.ids // 10
    each = [(k, subject) for k, subject in enumerate(one.subjects) for _ in range(subject.count)]
    for who, (k, subject) in enumerate(each):
        mask = whose == who + 1
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if not len(rows):
            continue
        x0, x1, y0, y1 = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
        place = ((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0)
        # Hatching has no colour to see.
        colour = -1 if one.medium == "pencil sketch" else COLOURS.index(subject.colour)
        near = {"in front of": 1 - k, "behind": k}.get(one.relation or "", -1)
        found[who] = (
            NOUNS.index(subject.noun), colour, *(v / PAINTED for v in place), painting.visible.get(who, 1.0), near,
        )  # fmt: skip
    return found


def reduced(pixels: np.ndarray) -> np.ndarray:
    """Pictures (N, S, S, 3) uint8, S a multiple of 128, as uint8 at 128 pixels: the mean over areas."""
    k = pixels.shape[1] // SIDE
    if k == 1:
        return pixels
    total = np.zeros((len(pixels), SIDE, SIDE, 3), np.uint32)
    for i in range(k):
        for j in range(k):
            total += pixels[:, i::k, j::k]
    return ((total + k * k // 2) // (k * k)).astype(np.uint8)


def rare_scenes(seed: int, count: int, among: int = 6) -> Iterator[Scene]:
    """Scenes with rare values, every other one of a kind that a generator's training never shows.

    Each is that one of `among` scenes whose values are the rarest: the sum over its values of 1 / P is the greatest.
    """
    sample = [scene(seed, index) for index in range(2_000)]
    odds: dict[str, float] = {}
    for one in sample:
        for value in _traits(one):
            odds[value] = odds.get(value, 0.0) + 1 / len(sample)
    for index in range(count):
        drawn = [scene(seed, 2_000 + index * among + k, held_out=index % 2 == 1) for k in range(among)]
        yield max(drawn, key=lambda one: sum(1 / odds.get(value, 1.0) for value in _traits(one)))


def _traits(one: Scene) -> list[str]:
    kind = one.relation or (str(one.subjects[0].count) if one.subjects else "landscape")
    values = [f"{axis}:{getattr(one, axis)}" for axis in AXES]
    return [kind, *values, *one.extras, one.defect or "clean"]


def collect(
    folder: Path,
    renders: np.ndarray,
    scenes: Sequence[Scene],
    *,
    extra: int,
    trips: int,
    roundtrip: RoundTrip | None,
    seed: int = 11,
    tell: Callable[[str], None] = lambda what: None,
) -> None:
    """Compute all that `Lessons` wants into `folder`; each array is kept, so an interrupted call goes on where it was.

    `renders` (N, S, S, 3) show `scenes`; `extra` rare scenes are rendered beside them; `trips` of all these pictures go
    through `roundtrip`, every other one at its own size and the others at 128 pixels, where more is lost.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def kept(name: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        path = folder / f"{name}.npy"
        if not path.exists():
            tell(f"making {path.name}")
            part = path.with_suffix(".part")
            with part.open("wb") as file:
                np.save(file, make())
            part.replace(path)
        return np.load(path, mmap_mode="r")

    def small() -> np.ndarray:
        return np.concatenate([reduced(np.asarray(renders[i : i + 64])) for i in range(0, len(renders), 64)])

    def flat(known: Sequence[Scene]) -> np.ndarray:
        t = truth_of(known)
        return np.concatenate([t.things.reshape(len(t), -1), t.axes, t.marks], axis=1).astype(np.float32)

    kept("pixels", small)
    kept("truth", lambda: flat(scenes))
    rare = list(rare_scenes(seed, extra))
    large = renders[:0]
    if rare:
        size = renders.shape[1]
        large = kept("extra-large", lambda: np.stack([render(one, size).pixels for one in rare]))
        kept("extra-pixels", lambda: reduced(np.asarray(large)))
        kept("extra-truth", lambda: flat(rare))
    if roundtrip is not None and trips:
        count = len(renders) + len(large)
        rng = np.random.default_rng(seed)
        which = kept("trip-which", lambda: np.sort(rng.choice(count, min(trips, count), replace=False)))

        def trip() -> np.ndarray:
            assert roundtrip is not None
            done: list[np.ndarray] = []
            for n, index in enumerate(which):
                whole = np.asarray(renders[index] if index < len(renders) else large[index - len(renders)])[None]
                done.append(reduced(roundtrip(whole if n % 2 == 0 else reduced(whole))))
                if n % 200 == 0:
                    tell(f"{n} of {len(which)} round trips")
            return np.concatenate(done)

        kept("trip-pixels", trip)


def _unflat(values: np.ndarray) -> Truth:
    things, axes = 8 * THINGS, len(AXES)
    return Truth(
        values[:, :things].reshape(-1, THINGS, 8),
        values[:, things : things + axes].astype(np.int64),
        values[:, things + axes :],
    )


class Lessons:
    """The arrays of a folder filled by `collect`, and how a step's batch is drawn from them."""

    def __init__(self, folder: Path, batch: int = 32) -> None:
        names = ("", "extra-")
        sets = [name for name in names if (folder / f"{name}truth.npy").exists()]
        if not sets:
            raise TrainingError(f"no lessons in {folder}: make some with `collect` first")
        self.batch = batch
        self.pixels = [np.load(folder / f"{name}pixels.npy", mmap_mode="r") for name in sets]
        self.truth = Truth.join([_unflat(np.load(folder / f"{name}truth.npy")) for name in sets])
        self.odds = torch.from_numpy(_balance(self.truth))
        self.trips, self.trip_which, self.trip_odds = None, np.empty(0, np.int64), torch.empty(0)
        if (folder / "trip-pixels.npy").exists():
            self.trips = np.load(folder / "trip-pixels.npy", mmap_mode="r")
            self.trip_which = np.load(folder / "trip-which.npy")
            self.trip_odds = self.odds[self.trip_which]

    def draw(self, generator: torch.Generator) -> tuple[np.ndarray, Truth]:
        """One batch: pixels (B, 128, 128, 3) uint8 and their truth."""
        trips = round(0.35 * self.batch) if self.trips is not None else 0
        spoil = round(0.15 * self.batch)
        index = torch.multinomial(self.odds, self.batch - trips, replacement=True, generator=generator).numpy()
        pixels = [self.picture(int(i)) for i in index]
        seed = int(torch.randint(2**31, (1,), generator=generator))
        rng = np.random.default_rng(seed)
        pixels[:spoil] = [spoilt(one, rng) for one in pixels[:spoil]]
        if trips and self.trips is not None:
            row = torch.multinomial(self.trip_odds, trips, replacement=True, generator=generator).numpy()
            pixels += [self.trips[i] for i in row]
            index = np.concatenate([index, self.trip_which[row]])
        return jittered(np.stack(pixels), self.truth[index], rng)

    def picture(self, index: int) -> np.ndarray:
        """Picture number `index` of all."""
        for some in self.pixels:
            if index < len(some):
                return some[index]
            index -= len(some)
        raise IndexError(index)


def _balance(truth: Truth) -> np.ndarray:
    """How often to draw each picture: the mean over its values of 1 / frequency, so that rare ones come more often."""
    weight = np.zeros(len(truth))
    for axis, values in enumerate(AXES.values()):
        share = np.bincount(truth.axes[:, axis], minlength=len(values)) / len(truth)
        weight += np.minimum(1 / (len(values) * share[truth.axes[:, axis]]), 4.0)
    for mark in range(len(MARKS)):
        has = truth.marks[:, mark] > 0.5
        weight += np.where(has, np.minimum(0.15 / max(has.mean(), 1e-6), 4.0), 0.0)
    several = (truth.things[:, :, 0] >= 0).sum(1)
    share = np.bincount(several, minlength=THINGS + 1) / len(truth)
    weight += 2 * np.minimum(1 / (5 * share[several]), 4.0)
    return weight / weight.sum()


def spoilt(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture (128, 128, 3) with a little blur, noise, or JPEG: clearly less than what counts as a defect."""
    match int(rng.integers(3)):
        case 0:
            image = Image.fromarray(picture).filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 0.8))))
            return np.asarray(image)
        case 1:
            noisy = picture + rng.normal(0, rng.uniform(1.5, 6.0), picture.shape)
            return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
        case _:
            buffer = io.BytesIO()
            Image.fromarray(picture).save(buffer, "JPEG", quality=int(rng.integers(55, 92)))
            buffer.seek(0)
            with Image.open(buffer) as image:
                return np.asarray(image.convert("RGB"))


def jittered(pixels: np.ndarray, truth: Truth, rng: np.random.Generator, reach: int = 6) -> tuple[np.ndarray, Truth]:
    """Half the pictures mirrored, each moved by up to `reach` pixels; what comes into view repeats the edge."""
    made, things = np.empty_like(pixels), truth.things.copy()
    for k, (picture, own) in enumerate(zip(pixels, things, strict=True)):
        there = own[:, 0] >= 0
        if rng.random() < 0.5:
            picture = picture[:, ::-1]
            own[there, 2] = 1 - own[there, 2]
        dx, dy = rng.integers(-reach, reach + 1, 2)
        rows = np.clip(np.arange(SIDE) - dy, 0, SIDE - 1)
        columns = np.clip(np.arange(SIDE) - dx, 0, SIDE - 1)
        made[k] = picture[rows][:, columns]
        own[there, 2] += dx / SIDE
        own[there, 3] += dy / SIDE
    return made, Truth(things, truth.axes, truth.marks)


def batches(pixels: np.ndarray, size: int = 32) -> Iterable[np.ndarray]:
    """The pictures, `size` at a time."""
    return (np.asarray(pixels[i : i + size]) for i in range(0, len(pixels), size))
