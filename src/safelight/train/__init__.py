"""How the bundled model was made: data, one loop, and the methods that learn in it.

Read `bundled` for the story, `loop` for how anything here is trained, `text_to_image` for the diffusion model itself.
"""
