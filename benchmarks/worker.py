"""One side of a comparison, in a process of its own: one network of ours, or the same one of diffusers or transformers.

It is started by `networks.py`, answers each line of standard input with one line of JSON, and keeps standard output for
that alone:

    warm N      call the network N times, answer the seconds of the last
    run N       call it N times, answer the measurement
    answer      4,096 numbers of what the network answers, to hold against the other side's
    end         answer the peak of resident memory, and stop

Both sides get the same weights: random, drawn in the order of the table of names. The network is built in its final
dtype, so that the peak is that of running it and not of converting it.
"""

import json
import os
import resource
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from load import measure


@dataclass(frozen=True)
class Job:
    """What one worker shall do; both sides get the same but for `side`."""

    side: str  # "ours" | "theirs"
    network: str  # "unet" | "vae" | "text"
    dtype: str
    size: int  # side of the latent square
    layout: str  # "contiguous" | "channels_last"
    threads: int
    tiny: bool


def main() -> None:
    """Read the job from the command line, build, then serve the commands on standard input."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the libraries print is not ours to parse
    warnings.simplefilter("ignore")

    def say(**fields: object) -> None:
        print(json.dumps(fields), file=answers, flush=True)

    job = Job(**json.loads(sys.argv[1]))
    import torch

    torch.set_num_threads(job.threads)
    call, parameters, imported = build(job)
    say(parameters=parameters, imported=imported)
    with torch.inference_mode():
        for line in sys.stdin:
            command, *count = line.split()
            calls = int(count[0]) if count else 1
            if command == "warm":
                seconds = [measure(call).seconds for _ in range(calls)]
                say(seconds=seconds[-1])
            elif command == "run":
                say(**measure(call, calls).record())
            elif command == "answer":
                answer = call().flatten()
                say(numbers=answer[:: max(1, len(answer) // 4096)].float().tolist())
            elif command == "end":
                say(peak=peak())
                return


def peak() -> int:
    """The largest resident memory of this process so far, in bytes."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes if sys.platform == "darwin" else kilobytes * 1024


def build(job: Job) -> tuple[Callable, int, int]:
    """Return a call of the network on fixed inputs, its number of parameters, and the memory its imports took."""
    import torch
    from sides import INPUTS, OURS, THEIRS, configs

    config, names = configs(job.network, job.tiny)
    make = (OURS if job.side == "ours" else THEIRS)[job.network]
    dtype = getattr(torch, job.dtype)
    imported = peak()
    torch.set_default_dtype(dtype)
    module, run = make(config)
    torch.set_default_dtype(torch.float32)
    module.eval().requires_grad_(False)

    # transformers has called the same tensors "text_model.x" and "x".
    tensors = dict(module.named_parameters())
    tensors |= {f"text_model.{name}": tensor for name, tensor in tensors.items()}
    generator = torch.Generator().manual_seed(0)
    for name in names:
        tensor = tensors[name.ours if job.side == "ours" else name.diffusers]
        if tensor.ndim > 1:
            bound = tensor[0].numel() ** -0.5
            tensor.uniform_(-bound, bound, generator=generator)
        else:
            tensor.fill_(1.0 if name.ours.endswith("weight") else 0.0)

    inputs = [x.to(dtype) if x.is_floating_point() and x.ndim > 1 else x for x in INPUTS[job.network](config, job.size)]
    if job.layout == "channels_last":
        module.to(memory_format=torch.channels_last)
        inputs = [x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x for x in inputs]
    return lambda: run(*inputs), sum(x.numel() for x in module.parameters()), imported


if __name__ == "__main__":
    main()
