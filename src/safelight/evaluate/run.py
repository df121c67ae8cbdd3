"""An evaluation: parts that can be asked for one by one, each of which draws, reads, and gives plain numbers.

    prompts     every fixed prompt, judged; beside it the same scenes rendered, and rendered and taken through the
                autoencoder: the ceilings, above which no score can be believed
    negatives   defects asked for, not named, and not named but in the negative prompt
    distance    made pictures from true ones, with three anchors
    guidance, samplers      the two curves
    memory      are training pictures handed out?

The same model, recogniser and plan give the same report to the last digit, whatever was drawn before; nothing in it
depends on time. What was found is written after every part, and a later run of other parts adds to it.

Read next: report.py, which makes a page of it.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from safelight.errors import RecipeError, nearest
from safelight.evaluate import curves
from safelight.evaluate.distance import blurred, distances
from safelight.evaluate.memory import remembered, small
from safelight.evaluate.pictures import Artist, Easel, Judge, Tell, renders, replaced
from safelight.evaluate.prompts import SEEDS, VERSION, Prompt, defect_prompts, fingerprint, prompts, seed_of, some
from safelight.evaluate.read import Reading
from safelight.evaluate.report import page
from safelight.evaluate.score import Judged, Share, defects, judge, share, table, targets
from safelight.picture import write_file
from safelight.recipe import Recipe
from safelight.scenes.grammar import scene

__all__ = ["PARTS", "QUICK", "Plan", "Report", "check_parts", "evaluate", "limited"]

Report = dict
"""Plain JSON: {"about": what was evaluated and how, "parts": {part: what was found}}."""


@dataclass(frozen=True)
class Plan:
    """How much is drawn. `most`: prompts of each task (None: all); the same of the curves, which need fewer.

    `training` pictures of world `training_seed` are what memory.py looks for; `reference` is DDIM's many steps.
    """

    seeds: int = SEEDS
    most: int | None = None
    guidance_most: int = 8
    scales: tuple[float, ...] = curves.SCALES
    sampler_most: int = 4
    samplers: tuple[str, ...] = (*curves.DETERMINISTIC, *curves.STOCHASTIC)
    steps: tuple[int, ...] = (4, 6, 8, 10, 15, 20, 30, 50)
    reference: int = 250
    training: int = 2048
    training_seed: int = 1


QUICK = Plan(
    seeds=1,
    guidance_most=3,
    scales=(1.0, 2.0, 4.0, 7.5),
    sampler_most=1,
    samplers=("ddim", "euler", "heun", "dpmpp_2m", "euler_a"),
    steps=(5, 10, 20),
    reference=100,
    training=512,
)
"""One picture of each prompt, and short curves."""


@dataclass(frozen=True)
class Work:
    """What every part works with."""

    easel: Easel
    judge: Judge
    plan: Plan
    tell: Tell

    @property
    def artist(self) -> Artist:
        """The model under examination."""
        return self.easel.artist

    @property
    def size(self) -> int:
        """Pixels along a side of the model's pictures."""
        return self.artist.defaults.width

    def under(self, start: float, end: float) -> Tell:
        """Report a stretch of the part's way."""
        return lambda done, what: self.tell(start + (end - start) * done, what)

    def read(self, batches: Iterable[np.ndarray]) -> list[Reading]:
        """Read all pictures of some batches."""
        return [reading for batch in batches for reading in self.judge.read(batch)]

    def features(self, batches: Iterable[np.ndarray]) -> np.ndarray:
        """Features (N, D) of all pictures of some batches."""
        return np.concatenate([self.judge.features(batch) for batch in batches])


