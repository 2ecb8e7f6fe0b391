"""Initial values of weights. Names, arguments and statistics are Keras's.

An initializer is called with a shape and a dtype and returns a tensor. With the same seed it returns the same values on
every call; without one each *instance* gets a seed of its own, so two layers never start equal: the next one after
`gm.random.set_seed` or `gm.utils.set_random_seed`, or where neither was called one from Python's generator.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence, Union

import numpy as np

from gradmill import config, ops, random
from gradmill.errors import ArgumentError, ShapeError, UnsupportedError
from gradmill.ops import windows
from gradmill.serialization import (
    deserialize_object,
    register_serializable,
    resolve_identifier,
    serialize_object,
)
from gradmill.symbolic import to_snake_case
from gradmill.utils.lazy import LazyModule

if TYPE_CHECKING:
    import random as python_random
else:
    python_random = LazyModule("random")

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "STFT",
    "STFTInitializer",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "compute_fans",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "stft",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

# Standard deviation of a standard normal cut at two standard deviations.
_TRUNCATED_STDDEV = 0.87962566103423978


class Initializer:
    """Base class: subclass it, write `__call__(shape, dtype=None)` and `get_config`.

    Example:
    >>> import gradmill as gm
    >>> class Halves(gm.initializers.Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return gm.ops.full(shape, 0.5, dtype=dtype or "float32")
    >>> Halves()((2,)).numpy().tolist()
    [0.5, 0.5]
    """

    def __call__(self, shape: Sequence[int], dtype: Optional[str] = None) -> Any:
        """Return a tensor of `shape` and `dtype`."""
        raise UnsupportedError(f"{type(self).__name__}: expected __call__(shape, dtype) to be written in the subclass")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """Build an initializer from `get_config`'s result."""
        return cls(**config)

    def clone(self) -> Initializer:
        """Return a copy that draws a seed of its own when none was given."""
        return type(self).from_config(self.get_config())

    def __repr__(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"<{type(self).__name__}({arguments})>"


@register_serializable("keras.initializers")
class Zeros(Initializer):
    """All elements 0."""

    def __call__(self, shape: Sequence[int], dtype: Optional[str] = None) -> Any:
        """Return zeros of `shape` and `dtype`."""
        return ops.zeros(shape, dtype=dtype or config.floatx())


@register_serializable("keras.initializers")
class Ones(Initializer):
    """All elements 1."""

    def __call__(self, shape: Sequence[int], dtype: Optional[str] = None) -> Any:
        """Return ones of `shape` and `dtype`."""
        return ops.ones(shape, dtype=dtype or config.floatx())


@register_serializable("keras.initializers")
class Constant(Initializer):
    """All elements one value.

    Args:
        value: a number, or an array that broadcasts to the shape.

    Example:
    >>> import gradmill as gm
    >>> gm.initializers.Constant(3.0)((2,)).numpy().tolist()
    [3.0, 3.0]
    """

    def __init__(self, value: Any = 0.0):
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Optional[str] = None) -> Any:
        """Return the value broadcast to `shape`."""
        dtype = dtype or config.floatx()
        return ops.broadcast_to(ops.cast(ops.convert_to_tensor(self.value), dtype), tuple(shape))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"value": serialize_object(self.value)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constant:
        """Build an initializer from `get_config`'s result."""
        return cls(deserialize_object(config["value"]))


@register_serializable("keras.initializers", name="Identity", aliases=("IdentityInitializer",))
class Identity(Initializer):
    """Identity matrix times a number; two axes only.

    Args:
        gain: factor.

    Raises:
        ShapeError: a shape that has not two axes (when called).
    """

    def __init__(self, gain: float = 1.0):
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Optional[str] = None) -> Any:
        """Return `gain` on the diagonal."""
        if len(shape) != 2:
            raise ShapeError(
                f"Identity: expected a shape of two axes; received {tuple(shape)}; use another initializer"
            )
        rows, columns = shape
        return ops.eye(rows, columns, dtype=dtype or config.floatx()) * self.gain

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {} if self.gain == 1.0 else {"gain": self.gain}


IdentityInitializer = Identity


