"""ComfyUI: the PNG text `prompt` (the graph that was run, as JSON); `workflow` is only how the graph looks.

    SaveImage <- VAEDecode <- KSampler <- EmptyLatentImage, two CLIPTextEncode <- LoraLoader <- CheckpointLoaderSimple

The graph is walked backwards from the picture. What the default graph holds becomes a recipe; every other node that was
run is named with a reason. A graph may be any shape, so each walk remembers where it was and ends.
"""

from collections.abc import Iterator, Mapping

from safelight.checks import show
from safelight.errors import RecipeError
from safelight.foreign.parts import Foreign, Gathering, json_of

__all__ = ["read"]

Node = Mapping[str, object]
_ENDS = ("SaveImage", "PreviewImage", "SaveImageWebsocket")
_SAMPLERS = ("KSampler", "KSamplerAdvanced")
_LATENTS = ("EmptyLatentImage",)
_QUIET = {*_ENDS, "VAEDecode", "VAEDecodeTiled", "PrimitiveNode", "Note", "Reroute"}
_TEXTS = ("text", "string", "value", "prompt", "STRING")
_NUMBERS = ("value", "seed", "noise_seed", "int", "float", "number", "INT", "FLOAT")
_NAMES = {"uni_pc_bh2": "unipc"}
_WHY = {
    "LatentUpscale": "Safelight draws at one size; there is no second pass",
    "LatentUpscaleBy": "Safelight draws at one size; there is no second pass",
    "ImageUpscaleWithModel": "Safelight does not enlarge pictures",
    "UpscaleModelLoader": "Safelight does not enlarge pictures",
    "ControlNetApply": "its picture is not in the file; use --control",
    "ControlNetApplyAdvanced": "its picture is not in the file; use --control",
    "ControlNetLoader": "its picture is not in the file; use --control",
    "LoadImage": "the picture is not in the file",
    "VAEEncode": "there is no picture to start from in a recipe",
    "ConditioningCombine": "only its first prompt was taken; see AND in prompts",
    "ConditioningConcat": "only its first prompt was taken; see BREAK in prompts",
    "ConditioningAverage": "only its first prompt was taken; see blends in prompts",
    "ConditioningSetArea": "use --region",
    "FreeU": "use --freeu",
    "FreeU_V2": "use --freeu",
}


class _Graph:
    """The nodes by name, and which of them were understood."""

    def __init__(self, found: Mapping[str, object]) -> None:
        self.nodes: dict[str, Node] = {
            name: node
            for name, node in found.items()
            if isinstance(node, dict) and isinstance(node.get("inputs"), dict)
        }
        self.used: set[str] = set()

    def kind(self, name: str | None) -> str:
        kind = self.nodes[name].get("class_type") if name is not None else None
        return kind if isinstance(kind, str) else ""

    def get(self, name: str, key: str) -> object:
        inputs = self.nodes[name]["inputs"]
        return inputs.get(key) if isinstance(inputs, dict) else None

    def link(self, name: str, key: str) -> str | None:
        """The node that input `key` of a node comes from; None for a value, or a link to nowhere."""
        value = self.get(name, key)
        if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int):
            target = str(value[0])
            return target if target in self.nodes else None
        return None

    def value(self, name: str, key: str, names: tuple[str, ...] = _NUMBERS) -> object:
        """A value of a node, looked for in the nodes that it comes from where it is a link."""
        for _ in range(16):
            value = self.get(name, key)
            if not isinstance(value, list):
                return value
            target = self.link(name, key)
            if target is None:
                return None
            self.used.add(target)
            following = next((k for k in names if self.get(target, k) is not None), None)
            if following is None:
                return None
            name, key = target, following
        return None

    def back(self, name: str, *keys: str) -> Iterator[str]:
        """Walk from a node along the first of these inputs that is a link, telling each node once."""
        seen: set[str] = set()
        here: str | None = name
        while here is not None and here not in seen:
            seen.add(here)
            yield here
            here = next((target for key in keys if (target := self.link(here, key)) is not None), None)


def read(text: str) -> Foreign:
    """Read ComfyUI's `prompt`; raises RecipeError if it is no graph, or has no KSampler."""
    graph = _Graph(json_of(text, "ComfyUI's graph"))
    sampler = _sampler(graph)
    if sampler is None:
        kinds = sorted({kind for name in graph.nodes if (kind := graph.kind(name)[:40])})[:8]
        raise RecipeError(
            f"ComfyUI's graph has no KSampler that leads to a picture; it has {', '.join(kinds) or 'no nodes'}"
        )
    gathered = Gathering("ComfyUI")
    graph.used.add(sampler)
    _sampling(graph, sampler, gathered)
    for key, field in (("positive", "prompt"), ("negative", "negative_prompt")):
        _words(graph, sampler, key, field, gathered)
    _size(graph, sampler, gathered)
    _model(graph, sampler, gathered)
    _decoder(graph, gathered)
    gathered.assume("prompt_syntax", "comfyui", "as ComfyUI reads brackets")
    gathered.assume("prompt_weighting", "comfy", "as ComfyUI weighs words")
    gathered.assume("rng", "torch", "ComfyUI draws noise on the CPU")
    if "sampler" in gathered.fields:
        gathered.assume("like", "comfyui", "the steps stand where ComfyUI puts them")
    for name in graph.nodes:
        kind = graph.kind(name)
        if name not in graph.used and kind not in _QUIET:
            what = "another sampler: Safelight draws in one pass" if kind in _SAMPLERS else ""
            gathered.lose(f"node {name[:20]} {show(kind)}", _WHY.get(kind, what or "a recipe has no such thing"))
    return gathered.done()


