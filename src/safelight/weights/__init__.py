"""Files and modules: names of tensors, formats of checkpoints, where models live, and the one door to the hub."""