class RandomInitializer(Initializer):
    """Base class of initializers that draw: holds the seed.

    Args:
        seed: an integer, a `gm.random.SeedGenerator`, or None for one of its own.

    Raises:
        ArgumentError: a seed of another type.
    """

    def __init__(self, seed: Any = None):
        self._given_seed = seed
        if seed is None:
            seed = random.next_seed()
            seed = python_random.randint(1, 10**9) if seed is None else seed
        elif isinstance(seed, dict):
            seed = deserialize_object(seed)
            self._given_seed = seed
        if not isinstance(seed, (int, np.integer, random.SeedGenerator)):
            raise ArgumentError(
                f"{type(self).__name__}: expected seed to be an integer, a SeedGenerator or None; received {seed!r}"
            )
        self.seed = seed

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"seed": serialize_object(self._given_seed)}


@register_serializable("keras.initializers")
class RandomNormal(RandomInitializer):
    """Normal distribution.

    Args:
        mean: mean.
        stddev: standard deviation.
        seed: see `RandomInitializer`.

    Example:
    >>> import gradmill as gm
    >>> gm.initializers.RandomNormal(seed=1)((2, 3)).shape
    (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None):
        self.mean = mean
        self.stddev = stddev
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Optional[str] = None) -> Any:
        """Return a draw."""
        return random.normal(shape, mean=self.mean, stddev=self.stddev, dtype=dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


@register_serializable("keras.initializers")
class TruncatedNormal(RandomNormal):
    """Normal distribution without what lies beyond two standard deviations (drawn again).

    Args:
        mean: mean.
        stddev: standard deviation before the cut.
        seed: see `RandomInitializer`.
    """

    def __call__(self, shape: Sequence[int], dtype: Optional[str] = None) -> Any:
        """Return a draw."""
        return random.truncated_normal(shape, mean=self.mean, stddev=self.stddev, dtype=dtype, seed=self.seed)


@register_serializable("keras.initializers")
class RandomUniform(RandomInitializer):
    """Uniform distribution.

    Args:
        minval: lower bound, included.
        maxval: upper bound, excluded.
        seed: see `RandomInitializer`.
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None):
        self.minval = minval
        self.maxval = maxval
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Optional[str] = None) -> Any:
        """Return a draw."""
        return random.uniform(shape, minval=self.minval, maxval=self.maxval, dtype=dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


@register_serializable("keras.initializers")
class VarianceScaling(RandomInitializer):
    """Variance `scale / n`, where n counts the connections of the weight.

    Args:
        scale: positive factor.
        mode: "fan_in" (inputs of a unit), "fan_out" (outputs) or "fan_avg" (their mean).
        distribution: "truncated_normal", "untruncated_normal" or "uniform".
        seed: see `RandomInitializer`.
        input_axes, output_axes: axes of the weight whose sizes make up inputs and outputs of a unit; None for the
            last two, as in dense and convolution kernels.

    Raises:
        ArgumentError: a value not listed above.

    Reference: Glorot and Bengio 2010; He et al. 2015.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Any = None,
        output_axes: Any = None,
    ):
        if scale <= 0:
            raise ArgumentError(f"VarianceScaling: expected scale > 0; received {scale}; pass a positive number")
        _check_choice("mode", mode, ("fan_in", "fan_out", "fan_avg"))
        distribution = "truncated_normal" if distribution == "normal" else distribution
        _check_choice("distribution", distribution, ("truncated_normal", "untruncated_normal", "uniform"))
        self.input_axes = input_axes
        self.output_axes = output_axes
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Optional[str] = None) -> Any:
        """Return a draw."""
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, count)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return random.uniform(shape, minval=-limit, maxval=limit, dtype=dtype, seed=self.seed)
        stddev = math.sqrt(variance)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, mean=0.0, stddev=stddev, dtype=dtype, seed=self.seed)
        return random.truncated_normal(shape, mean=0.0, stddev=stddev / _TRUNCATED_STDDEV, dtype=dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = {**super().get_config(), "scale": self.scale, "mode": self.mode, "distribution": self.distribution}
        return {**config, **self._axes_config()}

    def _axes_config(self) -> dict[str, Any]:
        """The axes where they are given: versions of Keras before 3.15 know no such arguments."""
        if self.input_axes is None and self.output_axes is None:
            return {}
        return {"input_axes": self.input_axes, "output_axes": self.output_axes}

    def with_axes(self, input_axes: Sequence[int], output_axes: Sequence[int]) -> Initializer:
        """Return a copy for a weight with these axes of inputs and outputs; axes given before are kept.

        Args:
            input_axes: axes whose sizes make up the inputs of a unit.
            output_axes: axes whose sizes make up the outputs.
        """
        if self.input_axes is not None and self.output_axes is not None:
            return self
        axes = {"input_axes": list(input_axes), "output_axes": list(output_axes)}
        return type(self).from_config({**self.get_config(), "seed": self.seed, **axes})


class _NamedScaling(VarianceScaling):
    """A VarianceScaling whose only argument is the seed."""

    _settings: tuple = ()

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None):
        scale, mode, distribution = self._settings
        super().__init__(scale, mode, distribution, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**RandomInitializer.get_config(self), **self._axes_config()}


@register_serializable("keras.initializers")
class GlorotUniform(_NamedScaling):
    """Uniform in +-sqrt(6 / (inputs + outputs)). Args: seed. Reference: Glorot and Bengio 2010."""

    _settings = (1.0, "fan_avg", "uniform")


@register_serializable("keras.initializers")
class GlorotNormal(_NamedScaling):
    """Truncated normal of variance 2 / (inputs + outputs). Args: seed. Reference: Glorot and Bengio 2010."""

    _settings = (1.0, "fan_avg", "truncated_normal")


@register_serializable("keras.initializers")
class HeUniform(_NamedScaling):
    """Uniform in +-sqrt(6 / inputs). Args: seed. Reference: He et al. 2015."""

    _settings = (2.0, "fan_in", "uniform")


@register_serializable("keras.initializers")
class HeNormal(_NamedScaling):
    """Truncated normal of variance 2 / inputs. Args: seed. Reference: He et al. 2015."""

    _settings = (2.0, "fan_in", "truncated_normal")


@register_serializable("keras.initializers")
class LecunUniform(_NamedScaling):
    """Uniform in +-sqrt(3 / inputs). Args: seed. Reference: LeCun et al. 1998."""

    _settings = (1.0, "fan_in", "uniform")


@register_serializable("keras.initializers")
class LecunNormal(_NamedScaling):
    """Truncated normal of variance 1 / inputs. Args: seed. Reference: LeCun et al. 1998."""

    _settings = (1.0, "fan_in", "truncated_normal")


@register_serializable("keras.initializers", name="Orthogonal", aliases=("OrthogonalInitializer",))
class Orthogonal(RandomInitializer):
    """Matrix with orthonormal rows or columns; more than two axes are folded into the first.

    Args:
        gain: factor.
        seed: see `RandomInitializer`.

    Raises:
        ShapeError: fewer than two axes (when called).

    Reference: Saxe et al. 2014.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None):
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Optional[str] = None) -> Any:
        """Return a draw."""
        if len(shape) < 2:
            raise ShapeError(
                f"Orthogonal: expected at least two axes; received {tuple(shape)}; use another initializer"
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        draw = random.normal((max(rows, columns), min(rows, columns)), dtype="float32", seed=self.seed)
        q, r = np.linalg.qr(np.asarray(draw.numpy(), dtype=np.float64))
        # The signs of r's diagonal make the factorization unique, hence the draw uniform over orthogonal matrices.
        q = q * np.sign(np.diag(r))
        q = q.T if rows < columns else q
        return ops.cast(ops.convert_to_tensor(self.gain * q.reshape(shape)), dtype or config.floatx())

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "gain": self.gain}


