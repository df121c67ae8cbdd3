"""Pictures that other programs made: what they wrote into the file, as a recipe and a list of what it cannot say.

    read({"prompt": '{"3": {"class_type": "KSampler", ...}}'}) -> Foreign("ComfyUI", {...}, [...], [...])

`../metadata.py` finds the texts in PNG, JPEG and WebP and calls `read`. Read `parts.py` first, then one of the readers.
"""

from collections.abc import Mapping

from safelight.errors import RecipeError
from safelight.foreign import a1111, comfyui, invokeai, novelai, sdcpp
from safelight.foreign.parts import Foreign

__all__ = ["KEYS", "Foreign", "read"]

KEYS = (
    "invokeai_metadata", "sd-metadata", "parameters", "prompt", "Comment", "Software", "Description", "Source",
    "workflow", "invokeai_workflow", "invokeai_graph", "Dream",
)  # fmt: skip
"""The names of the texts that are looked for."""
_BESIDE = {
    "invokeai_metadata": "InvokeAI's settings", "sd-metadata": "InvokeAI's older settings",
    "parameters": "AUTOMATIC1111's text", "prompt": "ComfyUI's graph",
}  # fmt: skip


def read(texts: Mapping[str, str]) -> Foreign | None:
    """Read the texts of a picture, by name; None where no program is known by them. The list of its losses is whole.

    Raises RecipeError, in one line, where a program is known but its text is damaged.
    """
    key, found = _first(texts)
    if found is None:
        return None
    others = [f"{said}: not read, because {_BESIDE.get(key, key)} says the same" for said in _others(texts, key)]
    return Foreign(found.program, found.fields, found.carried, [*found.not_carried, *others])


def _first(texts: Mapping[str, str]) -> tuple[str, Foreign | None]:
    for key in ("invokeai_metadata", "sd-metadata"):
        if key in texts:
            return key, invokeai.read(texts[key])
    if novelai.is_ours(texts):
        return "Comment", novelai.read(texts)
    if "parameters" in texts:
        read_text = sdcpp.read if sdcpp.is_ours(texts["parameters"]) else a1111.read
        return "parameters", read_text(texts["parameters"])
    if "prompt" in texts:
        return "prompt", comfyui.read(texts["prompt"])
    if "workflow" in texts:
        raise RecipeError("it holds ComfyUI's workflow alone, which is how a graph looks and not what was run")
    if "Dream" in texts:
        raise RecipeError("it holds InvokeAI's command line of version 1 alone, which is not read; copy its options")
    return "", None


def _others(texts: Mapping[str, str], key: str) -> list[str]:
    return [said for name, said in _BESIDE.items() if name != key and name in texts]