def evaluate(
    artist: Artist,
    judge: Judge,
    folder: Path,
    plan: Plan | None = None,
    parts: Sequence[str] | None = None,
    tell: Tell = lambda done, what: None,
) -> Report:
    """Do the `parts` (None: all), and write report.json and report.html into `folder`; pictures go to pictures/ there.

    Raises `RecipeError` for a part that there is not, `NumericalError` or `OutputError` where the work fails.
    """
    plan, parts = plan or Plan(), tuple(PARTS) if parts is None else tuple(parts)
    check_parts(parts)
    about = {
        "model": artist.name,
        "model_hash": artist.hash,
        "recogniser": judge.hash,
        "prompts": VERSION,
        "fingerprint": fingerprint(),
        "defaults": artist.defaults.model_dump(),
        "plan": asdict(plan),
    }
    about = json.loads(json.dumps(about))
    easel = Easel(artist, folder / "pictures")
    found: dict[str, object] = _earlier(folder / "report.json", about)
    report: Report = {"about": about, "parts": found}
    for i, name in enumerate(part for part in PARTS if part in parts):
        found[name] = PARTS[name](Work(easel, judge, plan, _stretch(tell, name, i, len(set(parts)))))
        report["parts"] = found = {part: found[part] for part in PARTS if part in found}
        write_file(folder / "report.json", json.dumps(report, indent=1, default=_plain).encode())
        plain = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        write_file(folder / "report.html", page(plain, folder / "pictures").encode())
    tell(1.0, "done")
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def check_parts(parts: Sequence[str] | None) -> None:
    """Refuse names of parts that there are not; raises `RecipeError`."""
    for name in parts or ():
        if name not in PARTS:
            raise RecipeError(f"an evaluation has no part {name!r}.{nearest(name, PARTS)}")


def limited(plan: Plan, most: int | None) -> Plan:
    """Return a plan with at most `most` prompts of each task (None: as it is)."""
    if most is None:
        return plan
    return replace(
        plan, most=most, guidance_most=min(most, plan.guidance_most), sampler_most=min(most, plan.sampler_most)
    )


def _stretch(tell: Tell, name: str, i: int, of: int) -> Tell:
    return lambda done, what: tell((i + done) / of, f"{name}: {what}")


def _earlier(path: Path, about: Mapping[str, object]) -> dict[str, object]:
    """Parts that an earlier run of exactly this evaluation found."""
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
        parts = earlier["parts"] if earlier["about"] == about else {}
        return {name: parts[name] for name in PARTS if name in parts}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _plain(value: object) -> object:
    """What JSON does not know: shares and points."""
    if isinstance(value, Share | curves.Point):
        return value.to_json()
    raise TypeError(f"{type(value).__name__} is no JSON")


# -- The parts ---------------------------------------------------------------------------------------------------------


def _prompts(work: Work) -> dict[str, object]:
    asked = list(some(prompts(), work.plan.most))
    pairs = [(prompt, i) for prompt in asked for i in range(work.plan.seeds)]
    recipes = [work.artist.recipe(prompt, i) for prompt, i in pairs]
    work.easel.pictures(recipes, work.under(0.0, 0.8), "drawing")
    judged = judge([prompt for prompt, _ in pairs], work.read(work.easel.batches(recipes)))
    true, tripped = _ceilings(work, asked)
    return {
        "tasks": table(judged),
        "ceilings": {"renders": table(true), "roundtrip": table(tripped)},
        "factors": {
            "all": targets(judged),
            "seen": targets([one for one in judged if not one.prompt.held_out]),
            "held-out": targets([one for one in judged if one.prompt.held_out]),
            "renders": targets(true),
            "roundtrip": targets(tripped),
        },
        "pictures": [_line(work, one, recipe, i) for one, recipe, (_, i) in zip(judged, recipes, pairs, strict=True)],
    }


def _line(work: Work, one: Judged, recipe: Recipe, picture: int) -> dict[str, object]:
    prompt = one.prompt
    return {
        "name": prompt.name,
        "task": prompt.task,
        "text": prompt.text,
        "seed": seed_of(prompt, picture),
        "held_out": prompt.held_out,
        "reworded": prompt.reworded,
        "answers": one.answers,
        "right": one.right,
        "file": work.easel.path(recipe).name,
    }


def _ceilings(work: Work, asked: Sequence[Prompt]) -> tuple[list[Judged], list[Judged]]:
    """The same questions put to true renders, and to renders that went through the autoencoder."""
    true: list[Reading] = []
    tripped: list[Reading] = []
    for batch in renders((prompt.scene for prompt in asked), work.size, _counted(work.under(0.8, 1.0), len(asked))):
        true += work.judge.read(batch)
        tripped += work.judge.read(work.artist.roundtrip(batch))
    return judge(asked, true), judge(asked, tripped)


def _counted(tell: Tell, total: int) -> Callable[[int], None]:
    return lambda done: tell(done / total, f"rendering: {done} of {total}")