OrthogonalInitializer = Orthogonal


@register_serializable("keras.initializers", name="STFT", aliases=("STFTInitializer",))
class STFT(Initializer):
    """Kernel of a convolution that transforms frames of a signal into one part of their frequencies.

    Args:
        side: "real" or "imag": which part.
        window: name ("hann", "hamming", "blackman", ...), values, or None for none.
        scaling: "density" (the window gets an L2 norm of 1), "spectrum" (an L1 norm of 1), or None for neither.
        periodic: whether a window given by name begins anew behind its last value.

    Raises:
        ArgumentError: an unknown side, window or scaling.
        ShapeError: when called: a shape other than (frame, 1, bins), or values of a window of another number.

    Example:
    >>> import gradmill as gm
    >>> gm.initializers.STFT("real", "hann")((8, 1, 5)).shape
    (8, 1, 5)
    """

    def __init__(
        self, side: str = "real", window: Any = "hann", scaling: Optional[str] = "density", periodic: bool = False
    ):
        _check_choice("side", side, ("real", "imag"), "STFT")
        if scaling is not None:
            _check_choice("scaling", scaling, ("density", "spectrum"), "STFT")
        if isinstance(window, str):
            windows.window_values("STFT", window, 1)
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic

    def __call__(self, shape: Sequence[int], dtype: Optional[str] = None) -> Any:
        """Return the kernel for a shape (frame, 1, bins)."""
        if len(shape) != 3 or shape[1] != 1:
            raise ShapeError(f"STFT: expected a shape (frame, 1, bins); received {tuple(shape)}")
        frame, _, bins = shape
        window = windows.checked_window("STFT", self.window, frame, "float64", self.periodic)
        kernel = windows.fourier_kernel(self.side, frame, bins, window, self.scaling)
        return ops.convert_to_tensor(kernel[:, None], dtype=dtype or config.floatx())

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"side": self.side, "window": self.window, "scaling": self.scaling, "periodic": self.periodic}