def _sampler(graph: _Graph) -> str | None:
    """The KSampler that begins from noise, of those that lead to the picture; else any."""
    ends = [name for name in graph.nodes if graph.kind(name) in _ENDS] or list(graph.nodes)
    for end in ends:
        path = graph.back(end, "images", "image", "pixels", "samples", "latent_image")
        if samplers := [name for name in path if graph.kind(name) in _SAMPLERS]:
            return samplers[-1]
    return next((name for name in graph.nodes if graph.kind(name) in _SAMPLERS), None)


def _sampling(graph: _Graph, name: str, gathered: Gathering) -> None:
    for theirs, ours in (("seed", "seed"), ("noise_seed", "seed"), ("steps", "steps"), ("cfg", "guidance_scale")):
        if graph.get(name, theirs) is not None:
            gathered.take(ours, graph.value(name, theirs), f"{graph.kind(name)} {theirs}")
    gathered.sampling(graph.value(name, "sampler_name"), graph.value(name, "scheduler"), _NAMES)
    if graph.value(name, "sampler_name") == "uni_pc":
        gathered.lose("sampler 'uni_pc'", "its first form of B(h) is drawn with the second")
    denoise = graph.value(name, "denoise")
    if denoise is not None and denoise != 1:
        gathered.lose(f"denoise {show(denoise)}", "a recipe begins from noise alone")
    whole = {"add_noise": "enable", "start_at_step": 0, "return_with_leftover_noise": "disable"}
    for key, usual in whole.items():
        if (said := graph.value(name, key)) not in (None, usual):
            gathered.lose(f"{key} {show(said)}", "a recipe takes all steps")
    last, steps = graph.value(name, "end_at_step"), gathered.fields.get("steps")
    if isinstance(last, int) and isinstance(steps, int) and last < steps:
        gathered.lose(f"end_at_step {last}", "a recipe takes all steps")


def _words(graph: _Graph, sampler: str, key: str, field: str, gathered: Gathering) -> None:
    """Walk to the text of one of the two conditionings."""
    start = graph.link(sampler, key)
    keys = ("conditioning", "conditioning_1", "conditioning_to", key)
    for name in graph.back(start, *keys) if start is not None else ():
        if graph.kind(name) != "CLIPTextEncode":
            continue
        text = graph.value(name, "text", _TEXTS)
        graph.used.add(name)
        if isinstance(text, str):
            gathered.take(field, text, f"CLIPTextEncode text ({key})")
        else:
            gathered.lose(f"{key} text of node {name[:20]}", "it comes from a node whose text is not in the file")
        for clip in graph.back(name, "clip"):
            layer = graph.value(clip, "stop_at_clip_layer") if graph.kind(clip) == "CLIPSetLastLayer" else None
            graph.used |= {clip} if layer is not None else set()
            if isinstance(layer, int) and field == "prompt":
                gathered.take("clip_skip", -layer, f"CLIPSetLastLayer {layer}")
        return
    gathered.lose(f"{key} of the sampler", "no CLIPTextEncode leads to it")


def _size(graph: _Graph, sampler: str, gathered: Gathering) -> None:
    latent = graph.link(sampler, "latent_image")
    if latent is None or graph.kind(latent) not in _LATENTS:
        gathered.lose("size", "the sampler does not begin from an EmptyLatentImage; the model's is taken")
        return
    graph.used.add(latent)
    for key in ("width", "height"):
        gathered.take(key, graph.value(latent, key), f"EmptyLatentImage {key}")
    count = graph.value(latent, "batch_size")
    if count not in (None, 1):
        gathered.lose(f"batch_size {show(count)}", "the noise of a batch is drawn at once; this is its first picture")


def _model(graph: _Graph, sampler: str, gathered: Gathering) -> None:
    """Walk from the sampler through LoRAs to the checkpoint."""
    start, loras = graph.link(sampler, "model"), []
    for name in graph.back(start, "model") if start is not None else ():
        kind = graph.kind(name)
        if kind in ("LoraLoader", "LoraLoaderModelOnly"):
            text = 0.0 if kind.endswith("Only") else graph.value(name, "strength_clip")
            scale = graph.value(name, "strength_model")
            loras.append({"file": graph.value(name, "lora_name"), "scale": scale, "text_scale": text})
        elif kind == "CheckpointLoaderSimple":
            gathered.take("model", graph.value(name, "ckpt_name"), "CheckpointLoaderSimple")
        else:
            continue
        graph.used.add(name)
    if loras:
        gathered.take("loras", loras[::-1], "LoraLoader")
    if "model" not in gathered.fields:
        gathered.lose("model", "no CheckpointLoaderSimple leads to the sampler; name one with --model")


def _decoder(graph: _Graph, gathered: Gathering) -> None:
    for name in graph.nodes:
        loader = graph.link(name, "vae") if graph.kind(name) == "VAEDecode" else None
        if loader is not None and graph.kind(loader) == "VAELoader" and loader not in graph.used:
            graph.used.add(loader)
            gathered.take("vae", {"file": graph.value(loader, "vae_name")}, "VAELoader")
