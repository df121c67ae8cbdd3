"""Each kind of guidance: what it is at its neutral setting, what it is on Gaussians, what diffusers makes of it."""

import itertools
import math
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Mixture, relative
from safelight.diffusion.guidance import (
    CURVES,
    Momentum,
    apg,
    autoguidance,
    between,
    both,
    composed,
    curve,
    curved,
    dynamic_threshold,
    interval,
    mean,
    perp_neg,
    perturbed_attention,
    progress,
    regional,
    rescaled,
    together,
)
from safelight.diffusion.samplers.asking import drive
from safelight.diffusion.samplers.multistep import dpmpp_2m
from safelight.diffusion.schedule import NoiseSchedule
from safelight.errors import RecipeError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the oracle says on import is its own
    from diffusers import DDIMScheduler
    from diffusers.guiders import AutoGuidance, PerturbedAttentionGuidance
    from diffusers.guiders.adaptive_projected_guidance import MomentumBuffer, normalized_guidance

SCALES = st.floats(0, 20)
SEEDS = st.integers(0, 10**6)


def latent(seed=1, rows=2, sigma=2.0):
    x = torch.randn((rows, 4, 6, 8), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return x * (1 + sigma**2) ** 0.5


def fixed(seed, rows=2):
    """A denoiser that answers with the same random numbers whatever it is asked."""
    answer = latent(seed, rows, 0.0)
    return lambda x, sigma: answer


def gaussian(mu, tau=0.5):
    """The denoiser of data that is one Gaussian: D = mu + tau^2 / (tau^2 + sigma^2) * (x - mu)."""
    return lambda x, sigma: mu + tau**2 / (tau**2 + sigma**2) * (x - mu)


def never(x, sigma):
    raise AssertionError("this denoiser has no say and should not be asked")


POSITIVE, NEGATIVE, OTHER = Mixture(), Mixture((-0.5, 0.1, 1.0)), Mixture((0.3, 0.6, -1.5), (0.4, 0.2, 0.9))


# What all of them have in common.


@settings(max_examples=25)
@given(scale=SCALES, sigma=st.floats(0.03, 14))
def test_each_is_classifier_free_guidance_at_its_neutral_setting(scale, sigma):
    x = latent(sigma=sigma)
    plain = between(POSITIVE, NEGATIVE, scale)
    neutral = {
        "interval": interval(plain, POSITIVE, 0, 1000),
        "curve": curved(lambda s: between(POSITIVE, NEGATIVE, s), scale, curve("constant")),
        "points": curved(lambda s: between(POSITIVE, NEGATIVE, s), scale, curve("0:1, 1:1")),
        "apg": apg(POSITIVE, NEGATIVE, scale, eta=1, norm=0, momentum=Momentum(0)),
        "perturbed": perturbed_attention(plain, POSITIVE, never, 0),
        "autoguidance": autoguidance(plain, POSITIVE, never, 0),
        "perp_neg": between(perp_neg(POSITIVE, [(NEGATIVE, 1)], NEGATIVE), NEGATIVE, scale),
        "perp_neg without weight": between(perp_neg(POSITIVE, [(OTHER, 0)], NEGATIVE), NEGATIVE, scale),
        "composed": between(composed([(POSITIVE, 1)], never), NEGATIVE, scale),
        "composed with nothing": between(composed([(POSITIVE, 1), (never, 0)], NEGATIVE), NEGATIVE, scale),
        "regional": between(regional(POSITIVE, []), NEGATIVE, scale),
        "rescaled": rescaled(plain, never, 0),
    }
    expected = plain(x, sigma)
    for name, guided in neutral.items():
        assert torch.equal(guided(x, sigma), expected), name


@given(seed=SEEDS)
def test_at_scale_one_the_answer_is_that_to_the_prompt_and_nothing_is_thresholded_or_rescaled(seed):
    x, positive = latent(), fixed(seed)
    for guided in (
        between(positive, never, 1.0),
        apg(positive, fixed(seed + 1), 1.0, eta=0.0, norm=0.1, momentum=Momentum(-0.5)),
        dynamic_threshold(between(positive, never, 1), positive, 0.9),
        rescaled(between(positive, never, 1), positive, 0.7),
    ):
        assert torch.equal(guided(x, 1.0), positive(x, 1.0))


def kinds(row):
    """Every kind, at a setting that does something, on one row or on all (None) of fixed answers."""

    def answer(seed):
        whole = fixed(seed, 3)
        return whole if row is None else lambda x, sigma: whole(x, sigma)[row : row + 1]

    p, n, o = answer(1), answer(2), answer(3)
    plain, half = between(p, n, 7.5), torch.linspace(0, 1, 8, dtype=torch.float64).expand(1, 1, 6, 8)
    return {
        "rescaled": rescaled(plain, p, 0.7),
        "threshold": dynamic_threshold(plain, p, 0.9),
        "apg": apg(p, n, 7.5, 0.3, 5.0, Momentum(-0.5)),
        "worse": autoguidance(plain, p, o, 2.0),
        "perp_neg": perp_neg(p, [(n, 0.8)], o),
        "composed": composed([(p, 0.5), (o, 0.7)], n),
        "regional": regional(p, [(o, half)]),
        "mean": mean([(p, 1.0), (o, 3.0)]),
    }


@pytest.mark.parametrize("kind", kinds(0))
def test_rows_never_see_each_other(kind):
    x = latent(rows=3)
    together = kinds(None)[kind](x, 2.0)
    for row in range(3):
        assert torch.equal(kinds(row)[kind](x[row : row + 1], 2.0), together[row : row + 1])


@pytest.mark.parametrize("kind", kinds(0))
def test_float32_stays_float32(kind):
    x = latent(rows=3).float()
    make = {
        "rescaled": lambda p, n, o: rescaled(between(p, n, 3.0), p, 0.7),
        "threshold": lambda p, n, o: dynamic_threshold(between(p, n, 3.0), p),
        "apg": lambda p, n, o: apg(p, n, 3.0, 0.3, 1.0, Momentum(-0.5)),
        "worse": lambda p, n, o: perturbed_attention(p, p, o, 2.0),
        "perp_neg": lambda p, n, o: perp_neg(p, [(n, 0.8)], o),
        "composed": lambda p, n, o: composed([(p, 0.5), (o, 0.7)], n),
        "regional": lambda p, n, o: regional(p, [(o, torch.ones(1, 1, 6, 8, dtype=torch.float64) / 2)]),
        "mean": lambda p, n, o: mean([(p, 1.0), (o, 3.0)]),
    }[kind]
    assert make(POSITIVE, NEGATIVE, OTHER)(x, torch.tensor(2.0)).dtype == torch.float32


# together and both


def test_a_question_to_several_prompts_is_one_call_and_is_asked_once():
    calls = []

    def denoise(x, sigma, context):
        calls.append((len(x), sigma.tolist(), len(context)))
        return x + context.mean(dim=(1, 2))[:, None, None, None]

    contexts = [torch.full((2, 7, 3), value, dtype=torch.float64) for value in (1.0, 2.0, 3.0)]
    x, (first, second, third) = latent(), together(denoise, contexts)
    assert torch.equal(second(x, 2.0), x + 2)
    assert torch.equal(first(x, 2.0), x + 1)
    assert torch.equal(third(x, torch.tensor([2.0, 2.0])), x + 3)
    assert calls == [(6, [2.0] * 6, 6)]
    first(x, 1.0)
    first(x.clone(), 1.0)
    assert len(calls) == 3
    (alone,) = together(denoise, contexts[:1])
    assert torch.equal(alone(x, 1.0), x + 1)
    assert calls[-1][0] == 2


def test_both_answers_differ_at_scale_one_too():
    x = latent()
    guided, unguided = both(between(POSITIVE, NEGATIVE, 1.0), NEGATIVE)(x, 2.0)
    assert torch.equal(guided, POSITIVE(x, 2.0))
    assert torch.equal(unguided, NEGATIVE(x, 2.0))
    assert not torch.equal(guided, unguided)


# interval and curve


def test_outside_of_the_interval_only_the_prompt_is_asked():
    x = latent()
    within = interval(never, POSITIVE, 0.28, 5.42)
    for sigma in (0.01, 0.28, 5.43, 14.0):
        assert torch.equal(within(x, sigma), POSITIVE(x, sigma))
    within = interval(NEGATIVE, never, 0.28, 5.42)
    for sigma in (0.281, 2.0, 5.42):
        assert torch.equal(within(x, sigma), NEGATIVE(x, sigma))


def test_rows_inside_and_outside_of_the_interval_are_told_apart():
    x, sigmas = latent(), torch.tensor([1.0, 9.0], dtype=torch.float64)
    found = interval(NEGATIVE, POSITIVE, 0.5, 5.0)(x, sigmas)
    assert torch.equal(found, torch.cat([NEGATIVE(x[:1], sigmas[:1]), POSITIVE(x[1:], sigmas[1:])]))


@pytest.mark.parametrize(("low", "high"), [(2, 1), (1, 1), (-1, 3), (math.nan, 3)])
def test_an_interval_that_holds_nothing_is_an_error(low, high):
    with pytest.raises(ValueError, match="lower sigma to a higher"):
        interval(POSITIVE, POSITIVE, low, high)


@pytest.mark.parametrize("name", CURVES)
def test_a_curve_by_name_has_a_mean_of_one_and_is_never_negative(name):
    values = [curve(name)((i + 0.5) / 10_000) for i in range(10_000)]
    assert sum(values) / len(values) == pytest.approx(1, abs=1e-6)
    assert min(values) >= 0
    assert values == sorted(values)


def test_a_curve_through_points_is_straight_between_and_level_beyond():
    through = curve("0.25:0.5, 0.5:2, 1:0")
    assert [through(p) for p in (0, 0.25, 0.375, 0.5, 0.75, 1)] == [0.5, 0.5, 1.25, 2, 1, 0]
    assert curve("0.5:3")(0) == curve("0.5:3")(1) == 3


@pytest.mark.parametrize(
    "text", ["linaer", "", "0:1,0:2", "0.5:1, 0.2:1", "0:1, 2:1", "0:nan", "0:1:2", "a:b", "0:1,,"]
)
def test_what_is_no_curve_is_refused_in_one_line(text):
    with pytest.raises(RecipeError) as error:
        curve(text)
    assert "\n" not in str(error.value)
    assert "0:1, 0.5:2, 1:0" in str(error.value)


def test_an_unknown_curve_names_the_one_that_was_meant():
    with pytest.raises(RecipeError, match="Did you mean 'linear'"):
        curve("linaer")


@given(st.lists(st.integers(1, 5000), min_size=2, max_size=12, unique=True))
def test_progress_is_the_share_of_rungs_passed(hundredths):
    rungs = sorted((value / 100 for value in hundredths), reverse=True)
    along = progress(torch.tensor([*rungs, 0.0], dtype=torch.float64))
    assert [along(s) for s in rungs] == pytest.approx([i / len(rungs) for i in range(len(rungs))], abs=1e-12)
    assert along(0.0) == 1
    assert along(2 * rungs[0]) == 0
    for a, b in itertools.pairwise([*rungs, 0.0]):
        assert along((a + b) / 2) == pytest.approx((along(a) + along(b)) / 2)


def test_a_curved_scale_bends_what_is_added_to_the_prompt():
    x, along = latent(), progress(torch.tensor([8.0, 4.0, 2.0, 1.0, 0.0], dtype=torch.float64))
    guided = curved(lambda s: between(POSITIVE, NEGATIVE, s), 7.5, lambda sigma: curve("linear")(along(sigma)))
    assert torch.equal(guided(x, 8.0), POSITIVE(x, 8.0))
    assert torch.equal(guided(x, 2.0), between(POSITIVE, NEGATIVE, 7.5)(x, 2.0))
    assert torch.equal(guided(x, 1.0), between(POSITIVE, NEGATIVE, 1 + 1.5 * 6.5)(x, 1.0))
    with pytest.raises(ValueError, match="one picture at a time"):
        guided(x, torch.tensor([2.0, 1.0]))


# rescale


@settings(max_examples=40)
@given(seed=SEEDS, share=st.floats(0.01, 1), scale=st.floats(1.5, 20))
def test_rescaling_fully_gives_the_output_the_strength_of_the_prompts(seed, share, scale):
    x, p = latent(), fixed(seed)
    plain = between(p, fixed(seed + 1), scale)
    full = rescaled(plain, p, 1.0)(x, 1.0)
    assert relative((x - full).std(dim=(1, 2, 3)), (x - p(x, 1.0)).std(dim=(1, 2, 3))) < 1e-12
    part = rescaled(plain, p, share)(x, 1.0)
    assert relative(part, share * full + (1 - share) * plain(x, 1.0)) < 1e-10


# dynamic thresholding


@settings(max_examples=40)
@given(seed=SEEDS, scale=st.floats(1, 30), percentile=st.floats(0, 1))
def test_a_thresholded_answer_is_in_the_range_of_the_prompts(seed, scale, percentile):
    x, p = latent(), fixed(seed)
    found = dynamic_threshold(between(p, fixed(seed + 1), scale), p, percentile)(x, 1.0)
    plain = between(p, fixed(seed + 1), scale)(x, 1.0)
    centre = plain.mean(dim=(2, 3), keepdim=True)
    m = (p(x, 1.0) - p(x, 1.0).mean(dim=(2, 3), keepdim=True)).abs().amax(dim=(2, 3), keepdim=True)
    assert ((found - centre).abs() <= m * (1 + 1e-12)).all()
    quiet = ((plain - centre).abs() <= m).all(dim=(2, 3))
    assert torch.equal(found[quiet], plain[quiet])


@pytest.mark.parametrize("percentile", [0.6, 0.9, 0.995, 1.0])
def test_on_one_channel_around_zero_the_threshold_is_that_of_diffusers(percentile):
    d = 3 * torch.randn((4, 1, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    d = d - d.mean(dim=(2, 3), keepdim=True)
    unit = torch.ones_like(d)
    unit[..., ::2] = -1
    theirs = DDIMScheduler(thresholding=True, dynamic_thresholding_ratio=percentile, sample_max_value=1e9)
    found = dynamic_threshold(lambda x, sigma: d, lambda x, sigma: unit, percentile)(d, 1.0)
    assert relative(found, theirs._threshold_sample(d)) < 1e-12
    assert relative(found, d) > 0.1


def test_a_flat_answer_is_thresholded_to_itself():
    flat = torch.full((1, 4, 4, 4), 0.7, dtype=torch.float64)
    assert torch.equal(dynamic_threshold(lambda x, s: flat, lambda x, s: flat, 0.9)(flat, 1.0), flat)
    with pytest.raises(ValueError, match="from 0 to 1"):
        dynamic_threshold(POSITIVE, POSITIVE, 99.5)


# APG


@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("norm", [0.0, 3.0, 1e6])
@pytest.mark.parametrize("beta", [0.0, -0.5, 0.8])
def test_projected_guidance_is_that_of_diffusers_over_several_steps(eta, norm, beta):
    scale, x = 7.5, latent()
    buffer, momentum = MomentumBuffer(beta), Momentum(beta)
    for seed in (1, 3, 5):
        p, n = fixed(seed), fixed(seed + 1)
        ours = apg(p, n, scale, eta, norm, momentum)(x, 1.0)
        theirs = normalized_guidance(p(x, 1), n(x, 1), scale - 1, buffer, eta, norm, use_original_formulation=True)
        assert relative(ours, theirs) < 1e-12


@given(seed=SEEDS, scale=st.floats(1.1, 20), eta=st.floats(0, 1), norm=st.floats(0.1, 50))
def test_of_what_projected_guidance_adds_the_share_eta_is_along_the_answer_and_it_is_no_longer_than_allowed(
    seed, scale, eta, norm
):
    x, p, n = latent(rows=1), fixed(seed, 1), fixed(seed + 1, 1)
    d_pos = p(x, 1)
    delta = (d_pos - n(x, 1)).flatten()
    added = (apg(p, n, scale, eta, norm)(x, 1) - d_pos).flatten() / (scale - 1)
    assert added.norm() <= norm * (1 + 1e-9)
    shrink, unit = min(1, norm / delta.norm()), d_pos.flatten() / d_pos.norm()
    assert float(added @ unit) == pytest.approx(float(eta * shrink * (delta @ unit)), abs=1e-9)


# a worse network


def test_perturbed_attention_and_autoguidance_are_those_of_diffusers():
    x, p, n, worse = latent(), POSITIVE, NEGATIVE, OTHER
    pred, unguided, other = p(x, 2.0), n(x, 2.0), worse(x, 2.0)
    theirs = PerturbedAttentionGuidance(
        guidance_scale=7.5,
        perturbed_guidance_scale=3.0,
        perturbed_guidance_start=0.0,
        perturbed_guidance_stop=1.0,
        perturbed_guidance_layers=[1],
    )
    theirs.set_state(5, 10, torch.tensor(500))
    ours = perturbed_attention(between(p, n, 7.5), p, worse, 3.0)(x, 2.0)
    assert relative(ours, theirs.forward(pred, unguided, other).pred) < 1e-12
    alone = AutoGuidance(guidance_scale=2.5, auto_guidance_layers=[1], dropout=0.5)
    alone.set_state(5, 10, torch.tensor(500))
    assert relative(autoguidance(p, p, worse, 1.5)(x, 2.0), alone.forward(pred, other).pred) < 1e-12


@given(w=st.floats(0, 3), sigma=st.floats(0.05, 10), narrow=st.floats(0.2, 0.6), wide=st.floats(0.7, 2))
def test_autoguidance_by_a_wider_gaussian_samples_a_narrower_one(w, sigma, narrow, wide):
    """p1^(1 + w) / p0^w, smoothed by sigma, has the sum of precisions; the denoiser follows from its score."""
    x, mu = latent(), 0.7
    found = autoguidance(gaussian(mu, narrow), gaussian(mu, narrow), gaussian(mu, wide), w)(x, sigma)
    precision = (1 + w) / (narrow**2 + sigma**2) - w / (wide**2 + sigma**2)
    assert precision >= 1 / (narrow**2 + sigma**2) * (1 - 1e-12)
    assert relative(found, x - sigma**2 * precision * (x - mu)) < 1e-9


# Perp-Neg


@given(seed=SEEDS, weight=st.floats(-2, 2), share=st.floats(-3, 3))
def test_a_negative_that_says_what_the_prompt_says_takes_nothing_away(seed, weight, share):
    x, p, e = latent(), fixed(seed), fixed(seed + 1)

    def same_way(x, sigma):
        return e(x, sigma) + share * (p(x, sigma) - e(x, sigma))

    assert relative(perp_neg(p, [(same_way, weight)], e)(x, 1.0), p(x, 1.0)) < 1e-12


@settings(max_examples=40)
@given(seed=SEEDS, weights=st.lists(st.floats(-2, 2), min_size=1, max_size=3))
def test_what_a_negative_takes_away_lies_across_the_prompt(seed, weights):
    x, p, e = latent(), fixed(seed), fixed(seed + 1)
    negatives = [(fixed(seed + 2 + i), weight) for i, weight in enumerate(weights)]
    towards = (p(x, 1.0) - e(x, 1.0)).flatten(1)
    away = (p(x, 1.0) - perp_neg(p, negatives, e)(x, 1.0)).flatten(1)
    assert ((towards * away).sum(1).abs() <= 1e-9 * towards.norm(dim=1) * (1 + away.norm(dim=1))).all()
    expected = torch.zeros_like(away)
    for negative, weight in negatives:
        delta = (negative(x, 1.0) - e(x, 1.0)).flatten(1)
        expected += weight * (delta - (delta * towards).sum(1, True) / towards.square().sum(1, True) * towards)
    assert relative(away, expected) < 1e-9 or expected.abs().max() < 1e-9


def test_a_prompt_that_is_the_empty_one_is_freed_without_dividing_by_nothing():
    x = latent()
    assert torch.equal(perp_neg(POSITIVE, [(POSITIVE, 1.0)], POSITIVE)(x, 2.0), POSITIVE(x, 2.0))
    assert perp_neg(POSITIVE, [(NEGATIVE, 1.0)], POSITIVE)(x, 2.0).isfinite().all()


# composition and regions


@given(sigma=st.floats(0.05, 14), w=st.lists(st.floats(-1, 2), min_size=1, max_size=4))
def test_a_conjunction_of_gaussians_is_a_gaussian_at_the_sum_of_their_shifts(sigma, w):
    x, start = latent(), 0.3
    means = [1.5, -0.8, 0.1, 2.2][: len(w)]
    found = composed([(gaussian(mu), weight) for mu, weight in zip(means, w, strict=True)], gaussian(start))(x, sigma)
    there = start + sum(weight * (mu - start) for mu, weight in zip(means, w, strict=True))
    assert relative(found, gaussian(there)(x, sigma)) < 1e-9


@settings(max_examples=40)
@given(weight=st.floats(0, 1), scale=SCALES)
def test_a_conjunction_of_a_prompt_with_itself_is_the_prompt(weight, scale):
    x = latent()
    split = composed([(POSITIVE, weight), (POSITIVE, 1 - weight)], NEGATIVE)
    assert relative(between(split, NEGATIVE, scale)(x, 2.0), between(POSITIVE, NEGATIVE, scale)(x, 2.0)) < 1e-9


def halves():
    left = torch.zeros(1, 1, 6, 8, dtype=torch.float64)
    left[..., :4] = 1
    return left, 1 - left


def end(x, sigma, mu, tau):
    """Where the probability flow of one Gaussian leads from x at sigma."""
    return mu + tau / (tau**2 + sigma**2) ** 0.5 * (x - mu)


def test_each_region_is_sampled_from_its_own_prompt():
    left, right = halves()
    sigmas = NoiseSchedule().steps("karras", 60)
    x = float(sigmas[0]) * latent(sigma=0)
    done = drive(
        dpmpp_2m(x, sigmas), regional(never_used(), [(gaussian(2.0, 0.3), left), (gaussian(-1.0, 0.6), right)])
    )
    for mask, mu, tau in ((left, 2.0, 0.3), (right, -1.0, 0.6)):
        exact = end(x, float(sigmas[0]), mu, tau)
        assert relative(mask * done, mask * exact) < 2e-3


def never_used():
    """A base prompt that regions cover entirely: its answer is multiplied by 0."""
    return lambda x, sigma: torch.full_like(x, 1e6)


def test_what_no_region_holds_is_the_base_prompts_and_overlaps_are_shared():
    x, (left, _) = latent(), halves()
    middle = torch.zeros_like(left)
    middle[..., 2:6] = 1
    found = regional(POSITIVE, [(NEGATIVE, left), (OTHER, middle)])(x, 2.0)
    p, n, o = (d(x, 2.0) for d in (POSITIVE, NEGATIVE, OTHER))
    assert torch.equal(found[..., 6:], p[..., 6:])
    assert torch.equal(found[..., :2], n[..., :2])
    assert relative(found[..., 2:4], ((n + o) / 2)[..., 2:4]) < 1e-12
    assert torch.equal(found[..., 4:6], o[..., 4:6])
    weak = regional(POSITIVE, [(NEGATIVE, 0.25 * left)])(x, 2.0)
    assert relative(weak[..., :4], (0.75 * p + 0.25 * n)[..., :4]) < 1e-12


def test_several_negatives_count_by_their_weights():
    x = latent()
    assert mean([(POSITIVE, 0.2)]) is POSITIVE
    found = mean([(POSITIVE, 1.0), (NEGATIVE, 3.0)])(x, 2.0)
    assert relative(found, 0.25 * POSITIVE(x, 2.0) + 0.75 * NEGATIVE(x, 2.0)) < 1e-12
    with pytest.raises(ValueError, match="sum to 0"):
        mean([(POSITIVE, 1.0), (NEGATIVE, -1.0)])


# A whole way, guided, on Gaussians: where the closed form says that it ends.


@pytest.mark.parametrize("scale", [1.0, 2.0, 4.0])
def test_guided_sampling_ends_at_the_gaussian_that_guidance_points_to(scale):
    sigmas = NoiseSchedule().steps("karras", 60)
    x = float(sigmas[0]) * latent(sigma=0)
    done = drive(dpmpp_2m(x, sigmas), between(gaussian(0.5, 0.4), gaussian(0.1, 0.4), scale))
    assert relative(done, end(x, float(sigmas[0]), 0.1 + scale * 0.4, 0.4)) < 2e-3
