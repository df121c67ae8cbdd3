"""The world of the bundled model: a grammar of scenes, captions for them, and a renderer that knows the truth.

Numpy and Pillow only. Reading order: grammar.py (which scenes there are), words.py (what they are called), captions.py
(how they are told), render.py (the main path of a picture), then down the passes it calls: layout, shapes, canvas,
subjects/, environments/, extras, light, weather, palettes, media/, grades, defects.
"""
