"""Data sets that examples and tests train on."""

from gradmill.datasets import cifar10, fashion_mnist, mnist, oxford_pets, reviews, shapes

__all__ = ["cifar10", "fashion_mnist", "mnist", "oxford_pets", "reviews", "shapes"]
