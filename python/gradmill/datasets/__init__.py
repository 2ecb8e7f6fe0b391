"""Data sets that examples and tests train on."""

from gradmill.datasets import (
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    fashion_mnist,
    imdb,
    mnist,
    oxford_pets,
    reuters,
    reviews,
    shapes,
)

__all__ = [
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "fashion_mnist",
    "imdb",
    "mnist",
    "oxford_pets",
    "reuters",
    "reviews",
    "shapes",
]
