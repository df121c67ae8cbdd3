"""The benchmark of guidance asks for recipes that exist, and counts what it says that it counts."""

from pathlib import Path

import pytest

import safelight

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import guidance_accuracy

    return guidance_accuracy


def test_every_kind_is_a_recipe_and_its_rows_are_those_that_it_needs(benchmark):
    kinds = benchmark.kinds(5.0)
    assert benchmark.BASE in kinds
    for name, (rows, fields) in kinds.items():
        recipe = safelight.Recipe.model_validate({"prompt": "a red cube", "seed": 1, **fields})
        guided = recipe.guidance_scale != 1
        assert rows == 1 + guided + (recipe.pag_scale > 0) + recipe.perp_neg, name


def test_a_line_is_means_and_errors_in_percent(benchmark):
    base, found = [0.5, 0.75, 0.25, 0.5], [1.0, 1.0, 0.5, 0.5]
    assert benchmark.line("kind", 3, found, base) == "| kind | 3 | 75.0 ± 14.4 | +25.0 ± 10.2 |"
    assert benchmark.line("base", 2, base, base) == "| base | 2 | 50.0 ± 10.2 | 0 |"


def test_a_score_is_the_share_of_what_the_caption_says(benchmark, monkeypatch):
    from itertools import islice

    from bundled_prompts import clean_scenes

    from tiny import tiny_model

    asked = []

    class Judge:
        def read(self, pixels):
            asked.append(pixels.shape)
            return [None]

    monkeypatch.setattr(benchmark, "judged", lambda scene, reading: {"noun": True, "colour": False})
    engine = safelight.Engine(tiny_model())
    scenes = list(islice(clean_scenes(held_out=False), 2))
    assert benchmark.scores(engine, Judge(), scenes, {"guidance_scale": 2.0, "steps": 1}) == [0.5, 0.5]
    assert asked == [(1, 64, 64, 3)] * 2
