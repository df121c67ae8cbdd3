"""The world of the bundled model: a grammar of scenes, captions for them, and a renderer that knows the truth.

Numpy and Pillow only. Reading order: grammar.py (which scenes there are), words.py (what they are called), render.py
(the main path of a picture), then down the passes it calls: shapes, canvas, subjects/, environments, light, media,
defects.
"""
