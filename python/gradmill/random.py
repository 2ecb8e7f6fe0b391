"""Random tensors, as `keras.random`: every draw is a pure function of a seed and a counter (Philox4x32-10)."""

import itertools
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence

import numpy as np

from gradmill import _core, config, ops, tracing
from gradmill.errors import ArgumentError
from gradmill.utils.lazy import LazyModule
from gradmill.variable import Variable

if TYPE_CHECKING:
    import secrets
else:
    secrets = LazyModule("secrets")

_GLOBAL: Dict[str, Any] = {"seed": None, "generator": None, "streams": itertools.count(1)}


class SeedGenerator:
    """A stream of seeds: a variable that counts, so that compiled steps draw new numbers each time.

    Args:
        seed: integer; default: from the operating system, or from `set_seed` when it was called.
        name: label.

    Attributes:
        is_default: whether no seed was given.

    Raises:
        ArgumentError: for a seed that is no integer.

    Example:
        >>> import gradmill as gm
        >>> generator = SeedGenerator(1)
        >>> gm.random.uniform((2,), seed=generator).shape
        (2,)
    """

    def __init__(self, seed: Optional[int] = None, name: Optional[str] = None, **_: Any):
        is_default = seed is None
        if is_default:
            seed = next_seed()
            seed = secrets.randbits(31) if seed is None else seed
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
            raise ArgumentError(f"SeedGenerator: expected a seed that is a non-negative integer; received {seed!r}")
        self.name = name or "seed_generator"
        self.is_default = is_default
        self._initial_seed = int(seed)
        value = np.array([int(seed) % 2**63, 0], dtype="int64")
        self.state = Variable(value, dtype="int64", trainable=False, name="seed_generator_state")

    @property
    def seed(self) -> int:
        """The seed that the stream began with."""
        return self._initial_seed

    @property
    def variables(self) -> List[Variable]:
        """The state, in a list."""
        return [self.state]

    def next(self, ordered: bool = True) -> Any:
        """Return the key of the next draw, an int64 tensor (seed, counter), and move on.

        Functions of a data set's elements draw from a stream of the data set, by seed, pass and element.
        """
        source = tracing.draw_source()
        if source is not None:
            return source(self)
        key = self.state.value
        self.state.assign(key + np.array([0, 1], dtype="int64"))
        return key

    def get_config(self) -> dict:
        """Return the arguments from which an equal generator can be made."""
        return {"seed": self._initial_seed}

    @classmethod
    def from_config(cls, config: dict) -> "SeedGenerator":
        """Make a generator from what `get_config` returned."""
        return cls(**config)


def next_seed() -> Optional[int]:
    """Return a seed for one more thing that draws, as it follows from `set_seed`; None when that was not called."""
    if _GLOBAL["seed"] is None:
        return None
    _GLOBAL["seed"] = (_GLOBAL["seed"] * 6364136223846793005 + 1442695040888963407) % 2**63
    return _GLOBAL["seed"] >> 32


def global_seed_generator() -> SeedGenerator:
    """Return the generator behind draws without a seed."""
    if _GLOBAL["generator"] is None:
        _GLOBAL["generator"] = SeedGenerator()
    return _GLOBAL["generator"]


def set_seed(seed: int) -> None:
    """Start the default stream, and the seeds of generators, initializers and shuffles made later, from `seed`.

    Args:
        seed: integer.
    """
    _GLOBAL["seed"] = int(seed)
    _GLOBAL["generator"] = SeedGenerator(int(seed))
    _GLOBAL["generator"].is_default = True
    _GLOBAL["streams"] = itertools.count(1)


def new_stream_seed() -> int:
    """Choose the seed of a stream of draws of its own; no other stream is moved on.

    Returns:
        integer that follows from `set_seed` and how many were asked for since.
    """
    return (global_seed_generator().seed + next(_GLOBAL["streams"]) * 0xBF58476D1CE4E5B9) % 2**63


def get_global_state() -> Dict[str, Any]:
    """Return the state of the stream behind draws without a seed, and of the seeds of generators made later."""
    return {"generator": np.asarray(global_seed_generator().state.numpy()), "seeds": _GLOBAL["seed"]}


def set_global_state(state: Dict[str, Any]) -> None:
    """Set what `get_global_state` returned.

    Args:
        state: its result.
    """
    global_seed_generator().state.assign(state["generator"])
    _GLOBAL["seed"] = state["seeds"]


def _key(seed: Any) -> Any:
    """The key of a draw: an int gives the same numbers each time, a generator moves on."""
    if seed is None:
        return global_seed_generator().next()
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise ArgumentError(f"random: expected a seed that is an integer, a SeedGenerator or None; received {seed!r}")
    return _core.tensor(np.array([int(seed) % 2**63, 0], dtype="int64"))


def _unit(shape: Sequence[int], dtype: str, seed: Any) -> Any:
    return _core.ops.random_uniform(_key(seed), shape=list(shape), dtype=dtype)


def _compute_type(dtype: str) -> str:
    return "float64" if dtype == "float64" else "float32"


