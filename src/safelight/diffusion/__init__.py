"""The mathematics of diffusion: it knows no network, no file and no picture, only tensors and a callable that denoises.

Read schedule.py, denoiser.py, samplers/, guidance/, noise.py, objective.py, in this order.
"""
