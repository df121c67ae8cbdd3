"""The house stands as designed: layers, who may import what, and names that must not drift apart. Read as source."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "safelight"
FILES = sorted(PACKAGE.rglob("*.py"))
NAMES = [str(path.relative_to(PACKAGE)) for path in FILES]

# Which room a file at the top of the package belongs to, where it is not a room of its own.
ROOMS = {"checks": "recipe", "names": "recipe", "recipe_parts": "recipe", "strict_json": "recipe"}
ROOMS |= {"uses": "stable_diffusion", "images": "stable_diffusion", "drawing": "stable_diffusion"}
ROOMS |= {"canny": "picture", "shelf": "stable_diffusion", "parts": "stable_diffusion"}
ROOMS |= dict.fromkeys(("told", "weaker", "devices"), "stable_diffusion")
ROOMS |= {"metadata": "picture", "infotext": "picture", "provenance": "picture", "foreign": "picture"}
LAYERS = {
    "errors": 0, "recipe": 0,
    "models": 1, "diffusion": 1, "scenes": 1,
    "weights": 2, "prompts": 2, "picture": 2, "finite": 2,
    "adapters": 3, "foreign": 3, "preview": 3,  # they read files with weights/ and picture
    "stable_diffusion": 4,
    "engine": 5, "farm": 5, "evaluate": 5,
    "train": 6,  # what learns may ask what judges
    "cli": 7, "serve": 7,
    "__init__": 8, "__main__": 8,
}  # fmt: skip
ORACLES = {"diffusers", "transformers", "k_diffusion", "compel", "imwatermark", "scipy", "pytest", "hypothesis"}
NEVER = {"torchvision", "omegaconf", "hydra", "lightning", "einops", "accelerate"}
ONLY_IN = {"huggingface_hub": "weights/hub.py", "typer": "cli/", "rich": "cli/"}
LONGEST_FILE = 400


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def room(path):
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return ROOMS.get(first, first)


def modules(node):
    """Full names of the modules that one import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports inside the package are written in full"
        if node.module == "safelight":
            return [f"safelight.{alias.name}" for alias in node.names]
        return [node.module]
    return []


def imports(path):
    return {module for node in ast.walk(tree(path)) for module in modules(node)}


def imports_at_once(path):
    """What importing the file itself imports: neither inside functions nor for type checkers."""
    found, waiting = set(), list(tree(path).body)
    while waiting:
        node = waiting.pop()
        found.update(modules(node))
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += ast.iter_child_nodes(node)
    return found


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_module_imports_only_from_its_own_room_and_from_lower_layers(path):
    here = room(path)
    assert here in LAYERS, f"{here} has no layer; give it one in this test and in the design"
    for module in imports(path):
        parts = module.split(".")
        if parts[0] != "safelight" or len(parts) == 1 or parts[1] in ("errors", "__version__"):
            continue
        there = ROOMS.get(parts[1], parts[1])
        if here == "__init__" and len(parts) == 2 and there not in LAYERS:
            continue
        same, lower = there == here, LAYERS[there] < LAYERS[here]
        assert same or lower, f"{path.name} (layer {LAYERS[here]}) imports {module} (layer {LAYERS[there]})"


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_test_oracles_and_unwanted_libraries_are_never_imported(path):
    outside = {module.split(".")[0] for module in imports(path)}
    assert not outside & (ORACLES | NEVER)


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_the_hub_and_the_terminal_have_one_place_each(path):
    outside = {module.split(".")[0] for module in imports(path)}
    where = str(path.relative_to(PACKAGE))
    for library, place in ONLY_IN.items():
        assert library not in outside or where.startswith(place), f"{library} belongs to {place}"


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_file_begins_by_saying_what_it_is_and_ends_before_it_is_too_long(path):
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "no module docstring"
    assert text.count("\n") <= LONGEST_FILE, f"more than {LONGEST_FILE} lines"


def test_the_networks_and_the_mathematics_need_nothing_but_torch():
    allowed = {"torch", "safelight", "numpy", "tokenizers", "ftfy"} | sys.stdlib_module_names
    for path in FILES:
        if room(path) in ("models", "diffusion"):
            assert {module.split(".")[0] for module in imports(path)} <= allowed, path


def test_scenes_are_drawn_with_numpy_and_pillow_alone():
    allowed = {"numpy", "PIL", "safelight"} | sys.stdlib_module_names
    for path in FILES:
        if room(path) == "scenes":
            assert {module.split(".")[0] for module in imports(path)} <= allowed, path


def test_importing_recipes_errors_and_the_command_line_imports_nothing_heavy():
    heavy = {"torch", "numpy", "PIL", "tokenizers", "safetensors", "huggingface_hub"}
    for path in FILES:
        if room(path) in ("recipe", "errors", "cli", "__init__", "__main__"):
            outside = {module.split(".")[0] for module in imports_at_once(path)}
            assert not outside & heavy, f"{path}: {outside & heavy}"
    code = (
        "import sys, safelight, safelight.cli.app; "
        "print([m for m in ('torch', 'numpy', 'PIL', 'pydantic', 'rich') if m in sys.modules]); "
        "import safelight.recipe; print([m for m in ('torch', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["[]", "[]"], done.stdout + done.stderr


def test_sampler_and_schedule_names_are_the_same_everywhere():
    from safelight.cli.app import app
    from safelight.diffusion.samplers import SAMPLERS
    from safelight.diffusion.schedule import NoiseSchedule, ScheduleConfig
    from safelight.recipe import SAMPLERS as NAMED
    from safelight.recipe import SCHEDULES

    assert tuple(SAMPLERS) == NAMED
    assert all(sampler.name == name for name, sampler in SAMPLERS.items())
    for name in SCHEDULES:
        assert len(NoiseSchedule(ScheduleConfig()).steps(name, 7)) == 8
    helps = options(app, "generate")
    assert all(name in helps["sampler"] for name in NAMED)
    assert all(name in helps["schedule"] for name in SCHEDULES)


def test_samplers_have_the_schedule_and_the_eta_that_recipes_say_they_have():
    from safelight.diffusion.samplers import SAMPLERS
    from safelight.recipe import USUAL_ETA, USUAL_SCHEDULE

    assert {name: sampler.schedule for name, sampler in SAMPLERS.items()} == USUAL_SCHEDULE
    assert {name: sampler.eta for name, sampler in SAMPLERS.items() if sampler.eta is not None} == USUAL_ETA


def test_the_options_of_generate_are_the_fields_of_a_recipe():
    from safelight.cli.app import app
    from safelight.recipe import Recipe

    about_making = {"output", "count", "dtype", "device", "exact", "recipe", "as_json", "quiet"}
    about_making |= {"style", "styles", "wildcards", "template"}
    not_to_be_chosen = {"model_hash", "autoguidance_hash", "behaviour"}
    assert set(options(app, "generate")) - about_making == set(Recipe.model_fields) - not_to_be_chosen


def test_the_public_names_are_those_that_can_be_imported():
    import safelight

    assert safelight.__all__ == sorted(safelight.__all__)
    for name in safelight.__all__:
        assert getattr(safelight, name) is not None
    assert not hasattr(safelight, "no_such_name")


def options(app, name):
    """The options and arguments of a command, with their help."""
    import typer

    command = typer.main.get_command(app).commands[name]
    return {parameter.name: parameter.help for parameter in command.params}
