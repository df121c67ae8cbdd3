"""The networks of Stable Diffusion v1, and nothing else: they know no schedule, no sampler and no file."""