def _negatives(work: Work) -> dict[str, object]:
    """Shares of pictures with each defect, three ways of asking, and what the judge says of true renders."""
    ways = ("asked", "unnamed", "negative")
    triples = [three for three in defect_prompts() if work.plan.most is None or three[0].number < work.plan.most]
    found: dict[str, object] = {}
    for k, way in enumerate(ways):
        pairs = [(three[k], i) for three in triples for i in range(work.plan.seeds)]
        recipes = [work.artist.recipe(prompt, i) for prompt, i in pairs]
        work.easel.pictures(recipes, work.under(0.3 * k, 0.3 * k + 0.3), way)
        readings = work.read(work.easel.batches(recipes))
        judged = judge([prompt for prompt, _ in pairs], readings)
        found[way] = defects(readings) | {"files": [work.easel.path(recipe).name for recipe in recipes[:24]]}
        if way == "asked":
            found["obeyed"] = share((one.prompt, one.right) for one in judged)
    clean, spoilt = ([three[k].scene for three in triples] for k in (1, 0))
    found["clean renders"] = defects(work.read(renders(clean, work.size)))
    told = [three[0] for three in triples]
    found["obeyed, renders"] = share((o.prompt, o.right) for o in judge(told, work.read(renders(spoilt, work.size))))
    return found


def _described(work: Work) -> list[Prompt]:
    """The prompts whose scenes say all that the text says, and no more."""
    return [prompt for prompt in some(prompts(), work.plan.most) if prompt.task != "examples"]


def _distance(work: Work) -> dict[str, object]:
    asked = _described(work)
    recipes = [work.artist.recipe(prompt, i) for prompt in asked for i in range(work.plan.seeds)]
    work.easel.pictures(recipes, work.under(0.0, 0.7), "drawing")
    scenes = [replaced(prompt.scene, f"true {i}") for prompt in asked for i in range(work.plan.seeds)]
    others = [replaced(one, "other") for one in scenes]
    true: list[np.ndarray] = []
    tripped: list[np.ndarray] = []
    poor: list[np.ndarray] = []
    for batch in renders(scenes, work.size, _counted(work.under(0.7, 0.9), len(scenes))):
        true.append(work.judge.features(batch))
        tripped.append(work.judge.features(work.artist.roundtrip(batch)))
        poor.append(work.judge.features(blurred(batch)))
    known = np.concatenate(true)
    sets = {
        "made": work.features(work.easel.batches(recipes)),
        "other renders": work.features(renders(others, work.size, _counted(work.under(0.9, 1.0), len(others)))),
        "through the autoencoder": np.concatenate(tripped),
        "blurred": np.concatenate(poor),
    }
    return {name: distances(features, known).to_json() for name, features in sets.items()}


def _guidance(work: Work) -> dict[str, object]:
    plan = work.plan
    asked = [prompt for prompt in some(prompts(), plan.guidance_most) if prompt.task != "examples"]
    true = work.features(renders([replaced(prompt.scene, "true 0") for prompt in asked], work.size))
    points = curves.guidance(work.easel, work.judge, asked, true, plan.scales, work.tell)
    return {"prompts": len(asked), "points": points}


def _samplers(work: Work) -> dict[str, object]:
    plan = work.plan
    asked = [prompt for prompt in some(prompts(), plan.sampler_most) if prompt.task != "examples"]
    found = curves.samplers(work.easel, work.judge, asked, plan.samplers, plan.steps, plan.reference, work.tell)
    return {"prompts": len(asked), "reference": plan.reference, "points": found}


def _memory(work: Work) -> dict[str, object]:
    plan, asked = work.plan, _described(work)
    recipes = [work.artist.recipe(prompt) for prompt in asked]
    work.easel.pictures(recipes, work.under(0.0, 0.5), "drawing")
    fresh = [replaced(prompt.scene, "fresh") for prompt in asked]
    taught = [scene(plan.training_seed, i) for i in range(plan.training)]
    found = remembered(
        small(work.easel.batches(recipes)),
        small(renders(fresh, work.size, _counted(work.under(0.5, 0.6), len(fresh)))),
        small(renders(taught, work.size, _counted(work.under(0.6, 1.0), len(taught)))),
    )
    nearest = [
        {"file": work.easel.path(recipes[made]).name, "training": index, "distance": apart}
        for made, index, apart in found.nearest
    ]
    return {**replace(found, nearest=()).to_json(), "nearest": nearest, "training_seed": plan.training_seed}


PARTS: dict[str, Callable[[Work], dict[str, object]]] = {
    "prompts": _prompts,
    "negatives": _negatives,
    "distance": _distance,
    "guidance": _guidance,
    "samplers": _samplers,
    "memory": _memory,
}
