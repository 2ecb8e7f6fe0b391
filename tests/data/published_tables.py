"""Small files like those of Keras's data sets of words and of houses, and the calls that load them."""

import numpy as np

CALLS = {
    "imdb": [
        {},
        {"num_words": 40},
        {"num_words": 30, "skip_top": 8, "oov_char": None},
        {"start_char": None, "maxlen": 12, "seed": 5},
        {"start_char": None, "index_from": 0, "num_words": 20, "oov_char": 99},
    ],
    "reuters": [
        {},
        {"num_words": 25, "test_split": 0.5},
        {"start_char": None, "index_from": 2, "maxlen": 10, "seed": 7},
        {"skip_top": 6, "oov_char": None, "start_char": 3},
    ],
    "boston_housing": [{}, {"test_split": 0.31, "seed": 2}],
    "california_housing": [{}, {"version": "small", "test_split": 0.5}],
}


def texts(count: int, seed: int) -> np.ndarray:
    """Lists of 1 to 19 words, up to a number that takes four bytes."""
    generator = np.random.default_rng(seed)
    made = np.empty(count, object)
    made[:] = [[int(each) for each in generator.integers(1, 50, generator.integers(1, 20))] for _ in range(count)]
    made[0] = [*made[0], 300, 70000]
    return made


def write_files(folder) -> None:
    """Write one `.npz` for each data set into a folder."""
    generator = np.random.default_rng(9)
    train, test, wires = texts(30, 0), texts(20, 1), texts(40, 2)
    labels = {"y_train": generator.integers(0, 2, 30), "y_test": generator.integers(0, 2, 20)}
    np.savez(folder / "imdb.npz", x_train=train, x_test=test, **labels)
    np.savez(folder / "reuters.npz", x=wires, y=generator.integers(0, 46, 40))
    np.savez(folder / "boston_housing.npz", x=generator.normal(size=(23, 13)), y=generator.normal(size=23))
    np.savez(folder / "california_housing.npz", x=generator.normal(size=(700, 8)), y=generator.normal(size=700))


def plain(loaded) -> list:
    """What `load_data` returned, as lists."""
    return [[np.asarray(x).tolist(), np.asarray(y).tolist()] for x, y in loaded]