def _check_choice(name: str, value: Any, allowed: Sequence[str], owner: str = "VarianceScaling") -> None:
    if value not in allowed:
        raise ArgumentError(f"{owner}: expected {name} to be one of {', '.join(allowed)}; received {value!r}")


def compute_fans(
    shape: Sequence[int], input_axes: Optional[Sequence[int]] = None, output_axes: Optional[Sequence[int]] = None
) -> tuple[int, int]:
    """Return the number of inputs and outputs of one unit for a weight of this shape (last axes: in, out).

    Args:
        shape: sizes of the weight.
        input_axes, output_axes: the axes that make them up, where they are not the last ones.

    Example:
    >>> compute_fans((3, 3, 16, 32))
    (144, 288)
    """
    shape = tuple(shape)
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[axis] for axis in input_axes), math.prod(shape[axis] for axis in output_axes)
    if len(shape) < 1:
        return 1, 1
    if len(shape) == 1:
        return int(shape[0]), int(shape[0])
    field = math.prod(shape[:-2])
    return int(shape[-2] * field), int(shape[-1] * field)


_CLASSES = (
    Zeros, Ones, Constant, Identity, RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling, GlorotUniform,
    GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal, Orthogonal, STFT,
)  # fmt: skip
_TABLE: dict[str, Any] = {}
for _class in _CLASSES:
    _TABLE[_class.__name__] = _TABLE[to_snake_case(_class.__name__)] = _class
_TABLE.update(
    IdentityInitializer=Identity, OrthogonalInitializer=Orthogonal, STFTInitializer=STFT, stft=STFT,
    uniform=RandomUniform, normal=RandomNormal, zero=Zeros, one=Ones,
)  # fmt: skip

zeros, ones, constant, identity = Zeros, Ones, Constant, Identity
random_normal, random_uniform, truncated_normal, variance_scaling = (
    RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling,
)  # fmt: skip
glorot_uniform, glorot_normal, he_uniform, he_normal = GlorotUniform, GlorotNormal, HeUniform, HeNormal
lecun_uniform, lecun_normal, orthogonal, stft = LecunUniform, LecunNormal, Orthogonal, STFT
STFTInitializer = STFT


def get(identifier: Any) -> Union[None, Initializer, Callable]:
    """Return the initializer for None, a name, a configuration, an array, a class or a callable.

    Args:
        identifier: None, a name, a configuration, a class or a callable.

    A plain array or tensor becomes a `Constant`-like function that checks the shape.

    Raises:
        ArgumentError: an unknown name; the nearest known one is given.

    Example:
    >>> import gradmill as gm
    >>> gm.initializers.get("he_normal").__class__.__name__
    'HeNormal'
    """
    if isinstance(identifier, (int, float, np.ndarray)) and not isinstance(identifier, bool):
        return Constant(identifier)
    found = resolve_identifier(identifier, _TABLE, "initializer", "keras.initializers")
    # A given object is shared by no two weights: without a seed each clone draws its own.
    if isinstance(identifier, RandomInitializer) and identifier._given_seed is None:
        return identifier.clone()
    return found


def serialize(initializer: Any) -> Any:
    """Return the configuration of an initializer.

    Args:
        initializer: an initializer.
    """
    return serialize_object(initializer)


def deserialize(config: Any, custom_objects: Optional[dict] = None) -> Any:
    """Return the initializer that a configuration describes.

    Args:
        config: what `serialize` returned.
        custom_objects: names to classes and functions of the user.
    """
    return resolve_identifier(config, _TABLE, "initializer", "keras.initializers", custom_objects)
