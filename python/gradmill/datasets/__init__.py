"""Data sets that examples and tests train on."""

from gradmill.datasets import fashion_mnist, mnist

__all__ = ["fashion_mnist", "mnist"]