def _float_type(dtype: Any, who: str) -> str:
    name = config.standardize_dtype(dtype)
    if "float" not in name:
        raise ArgumentError(f"random.{who}: expected a float dtype; received {dtype!r}; use randint for integers")
    return name


def uniform(shape: Sequence[int], minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draw from the uniform distribution on [minval, maxval).

    Args:
        shape: sizes.
        minval: lower end, included.
        maxval: upper end, not included.
        dtype: float or integer type; default `floatx()`.
        seed: integer, SeedGenerator or None for the global stream.

    Returns:
        tensor of `shape`.
    """
    name = config.standardize_dtype(dtype)
    if "float" not in name:
        return randint(shape, int(minval), int(maxval), name, seed)
    draw = _unit(shape, _compute_type(name), seed)
    return ops.cast(draw * (maxval - minval) + minval, name)


def normal(shape: Sequence[int], mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draw from the normal distribution (Box and Muller 1958).

    Args:
        shape: sizes.
        mean: centre.
        stddev: standard deviation.
        dtype: float type; default `floatx()`.
        seed: integer, SeedGenerator or None for the global stream.

    Returns:
        tensor of `shape`.

    Raises:
        ArgumentError: for an integer dtype.
    """
    name = _float_type(dtype, "normal")
    compute = _compute_type(name)
    sizes = [int(size) for size in shape]
    pair = _unit([2, *sizes], compute, seed)
    # 1 - u lies in (0, 1], so the logarithm is finite.
    radius = ops.sqrt(ops.log(1.0 - pair[0]) * -2.0)
    draw = radius * ops.cos(pair[1] * (2.0 * np.pi))
    return ops.cast(draw * stddev + mean, name)


def truncated_normal(
    shape: Sequence[int], mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Draw from the normal distribution cut off at two standard deviations, by inverting its distribution function.

    Args:
        shape: sizes.
        mean: centre.
        stddev: standard deviation before the cut.
        dtype: float type; default `floatx()`.
        seed: integer, SeedGenerator or None for the global stream.

    Returns:
        tensor of `shape`, values within `mean` plus or minus two `stddev`.

    Raises:
        ArgumentError: for an integer dtype.
    """
    name = _float_type(dtype, "truncated_normal")
    # erf(2 / sqrt(2)): the probability mass between the cuts is this.
    mass = 0.9544997361036416
    draw = ops.erfinv((_unit(shape, _compute_type(name), seed) * 2.0 - 1.0) * mass) * float(np.sqrt(2.0))
    return ops.cast(ops.clip(draw, -2.0, 2.0) * stddev + mean, name)


def randint(shape: Sequence[int], minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Draw integers from [minval, maxval).

    Args:
        shape: sizes.
        minval: smallest value.
        maxval: one more than the largest value.
        dtype: integer type.
        seed: integer, SeedGenerator or None for the global stream.

    Returns:
        tensor of `shape`.
    """
    draw = _unit(shape, "float64", seed)
    return ops.cast(ops.floor(draw * float(maxval - minval)) + float(minval), config.standardize_dtype(dtype))


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Draw classes with the probabilities softmax(logits) (Gumbel-max).

    Args:
        logits: (batch, classes).
        num_samples: draws for each row.
        dtype: integer type of the result.
        seed: integer, SeedGenerator or None for the global stream.

    Returns:
        (batch, num_samples).
    """
    logits = ops.convert_to_tensor(logits)
    draw = _unit([logits.shape[0], num_samples, logits.shape[1]], "float32", seed)
    gumbel = -ops.log(-ops.log(ops.clip(draw, 1e-30, 1.0 - 6e-8)))
    return ops.cast(ops.argmax(ops.expand_dims(logits, 1) + gumbel, axis=-1), config.standardize_dtype(dtype))


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """Return `x` with the entries along `axis` in random order.

    Args:
        x: tensor.
        axis: axis whose entries change places.
        seed: integer, SeedGenerator or None for the global stream.

    Returns:
        tensor like `x`.
    """
    x = ops.convert_to_tensor(x)
    order = ops.argsort(_unit([x.shape[axis]], "float32", seed))
    return ops.take(x, order, axis=axis)


def dropout(inputs: Any, rate: float, noise_shape: Optional[Sequence[int]] = None, seed: Any = None) -> Any:
    """Set a random share of the values to zero and scale the others up by 1 / (1 - rate).

    Args:
        inputs: float tensor.
        rate: share to drop, at least 0 and below 1.
        noise_shape: shape of the mask, broadcast against `inputs`; None entries take the size of `inputs`.
        seed: integer, SeedGenerator or None for the global stream.

    Returns:
        tensor like `inputs`.

    Raises:
        ArgumentError: for a rate outside [0, 1).

    Reference:
        Srivastava et al. 2014.
    """
    if not 0 <= rate < 1:
        raise ArgumentError(f"dropout: expected a rate in [0, 1); received {rate!r}")
    inputs = ops.convert_to_tensor(inputs)
    sizes = list(inputs.shape if noise_shape is None else noise_shape)
    sizes = [inputs.shape[axis] if size is None else size for axis, size in enumerate(sizes)]
    keep = ops.less(_unit(sizes, _compute_type(inputs.dtype), seed), 1.0 - rate)
    return ops.where(keep, inputs * (1.0 / (1.0 - rate)), 0.0)


_TRIES = 6  # each is taken with a probability of 95 % or more


def _log_gamma(shape: Sequence[int], alpha: Any, compute: str, seed: Any) -> Any:
    """Draw logarithms of gamma variables (Marsaglia and Tsang 2000); those of small `alpha` would be no floats."""
    alpha = ops.broadcast_to(ops.cast(alpha, compute), list(shape))
    small = alpha < 1.0
    unit = _unit([3 * _TRIES + 1, *shape], compute, seed)
    draw = ops.sqrt(ops.log(1.0 - unit[:_TRIES]) * -2.0) * ops.cos(unit[_TRIES : 2 * _TRIES] * (2.0 * np.pi))
    centre = ops.where(small, alpha + 1.0, alpha) - 1.0 / 3.0
    base = 1.0 + draw / ops.sqrt(centre * 9.0)
    cube = ops.where(base > 0.0, base, 1.0) ** 3
    bound = 0.5 * draw * draw + centre * (1.0 - cube + ops.log(cube))
    taken = ops.logical_and(base > 0.0, ops.log(1.0 - unit[2 * _TRIES : 3 * _TRIES]) < bound)
    found = cube[_TRIES - 1]
    for number in reversed(range(_TRIES - 1)):
        found = ops.where(taken[number], cube[number], found)
    # A variable of alpha + 1 times u ** (1 / alpha) is one of alpha.
    down = ops.where(small, ops.log(1.0 - unit[3 * _TRIES]) / alpha, 0.0)
    return ops.log(centre * found) + down


def _positive(value: Any, who: str, name: str) -> Any:
    known = not tracing.is_tracing() or isinstance(value, (int, float, np.ndarray))
    if known and not (np.asarray(value) > 0).all():
        raise ArgumentError(f"random.{who}: expected {name} above 0; received {value!r}; correct it")
    return value


def beta(shape: Sequence[int], alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Draw from the beta distribution.

    Args:
        shape: sizes.
        alpha: first parameter, > 0: a number, or a tensor broadcast to `shape`.
        beta: second parameter, > 0, in the same way.
        dtype: float type; default `floatx()`.
        seed: integer, SeedGenerator or None for the global stream.

    Returns:
        tensor of `shape`.

    Raises:
        ArgumentError: for an integer dtype, or parameters that are not positive.

    Example:
        >>> import gradmill as gm
        >>> gm.random.beta((2, 3), 0.5, 2.0, seed=1).shape
        (2, 3)
    """
    name, sizes = _float_type(dtype, "beta"), [int(size) for size in shape]
    compute = _compute_type(name)
    both = [
        ops.broadcast_to(ops.cast(_positive(each, "beta", what), compute), sizes)
        for what, each in (("alpha", alpha), ("beta", beta))
    ]
    logs = _log_gamma([2, *sizes], ops.stack(both), compute, seed)
    return ops.cast(ops.sigmoid(logs[0] - logs[1]), name)


def gamma(shape: Sequence[int], alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Draw from the gamma distribution.

    Args:
        shape: sizes.
        alpha: shape parameter, > 0; the scale is 1. A number, or a tensor broadcast to `shape`.
        dtype: float type; default `floatx()`.
        seed: integer, SeedGenerator or None for the global stream.

    Returns:
        tensor of `shape`.

    Raises:
        ArgumentError: for an integer dtype, or a parameter that is not positive.

    Example:
        >>> import gradmill as gm
        >>> gm.random.gamma((2, 3), 0.5, seed=1).shape
        (2, 3)
    """
    name, sizes = _float_type(dtype, "gamma"), [int(size) for size in shape]
    return ops.cast(ops.exp(_log_gamma(sizes, _positive(alpha, "gamma", "alpha"), _compute_type(name), seed)), name)


def binomial(shape: Sequence[int], counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Draw from the binomial distribution; eager only, through NumPy's generator seeded from the stream.

    Args:
        shape: sizes.
        counts: number of trials, broadcast to `shape`.
        probabilities: of success, broadcast to `shape`.
        dtype: default `floatx()`.
        seed: integer, SeedGenerator or None for the global stream.

    Returns:
        tensor of `shape`.
    """
    return _from_numpy(
        lambda generator: generator.binomial(np.asarray(counts), np.asarray(probabilities), shape),
        dtype,
        seed,
        "binomial",
    )


def _from_numpy(draw: Any, dtype: Any, seed: Any, who: str) -> Any:
    if tracing.is_tracing():
        raise ArgumentError(
            f"random.{who}: expected eager mode; received a call inside a compiled function; draw outside"
        )
    generator = np.random.Generator(np.random.Philox(key=[int(each) for each in _key(seed).numpy()]))
    return _core.tensor(np.asarray(draw(generator)), config.standardize_dtype(dtype))
