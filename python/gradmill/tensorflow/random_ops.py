"""`tf.random`: draws by global and by own seeds."""

from __future__ import annotations

from typing import Any, Optional, Sequence

import numpy as np

from gradmill import ops, random
from gradmill.errors import ArgumentError
from gradmill.tensorflow.dtype_names import as_dtype

# A draw with a seed of its own has a stream of its own, which set_seed starts again.
_streams: dict[int, random.SeedGenerator] = {}


def set_seed(seed: int) -> None:
    """`tf.random.set_seed`: start all streams of random numbers again."""
    random.set_seed(seed)
    _streams.clear()


class _FixedSeed(int):
    """A seed of which each draw is the first."""


def stream(seed: Any) -> Any:
    """Return the generator of an op's own seed; None, generators and `fixed_seed`s as they are."""
    if seed is None or isinstance(seed, (random.SeedGenerator, _FixedSeed)):
        return seed
    if int(seed) not in _streams:
        _streams[int(seed)] = random.SeedGenerator(int(seed))
    return _streams[int(seed)]


def fixed_seed(seed: Sequence[int]) -> int:
    """Return the seed of two numbers as one, which decides alone."""
    high, low = (int(each) % 2**31 for each in np.asarray(seed))
    return _FixedSeed(high * 2**31 + low)


def _sizes(shape: Any) -> list[int]:
    return [int(size) for size in np.atleast_1d(np.asarray(shape, dtype="int64"))]


def _uniform(shape: Any, minval: Any, maxval: Any, dtype: Any, stream: Any) -> Any:
    top = 1.0 if maxval is None else maxval
    return random.uniform(_sizes(shape), minval, top, as_dtype(dtype), stream)


