"""What runs in the process of one cell and one engine.

These modules run in the interpreter of the engine that they measure, which may have no GradMill: so they import each
other and NumPy, and the engine where it is used. `start.py` is the program.
"""
