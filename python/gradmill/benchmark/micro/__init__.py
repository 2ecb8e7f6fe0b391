"""Small measurements, each a command of `gradmill` and a script of `examples/`.

A module of this package is one measurement or two of a kind; a `Micro` says what it is called and how it runs.
"""
