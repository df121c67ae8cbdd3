"""Changes to the networks that come in small files: LoRA and its kin, textual-inversion words, hypernetworks.

    with attach(read(path), unet, text, scale=0.8):
        ...                                             the networks are the base's again, bit for bit, afterwards

Read lora.py, factors.py, lora_names.py, then embedding.py and hypernetwork.py.
"""
