import warnings

import pytest
import torch

from oracles import Mixture, relative
from safelight.diffusion.denoiser import Denoiser
from safelight.diffusion.guidance import classifier_free
from safelight.diffusion.schedule import NoiseSchedule, ScheduleConfig

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the oracle says on import is its own
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg

V1 = NoiseSchedule()
V = NoiseSchedule(ScheduleConfig(prediction="v_prediction"))
SIGMAS = torch.tensor([0.4, 2.0, 9.0], dtype=torch.float64)
POSITIVE = torch.linspace(0.2, 1.0, 3, dtype=torch.float64)[:, None, None].expand(3, 7, 4)
NEGATIVE = -0.5 * POSITIVE


def latents():
    x = torch.randn((3, 4, 6, 6), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return x * (1 + SIGMAS[:, None, None, None] ** 2) ** 0.5


def network(schedule):
    """A network whose two branches differ in shape, not in a constant alone."""
    plain = Mixture().network(schedule)
    return lambda z, t, context: plain(z * (1 + context.mean(dim=(1, 2))[:, None, None, None]), t, context)


def as_diffusers(schedule, scale, rescale, x):
    """Guidance on the network's own output, as in diffusers' pipeline, then the step to the denoised latent."""
    z, t = x / (1 + SIGMAS[:, None, None, None] ** 2) ** 0.5, schedule.t(SIGMAS)
    ask = network(schedule)
    negative, positive = ask(z, t, NEGATIVE), ask(z, t, POSITIVE)
    answer = negative + scale * (positive - negative)
    if rescale:
        answer = rescale_noise_cfg(answer, positive, rescale)
    return Denoiser(lambda *_: answer, schedule)(x, SIGMAS, POSITIVE)


@pytest.mark.parametrize("schedule", [V1, V], ids=["epsilon", "v"])
@pytest.mark.parametrize("scale", [0.0, 0.5, 1.5, 7.5])
@pytest.mark.parametrize("rescale", [0.0, 0.3, 0.7, 1.0])
def test_guidance_and_rescale_are_those_of_diffusers(schedule, scale, rescale):
    prediction, x = schedule.config.prediction, latents()
    guided = classifier_free(Denoiser(network(schedule), schedule), POSITIVE, NEGATIVE, scale, rescale, prediction)
    assert relative(guided(x, SIGMAS), as_diffusers(schedule, scale, rescale, x)) < 1e-10


def test_what_is_rescaled_is_the_output_and_not_the_denoised_latent():
    x, denoiser = latents(), Denoiser(network(V1), V1)
    found = classifier_free(denoiser, POSITIVE, NEGATIVE, 7.5, 1.0)(x, SIGMAS)
    d_pos, d_cfg = denoiser(x, SIGMAS, POSITIVE), classifier_free(denoiser, POSITIVE, NEGATIVE, 7.5)(x, SIGMAS)

    def std(y):
        return y.std(dim=(1, 2, 3))

    assert relative(std(x - found), std(x - d_pos)) < 1e-12
    assert relative(std(x - d_cfg), std(x - d_pos)) > 0.1
    assert (std(found) / std(d_pos) - 1).abs().max() > 1e-3


def test_at_scale_one_only_the_positive_branch_is_asked_and_only_once():
    asked = []

    def denoise(x, sigma, context):
        asked.append((len(x), context))
        return x

    x = latents()
    for scale in (1, 1.0, torch.ones(3)):
        classifier_free(denoise, POSITIVE, NEGATIVE, scale, 0.7)(x, SIGMAS)
    assert [rows for rows, _ in asked] == [3, 3, 3]
    assert all(context is POSITIVE for _, context in asked)
    classifier_free(denoise, POSITIVE, NEGATIVE, 2.0)(x, SIGMAS)
    assert [rows for rows, _ in asked[3:]] == [6]


def test_rows_with_wishes_of_their_own_are_the_rows_alone():
    x, denoiser = latents(), Denoiser(network(V1), V1)
    scales, rescales = [7.5, 1.0, 3.0], [0.7, 0.5, 0.0]
    together = classifier_free(denoiser, POSITIVE, NEGATIVE, torch.tensor(scales), torch.tensor(rescales))(x, SIGMAS)
    for i in range(3):
        one = slice(i, i + 1)
        rescale = float(torch.tensor(rescales)[i])
        alone = classifier_free(denoiser, POSITIVE[one], NEGATIVE[one], scales[i], rescale)
        assert torch.equal(together[one], alone(x[one], float(SIGMAS[i])))


def test_a_row_of_scale_one_is_its_positive_branch_to_the_last_bit_whatever_its_rescale():
    generator = torch.Generator().manual_seed(2)
    x = 9 * torch.randn((3, 4, 6, 6), generator=generator)
    branches = {context: torch.randn((3, 4, 6, 6), generator=generator) for context in ("negative", "positive")}

    def denoise(x, sigma, context):
        return torch.cat(list(branches.values()))  # in the order in which the doubled call asks

    scales, rescales = torch.tensor([7.5, 1.0, 1.0]), torch.tensor([0.7, 0.7, 1.0])
    for prediction in ("epsilon", "v_prediction"):
        guided = classifier_free(denoise, POSITIVE.float(), NEGATIVE.float(), scales, rescales, prediction)
        found = guided(x, SIGMAS)
        assert torch.equal(found[1:], branches["positive"][1:])
        assert not torch.equal(found[0], branches["positive"][0])


def test_guidance_is_affine_in_the_scale():
    x, denoiser = latents(), Denoiser(network(V1), V1)
    zero, one, two = (classifier_free(denoiser, POSITIVE, NEGATIVE, s)(x, SIGMAS) for s in (0.0, 1.0, 2.0))
    assert relative(zero, denoiser(x, SIGMAS, NEGATIVE)) < 1e-12
    assert relative(two - one, one - zero) < 1e-10


def test_float32_stays_float32():
    denoiser = Denoiser(network(V1), V1)
    guided = classifier_free(denoiser, POSITIVE.float(), NEGATIVE.float(), 7.5, 0.5)
    assert guided(latents().float(), SIGMAS).dtype == torch.float32
