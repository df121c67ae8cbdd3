import pytest
import torch
from torch import nn

from safelight.errors import NumericalError
from safelight.finite import Finite


class Overflowing(nn.Module):
    """Multiplies by a number that float16 still holds; the product may not fit."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(1000.0))

    def forward(self, x):
        return x * self.factor


def run(network, x):
    return network(x)


def test_rows_that_overflow_in_half_precision_are_asked_again_in_float32():
    network = Finite("UNet", Overflowing().half())
    with torch.inference_mode():
        answer, rescued = network.ask(run, torch.tensor([[1.0], [100.0]]))
    assert answer.tolist() == [[1000.0], [100_000.0]]
    assert answer.dtype == torch.float32
    assert rescued.tolist() == [False, True]


def test_the_network_itself_stays_as_it_was():
    network = Finite("UNet", Overflowing().half())
    with torch.inference_mode():
        network.ask(run, torch.tensor([[100.0]]))
    assert network.dtype == torch.float16


def test_what_float32_cannot_save_is_an_error_that_names_the_network():
    for kind in (torch.float16, torch.float32):
        network = Finite("autoencoder", Overflowing().to(kind))
        with torch.inference_mode(), pytest.raises(NumericalError, match="the autoencoder answered with NaN"):
            network.ask(run, torch.tensor([[float("nan")]]))


def test_time_steps_and_token_ids_are_not_rounded():
    seen = []
    network = Finite("UNet", Overflowing().bfloat16())
    with torch.inference_mode():
        network.ask(lambda n, x, t, ids: (seen.extend([x, t, ids]), x)[1], *inputs())
    assert [x.dtype for x in seen] == [torch.bfloat16, torch.float32, torch.int64]
    assert seen[1].tolist() == [981.0, 1.5]


def inputs():
    return torch.ones(2, 3), torch.tensor([981.0, 1.5]), torch.tensor([[1], [2]])