def uniform(
    shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Any:
    """`tf.random.uniform`: draws from [minval, maxval); integers for an integer dtype."""
    return _uniform(shape, minval, maxval, dtype, stream(seed))


def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Any:
    """`tf.random.normal`: draws from the normal distribution."""
    return random.normal(_sizes(shape), mean, stddev, as_dtype(dtype), stream(seed))


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Any:
    """`tf.random.truncated_normal`: the same without draws beyond two deviations."""
    return random.truncated_normal(_sizes(shape), mean, stddev, as_dtype(dtype), stream(seed))


def shuffle(value: Any, seed: Any = None, name: Any = None) -> Any:
    """`tf.random.shuffle`: the entries along the first axis in random order."""
    return random.shuffle(value, 0, stream(seed))


def categorical(logits: Any, num_samples: int, dtype: Any = None, seed: Any = None, name: Any = None) -> Any:
    """`tf.random.categorical`: classes drawn with the probabilities softmax(logits)."""
    return random.categorical(logits, int(num_samples), as_dtype("int64" if dtype is None else dtype), stream(seed))


def stateless_uniform(
    shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", name: Any = None
) -> Any:
    """`tf.random.stateless_uniform`: draws that follow from the seed, two numbers, alone."""
    return _uniform(shape, minval, maxval, dtype, fixed_seed(seed))


def stateless_normal(
    shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", name: Any = None
) -> Any:
    """`tf.random.stateless_normal`: draws that follow from the seed, two numbers, alone."""
    return random.normal(_sizes(shape), mean, stddev, as_dtype(dtype), fixed_seed(seed))


def split(seed: Sequence[int], num: int = 2, alg: Any = None) -> Any:
    """`tf.random.split`: seeds of two numbers each, (num, 2), that follow from one."""
    return random.randint((int(num), 2), -(2**31), 2**31 - 1, "int32", fixed_seed(seed))


def fold_in(seed: Sequence[int], data: int, alg: Any = None) -> Any:
    """`tf.random.fold_in`: a seed of two numbers that follows from one and a number."""
    high, low = (int(each) for each in np.asarray(seed))
    return split((high ^ int(data), low), 1)[0]


class Generator:
    """`tf.random.Generator`: a stream of random numbers of its own.

    Args:
        seed: where the stream begins; None takes one from the operating system.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> tf.random.Generator.from_seed(1).normal([2, 3]).shape
        (2, 3)
    """

    def __init__(self, seed: Optional[int] = None):
        self._stream = random.SeedGenerator(seed)

    @classmethod
    def from_seed(cls, seed: int, alg: Any = None) -> Generator:
        """Return a generator that begins at `seed`."""
        return cls(int(seed))

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """Return a generator that begins anywhere."""
        return cls()

    def uniform(self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", name: Any = None) -> Any:
        """Draw from [minval, maxval)."""
        return _uniform(shape, minval, maxval, dtype, self._stream)

    def normal(self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", name: Any = None) -> Any:
        """Draw from the normal distribution."""
        return random.normal(_sizes(shape), mean, stddev, as_dtype(dtype), self._stream)

    def truncated_normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", name: Any = None
    ) -> Any:
        """Draw from the normal distribution without its ends beyond two deviations."""
        return random.truncated_normal(_sizes(shape), mean, stddev, as_dtype(dtype), self._stream)

    def make_seeds(self, count: int = 1) -> Any:
        """Return seeds for stateless functions, one in each column: (2, count)."""
        return ops.cast(random.randint((2, int(count)), -(2**31), 2**31 - 1, "int32", self._stream), "int64")


_global: dict[str, Generator] = {}


def get_global_generator() -> Generator:
    """`tf.random.get_global_generator`: the generator that scripts share."""
    return _global.setdefault("generator", Generator(random.global_seed_generator().seed))


def gamma(shape: Any, alpha: Any, beta: Any = 1.0, dtype: Any = "float32", seed: Any = None, name: Any = None) -> Any:
    """`tf.random.gamma`: `shape` draws from each gamma distribution; outside of compiled functions."""
    each = np.broadcast_shapes(np.shape(alpha), np.shape(beta))
    return ops.divide(random.gamma((*_sizes(shape), *each), alpha, as_dtype(dtype), stream(seed)), beta)


def log_uniform_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: Any = None, name: Any = None
) -> tuple:
    """`tf.random.log_uniform_candidate_sampler`: classes by Zipf's law, outside of compiled functions.

    Class k comes with probability log((k + 2) / (k + 1)) / log(range_max + 1).

    Returns:
        (classes (num_sampled,) int64, how often each of `true_classes` is expected, how often each drawn one is).
    """
    if unique and num_sampled > range_max:
        raise ArgumentError(
            f"tf.random.log_uniform_candidate_sampler: num_sampled must be at most range_max={range_max} where classes "
            f"are unique; received {num_sampled}"
        )
    drawn: list[int] = []
    tries = 0
    while len(drawn) < num_sampled:
        uniform_numbers = random.uniform((num_sampled,), seed=stream(seed)).numpy().astype(np.float64)
        for each in np.minimum(np.expm1(uniform_numbers * np.log1p(range_max)), range_max - 1).astype(np.int64):
            if len(drawn) < num_sampled:
                tries += 1
                if not unique or each not in drawn:
                    drawn.append(int(each))

    def expected(classes: Any) -> Any:
        classes = np.asarray(classes, np.float64)
        share = np.log((classes + 2) / (classes + 1)) / np.log1p(range_max)
        count = -np.expm1(tries * np.log1p(-share)) if unique else share * num_sampled
        return ops.convert_to_tensor(count, "float32")

    return ops.convert_to_tensor(np.array(drawn, np.int64)), expected(true_classes), expected(drawn)


RANDOM: dict[str, Any] = {each.__name__: each for each in (
    Generator, categorical, fold_in, gamma, get_global_generator, log_uniform_candidate_sampler, normal, set_seed,
    shuffle, split, stateless_normal, stateless_uniform, truncated_normal, uniform,
)}  # fmt: skip
EXPERIMENTAL: dict[str, Any] = {
    "Generator": Generator, "get_global_generator": get_global_generator, "stateless_fold_in": fold_in,
    "stateless_split": split,
}  # fmt: skip
