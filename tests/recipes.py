"""Recipes for property tests: any that can be a picture."""

from hypothesis import strategies as st

from safelight.errors import SafelightError
from safelight.names import SYNTAXES, WEIGHTINGS
from safelight.recipe import (
    SAMPLERS,
    SCHEDULES,
    USUAL_ETA,
    ControlUse,
    FileUse,
    ImagePromptUse,
    LoraUse,
    Recipe,
    Region,
    ScaledUse,
)

# Whatever can be typed, and the words that other programs' formats give a meaning to.
awkward = [
    "a red car",
    "(x:1.2)",
    "Negative prompt: rain",
    "\nNegative prompt:",
    "\nSteps: 20, Seed: 1, Size: 8x8",
    ", ",
]
awkward += ["\r\n", "\0", "</safelight:made>", "&amp;", '"', "\\", "\ufeff", "\uffff", "😀", "e\u0301", "\u202e"]
prompts = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(awkward), max_size=12).map("".join),
)
sizes = st.integers(8, 256).map(lambda n: 8 * n)


def reals(high):
    return st.floats(0, high, allow_nan=False)


def optional(strategy):
    return st.none() | strategy


names = st.sampled_from(["paint.safetensors", "/a, b: c/märchen.pt", "style"])
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
scales = st.floats(-100, 100, allow_nan=False)
files = st.builds(FileUse, file=names, sha256=optional(hashes))
corners = st.tuples(st.floats(0, 0.4), st.floats(0, 0.4), st.floats(0.5, 1), st.floats(0.5, 1))


def few(strategy):
    return st.lists(strategy, max_size=2).map(tuple)


extras = st.fixed_dictionaries(
    {},
    optional={
        "prompt_weighting": st.sampled_from(WEIGHTINGS),
        "strict_prompt": st.booleans(),
        "regions": few(
            st.builds(Region, prompt=prompts, box=corners, weight=reals(10))
            | st.builds(Region, prompt=prompts, mask=files)
        ),
        "guidance_interval": st.tuples(reals(1), st.floats(2, 1000)),
        "guidance_curve": st.sampled_from(["constant", "cosine", "0:1, 0.5:2, 1:0.25"]),
        "dynamic_threshold": st.floats(0.001, 1),
        "apg_eta": reals(1),
        "pag_scale": reals(100),
        "freeu": st.tuples(*[reals(10)] * 4),
        "perp_neg": st.booleans(),
        "loras": few(
            st.builds(LoraUse, file=names, sha256=optional(hashes), scale=scales, text_scale=optional(scales))
        ),
        "embeddings": few(files),
        "hypernetworks": few(st.builds(ScaledUse, file=names, sha256=optional(hashes), scale=scales)),
        "vae": optional(files),
        "controls": few(
            st.builds(
                ControlUse, file=names, sha256=optional(hashes), image=files, strength=reals(10),
                start=reals(0.4), end=st.floats(0.5, 1), prepare=st.sampled_from(["none", "canny"]),
            )
        ),
        "image_prompts": few(
            st.builds(ImagePromptUse, file=names, sha256=optional(hashes), image=files, scale=scales)
        ),
    },
)  # fmt: skip


@st.composite
def recipes(draw):
    sampler = draw(optional(st.sampled_from(SAMPLERS)))
    eta = optional(reals(1)) if sampler in (None, *USUAL_ETA) else st.none()
    return Recipe(
        prompt=draw(prompts),
        negative_prompt=draw(prompts),
        seed=draw(st.integers(0, 2**64 - 1)),
        width=draw(optional(sizes)),
        height=draw(optional(sizes)),
        steps=draw(optional(st.integers(1, 1000))),
        guidance_scale=draw(optional(reals(100))),
        guidance_rescale=draw(reals(1)),
        sampler=sampler,
        schedule=draw(optional(st.sampled_from(SCHEDULES))),
        eta=draw(eta),
        clip_skip=draw(st.integers(1, 12)),
        rng=draw(st.sampled_from(["torch", "philox"])),
        prompt_syntax=draw(st.sampled_from(SYNTAXES)),
        model=draw(st.sampled_from(["bundled", "CompVis/stable-diffusion-v1-4", "/a, b: c/märchen.safetensors"])),
        model_hash=draw(optional(hashes)),
        **draw(extras),
    )


def outcome(read, *args):
    """Call a reader: (what it gives, None), or (None, the line in which it refuses)."""
    try:
        return read(*args), None
    except SafelightError as error:
        return None, str(error)
