"""All of guidance for one picture: `build` puts the functions of the package into one another, and asks no more."""

import pytest
import torch

from oracles import Mixture, relative
from safelight.diffusion.denoiser import Denoiser
from safelight.diffusion.guidance import (
    Branch,
    Guidance,
    Momentum,
    apg,
    autoguidance,
    between,
    build,
    classifier_free,
    composed,
    dynamic_threshold,
    perp_neg,
    perturbed_attention,
    progress,
    regional,
    rescaled,
)
from safelight.diffusion.samplers.asking import drive
from safelight.diffusion.samplers.guided import euler_cfgpp
from safelight.diffusion.samplers.one_step import euler
from safelight.diffusion.schedule import NoiseSchedule
from safelight.errors import RecipeError

SIGMAS = torch.tensor([8.0, 4.0, 2.0, 1.0, 0.0], dtype=torch.float64)
ALONG = progress(SIGMAS)


def context(value):
    return torch.full((1, 7, 4), float(value), dtype=torch.float64)


P, P2, N, EMPTY = (Branch(context(value)) for value in (0.8, -0.3, -0.5, 0.1))


def latent(seed=1, sigma=2.0):
    x = torch.randn((1, 4, 6, 8), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return x * (1 + sigma**2) ** 0.5


class Asked:
    """A denoiser whose prompts differ in shape, not in a constant alone; it counts calls and the rows of each."""

    def __init__(self, mixture=None):
        plain = (mixture or Mixture()).network(NoiseSchedule())
        self.rows = []
        self.denoise = Denoiser(
            lambda z, t, c: plain(z * (1 + c.mean(dim=(1, 2))[:, None, None, None]), t, c), NoiseSchedule()
        )

    def __call__(self, x, sigma, context):
        self.rows.append(len(x))
        return self.denoise(x, sigma, context)

    def of(self, branch):
        return lambda x, sigma: self.denoise(x, sigma, branch.context)


def built(guidance, asked, positive=(P,), negative=(N,), **others):
    return build(guidance, asked, lambda p: positive, lambda p: negative, ALONG, **others)


MAIN, PERTURBED, WEAK = Asked(), Asked(Mixture((-0.4, 0.3, 0.9))), Asked(Mixture((0.3, 0.6, -1.5), (0.4, 0.2, 0.9)))
p, p2, n, e = (MAIN.of(branch) for branch in (P, P2, N, EMPTY))


@pytest.mark.parametrize("scale", [0.0, 1.0, 3.0, 7.5])
@pytest.mark.parametrize("rescale", [0.0, 0.7])
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_where_only_a_scale_is_wanted_it_is_classifier_free_guidance_bit_for_bit(scale, rescale, prediction):
    x, asked, direct = latent(), Asked(), Asked()
    guidance = Guidance(scale, rescale, prediction=prediction)
    expected = classifier_free(direct, P.context, N.context, scale, rescale, prediction)(x, 2.0)
    found = built(guidance, asked)
    assert guidance.plain
    assert torch.equal(found(x, 2.0), expected)
    assert asked.rows == direct.rows
    guided, unguided = found.both(x, 2.0)
    assert torch.equal(guided, expected)
    assert torch.equal(unguided, n(x, 2.0))
    assert asked.rows[1:] == [2]


NEUTRAL = {
    "an interval of all": {"interval": (0.0, 1000.0)},
    "a level curve": {"curve": "0:1, 1:1"},
    "APG that keeps all": {"apg_eta": 1.0},
    "APG of zero momentum and much room": {"apg_eta": 1.0, "apg_norm": 1e9, "apg_momentum": 0.0},
}


@pytest.mark.parametrize("name", NEUTRAL)
@pytest.mark.parametrize("rescale", [0.0, 0.7])
def test_at_neutral_settings_it_is_classifier_free_guidance_bit_for_bit(name, rescale):
    x, asked = latent(), Asked()
    guidance = Guidance(7.5, rescale, **NEUTRAL[name])
    assert not guidance.plain
    assert torch.equal(
        built(guidance, asked)(x, 2.0), classifier_free(MAIN, P.context, N.context, 7.5, rescale)(x, 2.0)
    )
    assert asked.rows == [2]


def test_perp_neg_of_the_empty_prompt_is_classifier_free_guidance():
    x, asked = latent(), Asked()
    found = built(Guidance(7.5, perp_neg=True), asked, negative=(EMPTY,), empty=EMPTY.context)
    assert torch.equal(found(x, 2.0), classifier_free(MAIN, P.context, EMPTY.context, 7.5)(x, 2.0))


HALF = torch.linspace(0, 1, 8, dtype=torch.float64).expand(1, 1, 6, 8)


def test_all_together_is_the_functions_put_into_one_another():
    x = latent()
    guidance = Guidance(7.5, 0.6, (0.5, 6.0), "linear", 0.95, 0.2, 4.0, -0.5, 2.5, 1.2, True)
    positive, momentum = (P, Branch(P2.context, 0.4), Branch(P2.context, 0.8, HALF)), Momentum(-0.5)
    found = built(
        guidance, MAIN, positive, (N, Branch(P2.context, 0.5)), empty=EMPTY.context, perturbed=PERTURBED, weak=WEAK
    )

    def prompt(network):
        base = composed([(network.of(P), 1.0), (network.of(P2), 0.4)], network.of(EMPTY))
        return regional(base, [(network.of(P2), 0.8 * HALF)])

    for s in (4.0, 2.0, 1.0):  # momentum remembers the steps before
        scale, plain = 1 + 6.5 * 2 * ALONG(s), prompt(MAIN)
        expected = apg(perp_neg(plain, [(n, 1.0), (p2, 0.5)], e), e, scale, 0.2, 4.0, momentum)
        expected = perturbed_attention(expected, plain, prompt(PERTURBED), 2.5)
        expected = autoguidance(expected, plain, prompt(WEAK), 1.2)
        expected = dynamic_threshold(rescaled(expected, plain, 0.6), plain, 0.95)
        assert relative(found(x, s), expected(x, s)) < 1e-12
    assert torch.equal(found(x, 8.0), prompt(MAIN)(x, 8.0)), "outside of the interval the prompts alone answer"
    assert torch.equal(found(x, 0.5), prompt(MAIN)(x, 0.5))


@pytest.mark.parametrize(
    ("guidance", "others", "rows"),
    [
        (Guidance(7.5), {}, [2]),
        (Guidance(1.0), {}, [1]),
        (Guidance(7.5, interval=(3.0, 9.0)), {}, [1]),
        (Guidance(7.5, curve="0:0"), {}, [1]),
        (Guidance(1.0, apg_eta=0.0, dynamic_threshold=0.9), {}, [1]),
        (Guidance(7.5, perp_neg=True), {"empty": EMPTY.context}, [3]),
        (Guidance(7.5), {"positive": (P, P2)}, [3]),
        (Guidance(1.0), {"positive": (P, Branch(P2.context, 1.0, HALF))}, [2]),
        (Guidance(1.0), {"positive": (P, P2)}, [3]),
        (Guidance(7.5), {"negative": (N, P2)}, [3]),
        (Guidance(7.5, 0.7, dynamic_threshold=0.9, apg_eta=0.3), {}, [2]),
    ],
    ids=str,
)
def test_a_question_is_one_network_call_of_no_more_rows_than_are_needed(guidance, others, rows):
    asked = Asked()
    built(guidance, asked, **others)(latent(), 2.0)
    assert asked.rows == rows


def test_the_worse_networks_are_asked_for_the_prompt_alone():
    asked, perturbed, weak = Asked(), Asked(), Asked()
    found = built(Guidance(7.5, pag_scale=3.0, autoguidance_scale=1.0), asked, perturbed=perturbed, weak=weak)
    found(latent(), 2.0)
    assert (asked.rows, perturbed.rows, weak.rows) == ([2], [1], [1])


def test_prompts_that_change_on_the_way_are_those_of_the_moment():
    asked = []

    def positive(share):
        asked.append(share)
        return (P,) if share < 0.5 else (P2,)

    found = build(Guidance(7.5), MAIN, positive, lambda share: (N,), ALONG)
    x = latent()
    for sigma, branch in ((8.0, P), (4.0, P), (2.0, P2), (1.0, P2)):
        assert torch.equal(found(x, sigma), classifier_free(MAIN, branch.context, N.context, 7.5)(x, sigma))
    assert asked == [0, 0.25, 0.5, 0.75]


def test_samplers_that_ask_for_both_answers_are_answered():
    sigmas, x = NoiseSchedule().steps("karras", 8), 14.6 * latent(sigma=0)
    found = build(Guidance(0.6), MAIN, lambda share: (P,), lambda share: (N,), progress(sigmas))
    done = drive(euler_cfgpp(x, sigmas), found, found.both)
    by_hand = x
    for s, s_next in zip(sigmas.tolist(), sigmas.tolist()[1:], strict=False):
        d = between(p, n, 0.6)(by_hand, s)
        by_hand = d + s_next * (by_hand - n(by_hand, s)) / s
    assert relative(done, by_hand) < 1e-12
    plain = drive(euler(x, sigmas), found)
    assert relative(plain, done) > 1e-3


def test_both_start_from_the_empty_prompt_where_perp_neg_does():
    x = latent()
    found = built(Guidance(3.0, interval=(3.0, 9.0), perp_neg=True), MAIN, empty=EMPTY.context)
    for sigma in (2.0, 4.0):
        assert torch.equal(found.both(x, sigma)[1], e(x, sigma))


@pytest.mark.parametrize(
    ("guidance", "named"),
    [
        (Guidance(perp_neg=True), "empty"),
        (Guidance(pag_scale=1.0), "perturbed"),
        (Guidance(autoguidance_scale=1.0), "weak"),
    ],
)
def test_what_is_wanted_and_not_given_is_an_error_that_names_it(guidance, named):
    with pytest.raises(ValueError, match=named):
        built(guidance, MAIN)


def test_prompts_that_are_all_regions_are_an_error():
    with pytest.raises(ValueError, match="in the whole picture"):
        built(Guidance(7.5), MAIN, (Branch(P.context, 1.0, HALF),))(latent(), 2.0)


def test_an_unknown_curve_is_refused_before_anything_is_asked():
    with pytest.raises(RecipeError, match="cosine"):
        built(Guidance(7.5, curve="cosin"), MAIN)


def test_pictures_do_not_share_their_momentum():
    x = latent()
    guidance = Guidance(7.5, apg_eta=0.0, apg_momentum=-0.5)
    first, second = built(guidance, MAIN), built(guidance, MAIN)
    once = first(x, 4.0)
    assert not torch.equal(first(x, 4.0), once)
    assert torch.equal(second(x, 4.0), once)
