"""How right the judge is where the truth is known: the ceiling above which no score of a generator can be believed.

The same questions as are put to generated pictures, put to true renders and to renders that went through the
autoencoder (DALL-Eval, Cho et al. 2022, arXiv 2202.04053, reports such an upper bound). A gate says which are good
enough; a judge that misses some may still rank models, but its scores there are scores of the judge as well.

Read next: read.py for the rules, lessons.py for where pictures come from.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from safelight.evaluate.heads import AXES, Network
from safelight.evaluate.read import Instance, Reading, holds, readings
from safelight.evaluate.recogniser import Recogniser
from safelight.scenes import words
from safelight.scenes.grammar import Scene
from safelight.scenes.render import Rendered

__all__ = ["GATE", "Tally", "auc", "ceilings", "fit_threshold", "judged", "missed"]

GATE = {"noun": 0.98, "colour": 0.98, "count": 0.97, "relation": 0.98, "medium": 0.99, "lighting": 0.98}
GATE |= {"environment": 0.98, "defect AUC": 0.99}
"""The least share right on true renders; after the autoencoder it may be a hundredth lower."""

THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)

Table = dict[str, float]


class Tally:
    """Shares of right answers by factor, gathered picture by picture."""

    def __init__(self) -> None:
        self.right: dict[str, list[bool]] = {}
        self.odds: dict[str, tuple[list[float], list[bool]]] = {}

    def add(self, scene: Scene, reading: Reading) -> None:
        """Hold one reading against the scene that its picture shows."""
        for name, hit in judged(scene, reading).items():
            self.right.setdefault(name, []).append(hit)
        for known, seen in ((words.DEFECTS, reading.defects), (words.EXTRAS, reading.extras)):
            for name in known:
                odds, truth = self.odds.setdefault(name, ([], []))
                odds.append(seen[name])
                truth.append(name == scene.defect or name in scene.extras)

    def table(self) -> Table:
        """Every factor's share right, the area under the curve of every defect and extra, and the defects' mean."""
        table = {name: sum(hits) / len(hits) for name, hits in self.right.items()}
        curves = {name: auc(*both) for name, both in self.odds.items()}
        table |= {f"{name} AUC": value for name, value in curves.items()}
        known = [curves[name] for name in words.DEFECTS if name in curves and not np.isnan(curves[name])]
        if known:
            table["defect AUC"] = float(np.mean(known))
        return table


def judged(scene: Scene, reading: Reading) -> dict[str, bool]:
    """For each factor that a scene has: is it read as it is? Colours and places count only for things that are found.

    noun, colour, count: scenes of one subject; two, relation, binding (both colours): scenes of two.
    """
    right = {axis: getattr(reading, axis).value == getattr(scene, axis) for axis in AXES}
    coloured = scene.medium != "pencil sketch"
    found = {one.noun: one for one in reversed(reading.instances)}  # the surest of each noun
    if len(scene.subjects) == 1:
        only = scene.subjects[0]
        nouns = [one.noun for one in reading.instances]
        right["noun"] = bool(nouns) and nouns[0] == only.noun
        right["count"] = nouns.count(only.noun) == only.count
        if coloured and only.noun in found:
            right["colour"] = found[only.noun].colour == only.colour
    if len(scene.subjects) == 2:
        pair = [found.get(subject.noun) for subject in scene.subjects]
        right["two"] = all(pair)
        if pair[0] and pair[1]:
            right |= _of_pair(scene, pair[0], pair[1], coloured)
    return right


def _of_pair(scene: Scene, first: Instance, second: Instance, coloured: bool) -> dict[str, bool]:
    right = {"relation": holds(scene.relation or "", first, second)}
    if coloured:
        right["binding"] = (first.colour, second.colour) == (scene.subjects[0].colour, scene.subjects[1].colour)
    return right


def auc(odds: list[float], truth: list[bool]) -> float:
    """The chance that a picture with something has higher odds of it than one without; NaN where all are alike."""
    values, yes = np.array(odds), np.array(truth, bool)
    if yes.all() or not yes.any():
        return float("nan")
    above = (values[yes][:, None] > values[~yes]).mean() + 0.5 * (values[yes][:, None] == values[~yes]).mean()
    return float(above)


def ceilings(
    recogniser: Recogniser,
    renders: Iterable[Rendered],
    roundtrip: Callable[[np.ndarray], np.ndarray] | None = None,
) -> dict[str, Table]:
    """Measure the judge on `renders`, and on what `roundtrip` (pixels (B, S, S, 3) uint8 to the same) makes of them.

    Returns {"renders": {factor: share right}, "roundtrip": ...}, the second only where there is a `roundtrip`.
    """
    true, tripped = Tally(), Tally()
    for batch in _batches(renders, 16):
        pixels = np.stack([one.pixels for one in batch])
        for one, reading in zip(batch, recogniser.read(pixels), strict=True):
            true.add(one.scene, reading)
        if roundtrip is not None:
            for one, reading in zip(batch, recogniser.read(roundtrip(pixels)), strict=True):
                tripped.add(one.scene, reading)
    return {"renders": true.table()} | ({"roundtrip": tripped.table()} if roundtrip is not None else {})


def fit_threshold(network: Network, pixels: np.ndarray, scenes: Sequence[Scene]) -> float:
    """The score from which things should count: with it most counts and most pairs are right.

    `pixels` (N, H, W, 3) uint8 show `scenes`; take pictures that were learnt from, and leave the others for `ceilings`.
    """
    judge, tallies = Recogniser(network), {threshold: Tally() for threshold in THRESHOLDS}
    for start in range(0, len(pixels), 16):
        answers = judge.answers(pixels[start : start + 16])
        for threshold, tally in tallies.items():
            for one, reading in zip(scenes[start:], readings(answers, threshold), strict=False):
                tally.add(one, reading)
    tables = {threshold: tally.table() for threshold, tally in tallies.items()}
    return max(tables, key=lambda threshold: tables[threshold].get("count", 0.0) + tables[threshold].get("two", 0.0))


def _batches(renders: Iterable[Rendered], size: int) -> Iterator[list[Rendered]]:
    rest = iter(renders)
    while batch := list(islice(rest, size)):
        yield batch


def missed(tables: Mapping[str, Table]) -> dict[str, tuple[float, float]]:
    """Which factors miss the gate: "renders: noun" -> (reached, wanted)."""
    lost: dict[str, tuple[float, float]] = {}
    for where, table in tables.items():
        for name, wanted in GATE.items():
            least = wanted - (0.01 if where == "roundtrip" else 0.0)
            if name in table and not table[name] >= least:
                lost[f"{where}: {name}"] = (table[name], least)
    return lost
