"""The command line on a model that draws noise: what it writes, what it says, and every way in which it ends."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

import safelight
from model_files import edit_json, folder_model, single_model
from safelight.adapters.lora_names import layers
from safelight.cli import main
from safelight.cli.output import Output, slug
from safelight.cli.verify import reasons
from safelight.cli.vocabulary import hint
from safelight.errors import NumericalError, OutputError, RecipeError, WeightsError
from safelight.picture import Picture, Provenance
from safelight.recipe import ControlUse, Defaults, FileUse, ImagePromptUse, Recipe, Region, ScaledUse
from safelight.weights.checkpoint import open_model

SOURCE = Path(safelight.__file__).parent.parent


class NoiseModel:
    """Stands in for an engine: each seed is a picture of noise. `before` is called with each recipe."""

    defaults = Defaults(width=64, height=64, steps=3, guidance_scale=4.0, sampler="ddim", schedule="leading")
    model_hash = "ab" * 32

    def __init__(self, before=lambda recipe: None, notices=()):
        self.before, self.words, self.made = before, list(notices), []

    def provenance(self):
        return Provenance.here("cpu", "float32", "none", self.model_hash)

    def notices(self, recipe):
        return self.words

    def draw(self, recipe):
        if recipe.model_hash not in (None, self.model_hash):
            raise RecipeError("the recipe was made with other weights")  # as a model does
        recipe = recipe.resolved(self.defaults, self.model_hash)
        pixels = np.random.default_rng(recipe.seed).integers(0, 256, (recipe.height, recipe.width, 3), np.uint8)
        self.made.append(recipe)
        return Picture(pixels, recipe, self.provenance())

    def generate(self, recipe):
        return self.draw(recipe)

    def stream(self, recipes):
        from safelight.engine import Failed, Finished, Stepped

        for index, recipe in enumerate(recipes):
            try:
                self.before(recipe)
            except (NumericalError, RecipeError) as error:
                yield Failed(index, recipe, error)
                continue
            for step in range(1, 4):
                yield Stepped(index, recipe, step, 3, lambda: np.zeros((8, 8, 3), np.uint8))
            yield Finished(index, self.draw(recipe), 0.125)


@pytest.fixture
def model(monkeypatch, tmp_path):
    """Work in an empty folder, with a model of noise whatever is asked for."""
    monkeypatch.chdir(tmp_path)
    drawn = NoiseModel()
    drawn.asked = []

    def load(name="bundled", **how):
        drawn.asked.append((name, how))
        return drawn

    monkeypatch.setitem(vars(safelight), "load", load)
    monkeypatch.setattr("safelight.weights.library.find", Path)
    return drawn


def files(folder="."):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())


def environment(**changes):
    """The environment of this process, in which another one finds the package as well."""
    paths = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": paths, **changes}


def run(*arguments, **changes):
    """Run the real command in a process of its own."""
    command = [sys.executable, "-m", "safelight", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment(**changes), check=False)


# -- Where pictures go and what is said --------------------------------------------------------------------------------


def test_a_picture_goes_to_the_folder_pictures_named_by_seed_and_prompt(model, capsys):
    assert main(["generate", "A red car, at night!", "--seed", "7"]) == 0
    assert files() == ["pictures/7-a-red-car-at-night.png"]
    said = capsys.readouterr()
    assert said.out == "pictures/7-a-red-car-at-night.png\n"
    assert "seed 7, 64x64, 3 steps of ddim" in said.err
    found = Picture.open("pictures/7-a-red-car-at-night.png")
    assert found.recipe == model.made[0]
    assert found.recipe.model_hash == model.model_hash


def test_an_existing_picture_is_never_written_over_without_being_named(model):
    for _ in range(3):
        assert main(["generate", "car", "--seed", "7"]) == 0
    assert files() == ["pictures/7-car-2.png", "pictures/7-car-3.png", "pictures/7-car.png"]


def test_without_a_seed_one_is_chosen_and_said(model, capsys):
    main(["generate", "car"])
    main(["generate", "car"])
    seeds = [recipe.seed for recipe in model.made]
    assert seeds[0] != seeds[1]
    said = capsys.readouterr().err
    assert all(f"seed {seed}, " in said for seed in seeds)


def test_count_makes_the_seeds_from_the_first_one_on(model):
    assert main(["generate", "car", "--seed", "18446744073709551613", "--count", "3"]) == 0
    assert [recipe.seed for recipe in model.made] == [2**64 - 3, 2**64 - 2, 2**64 - 1]
    assert len(files()) == 3


def test_json_prints_one_line_for_each_picture_and_nothing_else(model, capsys):
    assert main(["generate", "car", "--seed", "5", "--count", "2", "--json", "--output", "out/"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [list(line) for line in lines] == [["path", "seed", "seconds", "recipe"]] * 2
    assert [line["path"] for line in lines] == ["out/5-car.png", "out/6-car.png"]
    assert [line["seed"] for line in lines] == [5, 6]
    assert lines[1]["seconds"] == 0.125
    assert Recipe(**lines[1]["recipe"]) == Picture.open(lines[1]["path"]).recipe


def test_quiet_says_nothing(model, capsys):
    assert main(["generate", "car", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".webp", ".PNG"])
def test_the_suffix_of_the_output_chooses_the_kind_of_file(model, suffix):
    assert main(["generate", "car", "--seed", "5", "--output", f"deep/er/a{suffix}"]) == 0
    assert files() == [f"deep/er/a{suffix}"]
    assert Picture.open(f"deep/er/a{suffix}").recipe.seed == 5


def test_a_file_that_is_named_is_replaced(model):
    for seed in ("1", "2"):
        assert main(["generate", "car", "--seed", seed, "--output", "a.png"]) == 0
    assert files() == ["a.png"]
    assert Picture.open("a.png").recipe.seed == 2


def test_one_file_name_for_several_pictures_is_numbered_and_that_is_said(model, capsys):
    assert main(["generate", "car", "--count", "10", "--output", "a.png"]) == 0
    assert files() == [f"a-{i:02}.png" for i in range(1, 11)]
    assert "numbering" in capsys.readouterr().err


def test_a_folder_whose_name_has_a_dot_is_a_folder_if_it_is_there_or_ends_with_a_slash(model):
    Path("out.v1").mkdir()
    assert main(["generate", "car", "--seed", "1", "--output", "out.v1"]) == 0
    assert main(["generate", "car", "--seed", "1", "--output", "out.v2/"]) == 0
    assert files() == ["out.v1/1-car.png", "out.v2/1-car.png"]


def test_an_empty_prompt_is_allowed(model):
    assert main(["generate", "", "--seed", "3"]) == 0
    assert files() == ["pictures/3-empty-prompt.png"]


def test_what_a_model_has_to_say_about_a_prompt_is_said(model, capsys):
    model.words = ["the prompt is longer than 75 tokens; cut from 'and a dog' on"]
    assert main(["generate", "car", "--json"]) == 0
    said = capsys.readouterr()
    assert "cut from 'and a dog' on" in said.err
    assert "cut from" not in said.out


def test_how_to_compute_is_handed_to_the_model(model):
    assert main(["generate", "car", "--model", "x", "--dtype", "bfloat16", "--device", "cpu", "--exact"]) == 0
    assert model.asked == [("x", {"dtype": "bfloat16", "device": "cpu", "exact": True})]
    assert model.made[0].model == "x"


def test_two_commands_at_once_never_choose_one_name(tmp_path):
    place = Output.of(str(tmp_path), 1)
    outer = []

    def save(path):
        if not outer:
            outer.append(path)
            outer.append(place.write(0, 7, "car", save))  # another command, while this one is saving
        path.write_bytes(b"picture")

    assert place.write(0, 7, "car", save) == tmp_path / "7-car.png"
    assert outer[1] == tmp_path / "7-car-2.png"


@given(st.text(max_size=400))
def test_any_prompt_makes_a_file_name(prompt):
    name = slug(prompt)
    assert name
    assert not re.search(r"[/\\\0\s.:]", name)
    assert len(name.encode()) <= 200


# -- Recipes -----------------------------------------------------------------------------------------------------------


def test_a_recipe_file_is_followed_and_options_change_it(model):
    Path("r.json").write_text('{"prompt": "boat", "seed": 9, "steps": 12, "guidance_scale": 3.5}')
    assert main(["generate", "--recipe", "r.json", "--steps", "4"]) == 0
    assert main(["generate", "tree", "--recipe", "r.json", "--seed", "1"]) == 0
    first, second = model.made
    assert (first.prompt, first.seed, first.steps, first.guidance_scale) == ("boat", 9, 4, 3.5)
    assert (second.prompt, second.seed, second.steps, second.guidance_scale) == ("tree", 1, 12, 3.5)


def test_a_picture_and_a_line_of_json_are_recipes_too(model, capsys):
    main(["generate", "boat", "--seed", "9", "--output", "a.png", "--json"])
    Path("line.json").write_text(capsys.readouterr().out)
    assert main(["generate", "--recipe", "a.png", "--output", "b.webp"]) == 0
    assert main(["generate", "--recipe", "line.json", "--output", "c.png"]) == 0
    assert model.made[0] == model.made[1] == model.made[2]


def test_another_sampler_than_the_files_brings_its_own_schedule_and_eta(model):
    Path("r.json").write_text('{"sampler": "ddim", "schedule": "trailing", "eta": 0.5}')
    assert main(["generate", "--recipe", "r.json", "--sampler", "dpmpp_2m"]) == 0
    assert main(["generate", "--recipe", "r.json", "--sampler", "ddim"]) == 0
    assert [(made.schedule, made.eta) for made in model.made] == [("karras", None), ("trailing", 0.5)]


def test_a_recipe_made_with_other_weights_is_followed_with_a_warning(model, capsys):
    Path("r.json").write_text(json.dumps({"prompt": "boat", "model_hash": "cd" * 32}))
    assert main(["generate", "--recipe", "r.json"]) == 0
    assert "other weights" in capsys.readouterr().err
    assert model.made[0].model_hash == model.model_hash


def test_every_way_of_writing_an_option_becomes_the_field_that_it_means(model, capsys):
    asked = [
        "--lora", "a:b.safetensors:0.5", "--lora", "b.pt:0.5:0.25", "--lora", "c.pt", "--embedding", "e.pt",
        "--hypernetwork", "h.pt:2", "--vae", "v.pt", "--control", "n.pt:p.png:0.8:0:0.5:canny",
        "--control", "n.pt:q.png", "--image-prompt", "i.bin:p.png:0.6",
        "--region", "left@1.5: a red car", "--region", "m.png: a tree",
        "--guidance-interval", "0.3,5", "--freeu", "1.5,1.6,0.9,0.2", "--sigmas", "14,6,1", "--perp-neg",
        "--strict-prompt",
    ]  # fmt: skip
    assert main(["generate", "car", *asked]) == 0
    (made,) = model.made
    assert [(use.file, use.scale, use.text_scale) for use in made.loras] == [
        ("a:b.safetensors", 0.5, None), ("b.pt", 0.5, 0.25), ("c.pt", 1.0, None),
    ]  # fmt: skip
    assert made.embeddings == (FileUse(file="e.pt"),)
    assert made.hypernetworks == (ScaledUse(file="h.pt", scale=2),)
    assert made.vae == FileUse(file="v.pt")
    assert made.controls == (
        ControlUse(file="n.pt", image="p.png", strength=0.8, start=0, end=0.5, prepare="canny"),
        ControlUse(file="n.pt", image="q.png"),
    )
    assert made.image_prompts == (ImagePromptUse(file="i.bin", image="p.png", scale=0.6),)
    assert made.regions == (
        Region(prompt="a red car", box=(0, 0, 0.5, 1), weight=1.5),
        Region(prompt="a tree", mask="m.png"),
    )
    assert (made.guidance_interval, made.freeu) == ((0.3, 5.0), (1.5, 1.6, 0.9, 0.2))
    assert (made.sigmas, made.steps, made.schedule) == ((14.0, 6.0, 1.0), 3, None)
    assert made.perp_neg
    assert made.strict_prompt


def test_styles_and_wildcards_are_filled_in_before_there_is_a_recipe(model):
    Path("styles.csv").write_text("name,prompt,negative_prompt\nink,{prompt} in ink,colour\n")
    asked = ["generate", "a {red|blue} car", "--style", "ink", "--seed", "1", "--count", "8"]
    assert main([*asked, "--negative-prompt", "fog"]) == 0
    assert {made.prompt for made in model.made} == {"a red car in ink", "a blue car in ink"}
    assert {made.negative_prompt for made in model.made} == {"fog, colour"}
    made = len(model.made)
    assert main(["generate", "--recipe", files()[0], "--style", "ink"]) == 0
    assert model.made[made].prompt == model.made[0].prompt + " in ink"


def test_a_template_takes_the_place_of_a_prompt(model):
    assert main(["generate", "--template", "subject=a red car; lighting=neon"]) == 0
    assert "a red car" in model.made[0].prompt
    assert "neon" in model.made[0].prompt


# -- What is refused, before anything is computed or written -----------------------------------------------------------

REFUSED = {
    "--width 100": "100 is not a multiple of 8; use 96 or 104",
    "--width 2056": "width 2056 is out of range",
    "--height 0": "height 0 is out of range",
    "--height -8": "height -8 is out of range",
    "--steps 0": "steps 0 is out of range; use 1 to 1000",
    "--steps 1001": "steps 1001 is out of range",
    "--steps many": "'--steps': Input should be a valid integer",
    "--sampler eulr": "Did you mean 'euler'",
    "--schedule karas": "Did you mean 'karras'",
    "--sampler zzz": "ddim",
    "--guidance-scale nan": "guidance_scale must be a finite number",
    "--guidance-scale inf": "guidance_scale must be a finite number",
    "--guidance-scale 101": "guidance_scale 101.0 is out of range",
    "--guidance-rescale 2": "guidance_rescale 2.0 is out of range",
    "--eta 1.5": "eta 1.5 is out of range",
    "--sampler heun --eta 0.5": "eta 0.5 has no meaning for the sampler 'heun'",
    "--clip-skip 0": "clip_skip 0 is out of range",
    "--rng cuda": "rng 'cuda' is not known",
    "--prompt-syntax html": "prompt_syntax 'html' is not known",
    "--dtype float61": "Did you mean",
    "--seed -1": "leave --seed out for a random one",
    "--seed 18446744073709551616": "seed 18446744073709551616 is out of range",
    "--seed 18446744073709551615 --count 2": "past the largest seed",
    "--count 0": "--count 0 is out of range",
    "--recipe missing.json": "missing.json",
    "--recipe missing.png": "there is no picture missing.png",
    "--recipe .": "Is a directory",
    "--output a.bmp": ".bmp",
    "--output out.v2": "end a folder's name with /",
    "--output /dev/null": "/dev/null",
    "--output /proc/none/a.png": "cannot write to /proc/none/a.png",
    "--step 3": "--steps",
    "--model": "--model",
    "--sigmas 3,x": "--sigmas '3,x' cannot be read; write it as --sigmas 14.6,6,2,0.5",
    "--sigmas 3,4": "sigmas must descend, but 4 follows 3",
    "--sigmas 3,2 --schedule karras": "sigmas and schedule cannot both say where the steps are",
    "--freeu 1,2": "freeu must be 4 numbers",
    "--guidance-interval 5,1": "guidance_interval 5 to 1 is empty",
    "--guidance-curve sine": "Did you mean 'cosine'",
    "--lora a.pt:500": "loras 1: scale 500.0 is out of range",
    "--control a.pt": "--control 'a.pt' cannot be read; write it as --control canny.safetensors:photo.png:0.8:canny",
    "--region nowhere": "the region 'nowhere' has no place and colon before its prompt",
    "--as word": "like 'word' is not known",
    "--style nosuch": "there is no style 'nosuch'",
    "--template x": "not both",
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_what_cannot_be_is_refused_in_one_line_before_the_model_is_loaded(model, capsys, arguments):
    assert main(["generate", "car", *arguments.split()]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("safelight: ")
    assert said.err.count("\n") == 1
    assert REFUSED[arguments] in said.err
    assert model.asked == []
    assert files() == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "a recipe is a set of named fields"),
        ('{"stpes": 3}', "Did you mean 'steps'"),
        ('{"width": 100}', "not a multiple of 8"),
        ('{"guidance_scale": NaN}', "NaN"),
        ("[" * 100_000, "nested too deeply"),
        ('{"behaviour": 99}', "newer Safelight"),
    ],
)
def test_a_broken_recipe_file_is_refused_by_name(model, capsys, text, words):
    Path("r.json").write_text(text)
    assert main(["generate", "--recipe", "r.json"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("safelight: r.json: ")
    assert words in said
    assert said.count("\n") == 1
    assert files() == ["r.json"]


def test_a_recipe_that_is_no_text_is_refused(model, capsys):
    Path("r.json").write_bytes(b"\xff\xfe\x00\x01")
    assert main(["generate", "--recipe", "r.json"]) == 2
    assert "neither JSON nor a picture" in capsys.readouterr().err


def test_a_missing_prompt_is_asked_for(model, capsys):
    assert main(["generate"]) == 2
    assert "say what to show" in capsys.readouterr().err


def test_a_prompt_that_is_no_text_is_refused(model, capsys):
    assert main(["generate", "half a \udcff character"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_an_unknown_command_offers_the_nearest(capsys):
    assert main(["generat", "car"]) == 2
    assert "Did you mean 'generate'" in capsys.readouterr().err


def test_a_folder_that_is_a_file_is_refused(model, capsys):
    Path("taken").touch()
    assert main(["generate", "car", "--output", "taken"]) == 2
    assert main(["generate", "car", "--output", "taken/a.png"]) == 2
    assert main(["generate", "car", "--output", "taken/"]) == 2
    assert capsys.readouterr().err.count("\n") == 3
    assert model.asked == []


# -- What goes wrong on the way ----------------------------------------------------------------------------------------


def test_a_full_disk_ends_the_run_in_one_line_and_keeps_what_was_finished(model, capsys, monkeypatch):
    def full(descriptor):
        if len(model.made) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert main(["generate", "car", "--seed", "1", "--count", "5"]) == 2
    said = capsys.readouterr().err
    assert "the disk is full; 2 of 5 pictures finished" in said.splitlines()[-1]
    assert files() == ["pictures/1-car.png", "pictures/2-car.png"]
    assert all(Picture.open(path) for path in Path("pictures").iterdir())


def test_ctrl_c_ends_in_one_line_with_130_and_keeps_what_was_finished(model, capsys):
    def stop(recipe):
        if recipe.seed == 3:
            raise KeyboardInterrupt

    model.before = stop
    assert main(["generate", "car", "--seed", "1", "--count", "5"]) == 130
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "safelight: stopped; 2 of 5 pictures finished, and kept in pictures"
    assert files() == ["pictures/1-car.png", "pictures/2-car.png"]


def test_ctrl_c_while_a_picture_is_being_written_leaves_no_half_of_it(model, monkeypatch):
    def stop(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    assert main(["generate", "car"]) == 130
    assert files() == []


def test_a_picture_that_fails_does_not_stop_the_others(model, capsys):
    def fail(recipe):
        if recipe.seed == 2:
            raise NumericalError("the UNet answered with NaN")

    model.before = fail
    assert main(["generate", "car", "--seed", "1", "--count", "3"]) == 2
    assert "safelight: seed 2: the UNet answered with NaN" in capsys.readouterr().err
    assert files() == ["pictures/1-car.png", "pictures/3-car.png"]


def test_what_the_model_refuses_is_said_once(model, capsys):
    def refuse(recipe):
        raise RecipeError("clip_skip 12: this model has 6 layers")

    model.before = refuse
    assert main(["generate", "car", "--count", "3"]) == 2
    assert capsys.readouterr().err == "safelight: clip_skip 12: this model has 6 layers\n"


def test_a_fault_of_ours_is_one_line_and_the_trace_on_request(model, capsys, monkeypatch):
    def fault(recipe):
        raise TypeError("boom")

    model.before = fault
    assert main(["generate", "car"]) == 1
    said = capsys.readouterr().err
    assert "a fault of ours: TypeError: boom" in said
    assert "SAFELIGHT_DEBUG=1" in said
    assert said.count("\n") == 1
    monkeypatch.setenv("SAFELIGHT_DEBUG", "1")
    with pytest.raises(TypeError, match="boom"):
        main(["generate", "car"])


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried ...")]
)
def test_too_little_memory_says_what_to_ask_for_instead(model, capsys, error):
    def fail(recipe):
        raise error

    model.before = fail
    assert main(["generate", "car"]) == 2
    assert "smaller size" in capsys.readouterr().err


def test_messages_are_one_line_and_never_steer_the_terminal(model, capsys):
    def fail(recipe):
        raise OutputError("a\nb \x1b[31mred\x07")

    model.before = fail
    assert main(["generate", "car"]) == 2
    assert capsys.readouterr().err == "safelight: a b \\x1b[31mred\\x07\n"


# -- Processes of their own --------------------------------------------------------------------------------------------


def test_help_lists_the_commands():
    done = run("--help")
    assert done.returncode == 0
    assert done.stderr == ""
    assert all(name in done.stdout for name in ("generate", "verify", "inspect", "models", "scenes", "train"))


def test_no_arguments_at_all_show_the_help(capsys):
    assert main([]) == 0
    assert "generate" in capsys.readouterr().out


def test_the_version_is_the_packages(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"safelight {safelight.__version__}\n"


@pytest.mark.parametrize("colours", [True, False])
def test_a_bar_is_drawn_on_a_terminal_and_its_colours_can_be_forbidden(model, capsys, monkeypatch, colours):
    monkeypatch.setattr("safelight.cli.telling.on_a_terminal", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")  # what makes rich take a file for a terminal
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if not colours:
        monkeypatch.setenv("NO_COLOR", "1")
    assert main(["generate", "car", "--seed", "1", "--count", "2"]) == 0
    said = capsys.readouterr()
    assert said.out == "pictures/1-car.png\npictures/2-car.png\n"
    assert "picture 2 of 2" in said.err
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9;]*m", said.err)) == colours


def test_a_reader_that_goes_away_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "safelight", "--version"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, env=environment(), check=False)
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode == 1


def test_a_real_ctrl_c_is_130_in_one_line(tmp_path):
    code = (
        "import sys, time, safelight; from safelight.cli import main\n"
        "def load(*a, **k): print('ready', flush=True); time.sleep(60)\n"
        "vars(safelight)['load'] = load\n"
        "sys.exit(main(['generate', 'car']))"
    )
    command = [sys.executable, "-c", code]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), text=True, **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "safelight: stopped\n"
    assert files(tmp_path) == []


# -- inspect -----------------------------------------------------------------------------------------------------------


def test_inspect_shows_the_recipe_and_what_made_it(model, capsys):
    main(["generate", "a boat", "--seed", "9", "--output", "a.jpg"])
    capsys.readouterr()
    assert main(["inspect", "a.jpg"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"prompt +a boat\n", said)
    assert re.search(r"seed +9\n", said)
    assert re.search(r"dtype +float32\n", said)
    assert main(["inspect", "a.jpg", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["source"] == "safelight"
    assert Recipe(**found["recipe"]) == model.made[0]


def test_inspect_reads_the_text_of_other_programs(model, capsys, tmp_path):
    from PIL import Image, PngImagePlugin

    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("parameters", "a boat\nNegative prompt: rain\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42")
    Image.new("RGB", (64, 64)).save("a.png", pnginfo=chunks)
    assert main(["inspect", "a.png", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["source"] == "parameters"
    assert (found["recipe"]["prompt"], found["recipe"]["sampler"], found["recipe"]["seed"]) == ("a boat", "euler_a", 42)


def test_inspect_never_obeys_what_a_prompt_tells_the_terminal(model, capsys):
    main(["generate", "red \x1b[31m\x07 alert", "--output", "a.png", "--quiet"])
    main(["inspect", "a.png"])
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("command", ["inspect", "verify"])
def test_pictures_without_a_recipe_and_files_that_are_none_are_refused(model, capsys, command):
    from PIL import Image

    Image.new("RGB", (64, 64)).save("bare.png")
    Path("text.png").write_text("no picture")
    for name, words in (("bare.png", "no recipe"), ("text.png", "not a PNG"), ("gone.png", "no picture gone.png")):
        assert main([command, name]) == 2
        said = capsys.readouterr().err
        assert words in said
        assert said.count("\n") == 1
    assert model.asked == []


# -- verify ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.jpg"])
def test_an_untouched_picture_is_verified(model, capsys, name):
    main(["generate", "a boat", "--seed", "9", "--output", name])
    capsys.readouterr()
    assert main(["verify", name]) == 0
    assert capsys.readouterr().out == "the same: all 4096 pixels\n"
    assert model.asked[-1] == ("bundled", {"dtype": "float32", "device": "cpu", "exact": True})


def edit(name, change):
    """Change the pixels of a picture file and keep its recipe."""
    found = Picture.open(name)
    Picture(change(found.pixels.copy()), found.recipe, found.provenance).save(name)


def test_changed_pixels_are_counted_and_the_exit_code_is_1(model, capsys):
    main(["generate", "a boat", "--seed", "9", "--output", "a.png"])

    def touch(pixels):
        pixels[3, 5, 1] ^= 255
        pixels[4, 6] ^= 1
        return pixels

    edit("a.png", touch)
    capsys.readouterr()
    assert main(["verify", "a.png"]) == 1
    said = capsys.readouterr().out
    assert "different: 2 of 4096 pixels" in said
    assert "probably edited" in said
    assert main(["verify", "a.png", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["same"], found["difference"]["differing"]) == (False, 2)


def test_a_model_that_has_moved_is_asked_for(model, capsys, monkeypatch):
    def gone(name):
        raise WeightsError(f"no model {name!r}")

    main(["generate", "a boat", "--model", "there", "--output", "a.png"])
    monkeypatch.setattr("safelight.weights.library.find", gone)
    capsys.readouterr()
    assert main(["verify", "a.png"]) == 2
    said = capsys.readouterr().err
    assert "'there' (weights ababababab), which is not known here by that name; say where it is with --model" in said
    assert said.count("\n") == 1
    assert main(["generate", "--recipe", "a.png", "--output", "b.png"]) == 2
    assert "say where it is with --model" in capsys.readouterr().err
    assert main(["verify", "a.png", "--model", "here"]) == 0
    assert model.asked[-1][0] == "here"


def test_a_resized_picture_is_not_the_same(model, capsys):
    main(["generate", "a boat", "--seed", "9", "--output", "a.png"])
    edit("a.png", lambda pixels: pixels[:32])
    assert main(["verify", "a.png"]) == 1
    assert "the file is 64x32, its recipe makes 64x64" in capsys.readouterr().out


def test_a_difference_of_environment_is_named(model, capsys):
    main(["generate", "a boat", "--seed", "9", "--output", "a.png"])
    found = Picture.open("a.png")
    past = found.provenance.model_copy(update={"torch": "2.10.0", "model_hash": "cd" * 32})
    Picture(found.pixels ^ 1, found.recipe.model_copy(update={"model_hash": "cd" * 32}), past).save("a.png")
    capsys.readouterr()
    assert main(["verify", "a.png"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert "no more than rounding" in said[0]
    assert said[1].startswith("  the weights: cdcd")
    assert said[2].startswith("  torch: 2.10.0 then, ")
    assert sum("the weights" in line for line in said) == 1


@pytest.mark.parametrize("recorded", [True, False], ids=["with provenance", "without"])
def test_other_weights_than_the_pictures_are_named_and_the_exit_code_is_1(model, capsys, recorded):
    main(["generate", "a boat", "--seed", "9", "--output", "a.png"])
    found = Picture.open("a.png")
    recipe = found.recipe.model_copy(update={"model_hash": "cd" * 32})
    Picture(found.pixels ^ 1, recipe, found.provenance if recorded else None).save("a.png")
    capsys.readouterr()
    assert main(["verify", "a.png"]) == 1
    said = capsys.readouterr()
    assert "other weights (cdcdcdcdcd) than this model's (ababababab)" in said.err
    assert "--model" in said.err
    assert said.out.splitlines()[1].startswith("  the weights: cdcd")
    assert "edited" not in said.out


@pytest.mark.parametrize(
    ("device", "changes", "said"),
    [
        ("cpu (AVX2)", {}, "the pixels in the file were probably edited"),
        ("cuda (H200)", {}, "a GPU may round differently from run to run, and shared network calls do (--exact)"),
        ("cuda (H200)", {"alone": False}, "whether the networks were asked for this picture alone: no then, yes now"),
        ("cuda (H200)", {"rescued": ("UNet",)}, "computed again in float32: UNet then, nothing now"),
    ],
)
def test_pixels_that_a_gpu_may_have_rounded_otherwise_are_not_called_edited(device, changes, said):
    made = Provenance.here("cpu", "float32", "none", "ab" * 32).model_copy(update={"device": device})
    pixels = np.zeros((64, 64, 3), np.uint8)
    then = Picture(pixels, Recipe(), made.model_copy(update=changes))
    (line,) = reasons(then, Picture(pixels + 1, Recipe(), made))
    assert said in line
    assert ("edited" in line) == device.startswith("cpu")


# -- A real model of random weights on disk ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory):
    """A tiny model in both layouts: a diffusers folder, and one CompVis file."""
    place = tmp_path_factory.mktemp("models")
    defaults = Defaults(width=64, height=64, steps=2, guidance_scale=2.0, sampler="euler_a", schedule="uniform")
    made = folder_model(place / "folder", defaults=defaults)
    (place / "single").mkdir()
    single_model(place / "single" / "one.safetensors", made=made, defaults=defaults)
    return place


@pytest.mark.parametrize("name", ["folder", "single/one.safetensors"])
def test_a_model_on_disk_draws_and_its_picture_is_verified_from_anywhere(on_disk, tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    asked = ["generate", "a red car", "--model", str(on_disk / name), "--count", "3", "--json", "--seed", "4"]
    assert main([*asked, "--output", "."]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["recipe"]["sampler"] for line in lines] == ["euler_a"] * 3
    assert len({Picture.open(line["path"]).pixels.tobytes() for line in lines}) == 3
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert str(on_disk).encode() not in Path("../5-a-red-car.png").read_bytes()  # where files are is nobody's business
    assert main(["verify", "../5-a-red-car.png"]) == 2
    assert f"{Path(name).name!r} (weights {lines[0]['recipe']['model_hash'][:10]})" in capsys.readouterr().err
    assert main(["verify", "../5-a-red-car.png", "--model", str(on_disk / name)]) == 0
    assert capsys.readouterr().out == "the same: all 4096 pixels\n"


def test_where_diffusers_would_draw_another_picture_is_said_by_show_and_once_by_generate(
    on_disk, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(on_disk / "folder", "m")
    Path("m/safelight.json").unlink()
    edit_json(Path("m/scheduler/scheduler_config.json"), _class_name="UniPCMultistepScheduler")
    assert main(["models", "show", "m", "--json"]) == 0
    (said,) = json.loads(capsys.readouterr().out)["notes"]
    assert "unipc on uniform: pictures will differ slightly" in said
    assert main(["models", "show", "m"]) == 0
    assert said in capsys.readouterr().err
    asked = ["generate", "a", "--count", "2", "--steps", "1", "--model", "m", "--width", "64", "--height", "64"]
    assert main(asked) == 0
    assert capsys.readouterr().err.count(said) == 1
    assert main([*asked, "--sampler", "euler"]) == 0
    assert said not in capsys.readouterr().err


def test_a_prompt_that_is_too_long_is_cut_and_the_word_is_named(on_disk, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    # This vocabulary has a token for each letter: five of them and an end are no room for 76 letters.
    asked = ["generate", "a" * 70 + " giraffe at night", "--model", str(on_disk / "folder")]
    assert main([*asked, "--prompt-syntax", "plain"]) == 0
    said = capsys.readouterr().err
    assert "the prompt is longer than 75 tokens" in said
    assert "cut from" in said
    assert "at night" in said
    assert main([*asked, "--prompt-syntax", "plain", "--strict-prompt"]) == 2
    assert "would be cut from" in capsys.readouterr().err
    assert main(asked) == 0
    assert "cut" not in capsys.readouterr().err


def test_a_layer_that_the_text_encoder_lacks_is_refused(on_disk, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["generate", "a", "--count", "3", "--clip-skip", "3", "--model", str(on_disk / "folder")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert files() == []


def test_weights_that_were_cut_short_are_refused(on_disk, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    whole = (on_disk / "single" / "one.safetensors").read_bytes()
    Path("cut.safetensors").write_bytes(whole[: len(whole) // 2])
    assert main(["generate", "a", "--model", "cut.safetensors"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "cut.safetensors" in said


def test_a_real_ctrl_c_keeps_the_finished_pictures_whole(on_disk, tmp_path):
    asked = ["generate", "a car", "--model", str(on_disk / "folder"), "--seed", "1", "--count", "5000", "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-m", "safelight", *asked]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), text=True, **pipes) as process:
        for _ in range(3):
            assert json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    last = said.splitlines()[-1]
    assert re.fullmatch(r"safelight: stopped; \d+ of 5000 pictures finished, and kept in pictures", last)
    kept = list((tmp_path / "pictures").iterdir())
    assert len(kept) >= 3
    assert all(Picture.open(path).pixels.shape == (64, 64, 3) for path in kept)


# -- The bundled model -------------------------------------------------------------------------------------------------


def test_a_prompt_that_names_nothing_the_bundled_model_can_draw_is_answered_with_what_it_can(model, capsys):
    assert "sports car, truck" in hint("a photograph of a submarine in a red waterfall")
    assert hint("Race-Car!") is None
    assert hint("a cup of coffee, at night") is None
    assert hint("carpet") is not None
    assert hint(" ") is None
    main(["generate", "a submarine"])
    assert "safelight models pull CompVis/stable-diffusion-v1-4" in capsys.readouterr().err
    main(["generate", "a submarine", "--model", "CompVis/stable-diffusion-v1-4"])
    assert "models pull" not in capsys.readouterr().err


def test_the_bundled_model_draws_and_verifies_without_a_network(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    asked = ["generate", "a red sports car", "--seed", "7", "--steps", "2", "--output", "a.png", "--json"]
    assert main(asked) == 0
    assert json.loads(capsys.readouterr().out)["recipe"]["steps"] == 2
    assert main(["verify", "a.png"]) == 0


def test_the_bundled_model_draws_with_all_that_people_bring_along_and_verifies_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    unet = open_model(SOURCE / "safelight" / "weights" / "bundled").load_unet()
    places = {place.name: stem for stem, place in layers(unet.config, None).items() if stem.startswith("lora_unet")}
    name, attention = next((f"{site.name}.q", attention) for site, attention in unet.sites())
    stem, wide = places[name], attention.q.in_features
    generator = torch.Generator().manual_seed(0)
    down, up = (torch.randn(size, generator=generator) * 0.2 for size in ((4, wide), (wide, 4)))
    Path("home/loras").mkdir(parents=True)
    save_file({f"{stem}.lora_down.weight": down, f"{stem}.lora_up.weight": up}, "home/loras/paint.safetensors")
    asked = [
        "generate", "a (red:1.3) sports car <lora:paint:0.8> [in a forest:on a beach:0.5]", "--seed", "7",
        "--steps", "3", "--output", "a.png", "--region", "left: a house", "--guidance-interval", "0.1,12",
        "--apg-eta", "0.2", "--pag-scale", "0.5", "--freeu", "1.1,1.1,0.9,0.9", "--perp-neg", "--style", "watercolor",
    ]  # fmt: skip
    assert main(asked) == 0
    assert "LoRA paint.safetensors: 2 of 2 tensors applied, 0 unknown" in capsys.readouterr().err
    recipe = Picture.open("a.png").recipe
    assert [(use.file, use.scale, len(use.sha256)) for use in recipe.loras] == [("paint.safetensors", 0.8, 64)]
    assert recipe.prompt.startswith("a (red:1.3) sports car")
    assert "watercolor" in recipe.prompt
    assert "<lora" not in recipe.prompt
    assert main(["verify", "a.png"]) == 0
    assert main(["generate", "--recipe", "a.png", "--output", "b.png", "--as", "a1111", "--sampler", "euler_a"]) == 0
    assert Picture.open("b.png").recipe.like == "a1111"
    shutil.rmtree("home/loras")
    capsys.readouterr()
    assert main(["verify", "a.png"]) == 2
    assert capsys.readouterr().err.startswith(
        "safelight: there is no LoRA 'paint.safetensors'. Give its path, or put it"
    )


@pytest.mark.parametrize("name", ["no/such/folder", "no_such_model.safetensors"])
def test_a_model_that_is_not_there_is_one_line(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    assert main(["generate", "car", "--model", name]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert name in said


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff" * 64, b"\x10\0\0\0\0\0\0\0{}", b"\x02\0\0\0\0\0\0\0{}" * 9],
    ids=["empty", "no header", "cut short", "no tensors"],
)
def test_a_hostile_model_file_is_one_line(tmp_path, monkeypatch, capsys, content):
    monkeypatch.chdir(tmp_path)
    Path("m.safetensors").write_bytes(content)
    assert main(["generate", "car", "--model", "m.safetensors"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "m.safetensors" in said
    assert files("pictures") == []
