"""Recipes for property tests: any that can be a picture."""

from hypothesis import strategies as st

from safelight.errors import SafelightError
from safelight.recipe import SAMPLERS, SCHEDULES, USUAL_ETA, Recipe

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
        prompt_syntax=draw(st.sampled_from(["plain", "weighted"])),
        model=draw(st.sampled_from(["bundled", "CompVis/stable-diffusion-v1-4", "/a, b: c/märchen.safetensors"])),
        model_hash=draw(optional(st.text("0123456789abcdef", min_size=64, max_size=64))),
    )


def outcome(read, *args):
    """Call a reader: (what it gives, None), or (None, the line in which it refuses)."""
    try:
        return read(*args), None
    except SafelightError as error:
        return None, str(error)
