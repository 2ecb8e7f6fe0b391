"""gradmill._core

Written by scripts/make_stubs.py from the compiled module; do not edit.
"""

from typing import Any, Callable, Iterator, Optional, Sequence, Union

import numpy as np

__version__: str

class GradMillError(ValueError):
    ...

class ArgumentError(GradMillError):
    ...

class ShapeError(GradMillError):
    ...

class DTypeError(GradMillError):
    ...

class UnsupportedError(GradMillError):
    ...

class NonFiniteError(FloatingPointError):
    ...

class InternalError(RuntimeError):
    ...

def thread_count() -> int:
    """Workers that kernels use."""

def set_thread_count(threads: int) -> None:
    """0 returns to the automatic choice."""

def instruction_set() -> str:
    """The level of the kernels in use."""

def cpu_model() -> str:
    """The processor as the system names it."""

def half_precision_units() -> list[str]:
    """Which instructions for 16-bit floats this CPU has."""

def usable_instruction_sets() -> list[str]:
    """Levels that this CPU can run, slowest first."""

def peak_multiply_adds(seconds: float = 0.2) -> float:
    """Multiply-adds in float32 a second that the workers reach in a loop of nothing else."""

def set_check_nan(on: bool) -> None: ...
def check_nan() -> bool: ...
def set_kernel_tuning(on: bool) -> None: ...
def kernel_tuning() -> bool: ...
def set_preferred_kernel(name: str) -> None:
    """The kernel to take from now on wherever it can; an empty name returns to the usual choice."""

def set_default_float(dtype: Any) -> None: ...
def autocast_dtype() -> Any:
    """The dtype in which this thread reads float variables now, or None for their own."""

def set_autocast_dtype(dtype: Any) -> None: ...
def plan_cache_size() -> int: ...
def memory_limit_mebibytes() -> int: ...
def set_memory_limit_mebibytes(limit: int) -> None: ...
def set_disabled_passes(names: Sequence[str]) -> None:
    """Optional compiler passes to leave out from now on."""

def promote_types(__arg0: Any, __arg1: Any) -> str: ...

class Tensor:
    """An immutable dense array of one dtype, with a value or being traced."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> str: ...
    @property
    def ndim(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def nbytes(self) -> int: ...
    @property
    def id(self) -> int: ...
    @property
    def is_traced(self) -> bool: ...
    def __repr__(self) -> str: ...
    def __eq__(self, __arg0: Any) -> Tensor: ...  # type: ignore[override]
    def __hash__(self) -> int: ...
    def __ne__(self, __arg0: Any) -> Tensor: ...  # type: ignore[override]
    def __add__(self, __arg0: Any) -> Tensor: ...
    def __radd__(self, __arg0: Any) -> Tensor: ...
    def __sub__(self, __arg0: Any) -> Tensor: ...
    def __rsub__(self, __arg0: Any) -> Tensor: ...
    def __mul__(self, __arg0: Any) -> Tensor: ...
    def __rmul__(self, __arg0: Any) -> Tensor: ...
    def __truediv__(self, __arg0: Any) -> Tensor: ...
    def __rtruediv__(self, __arg0: Any) -> Tensor: ...
    def __floordiv__(self, __arg0: Any) -> Tensor: ...
    def __rfloordiv__(self, __arg0: Any) -> Tensor: ...
    def __mod__(self, __arg0: Any) -> Tensor: ...
    def __rmod__(self, __arg0: Any) -> Tensor: ...
    def __pow__(self, __arg0: Any) -> Tensor: ...
    def __rpow__(self, __arg0: Any) -> Tensor: ...
    def __matmul__(self, __arg0: Any) -> Tensor: ...
    def __rmatmul__(self, __arg0: Any) -> Tensor: ...
    def __and__(self, __arg0: Any) -> Tensor: ...
    def __rand__(self, __arg0: Any) -> Tensor: ...
    def __or__(self, __arg0: Any) -> Tensor: ...
    def __ror__(self, __arg0: Any) -> Tensor: ...
    def __xor__(self, __arg0: Any) -> Tensor: ...
    def __rxor__(self, __arg0: Any) -> Tensor: ...
    def __lt__(self, __arg0: Any) -> Tensor: ...
    def __le__(self, __arg0: Any) -> Tensor: ...
    def __gt__(self, __arg0: Any) -> Tensor: ...
    def __ge__(self, __arg0: Any) -> Tensor: ...
    def __neg__(self) -> Tensor: ...
    def __pos__(self) -> Tensor: ...
    def __abs__(self) -> Tensor: ...
    def __invert__(self) -> Tensor: ...
    def __getitem__(self, __arg0: Any) -> Tensor: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Tensor]: ...
    def __bool__(self) -> bool: ...
    def __float__(self) -> float: ...
    def __int__(self) -> int: ...
    def __index__(self) -> int: ...
    def item(self) -> Union[bool, int, float]:
        """The one element as a Python number."""
    def numpy(self) -> np.ndarray:
        """A NumPy copy of the values. Raises UnsupportedError while tracing."""
    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray: ...
    def astype(self, dtype: Any) -> Tensor:
        """The values in another dtype."""
    def __format__(self, __arg0: str) -> str: ...
    __array_priority__: int

class Variable:
    """State that outlives a step; see gradmill.Variable."""

    def __init__(self, initial: Tensor, name: str, trainable: bool) -> None: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> str: ...
    @property
    def autocast(self) -> bool: ...
    @autocast.setter
    def autocast(self, __value: bool) -> None: ...
    @property
    def ndim(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def id(self) -> int: ...
    @property
    def _name(self) -> str: ...
    @_name.setter
    def _name(self, __value: str) -> None: ...
    @property
    def _trainable(self) -> bool: ...
    @_trainable.setter
    def _trainable(self, __value: bool) -> None: ...
    @property
    def value(self) -> Tensor: ...
    def _assign(self, __arg0: Any) -> None: ...
    def __eq__(self, __arg0: Any) -> Tensor: ...  # type: ignore[override]
    def __hash__(self) -> int: ...
    def __ne__(self, __arg0: Any) -> Tensor: ...  # type: ignore[override]
    def __add__(self, __arg0: Any) -> Tensor: ...
    def __radd__(self, __arg0: Any) -> Tensor: ...
    def __sub__(self, __arg0: Any) -> Tensor: ...
    def __rsub__(self, __arg0: Any) -> Tensor: ...
    def __mul__(self, __arg0: Any) -> Tensor: ...
    def __rmul__(self, __arg0: Any) -> Tensor: ...
    def __truediv__(self, __arg0: Any) -> Tensor: ...
    def __rtruediv__(self, __arg0: Any) -> Tensor: ...
    def __floordiv__(self, __arg0: Any) -> Tensor: ...
    def __rfloordiv__(self, __arg0: Any) -> Tensor: ...
    def __mod__(self, __arg0: Any) -> Tensor: ...
    def __rmod__(self, __arg0: Any) -> Tensor: ...
    def __pow__(self, __arg0: Any) -> Tensor: ...
    def __rpow__(self, __arg0: Any) -> Tensor: ...
    def __matmul__(self, __arg0: Any) -> Tensor: ...
    def __rmatmul__(self, __arg0: Any) -> Tensor: ...
    def __and__(self, __arg0: Any) -> Tensor: ...
    def __rand__(self, __arg0: Any) -> Tensor: ...
    def __or__(self, __arg0: Any) -> Tensor: ...
    def __ror__(self, __arg0: Any) -> Tensor: ...
    def __xor__(self, __arg0: Any) -> Tensor: ...
    def __rxor__(self, __arg0: Any) -> Tensor: ...
    def __lt__(self, __arg0: Any) -> Tensor: ...
    def __le__(self, __arg0: Any) -> Tensor: ...
    def __gt__(self, __arg0: Any) -> Tensor: ...
    def __ge__(self, __arg0: Any) -> Tensor: ...
    def __neg__(self) -> Tensor: ...
    def __pos__(self) -> Tensor: ...
    def __abs__(self) -> Tensor: ...
    def __invert__(self) -> Tensor: ...
    def __getitem__(self, __arg0: Any) -> Tensor: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Tensor]: ...
    def __bool__(self) -> bool: ...
    def __float__(self) -> float: ...
    def __int__(self) -> int: ...
    def __index__(self) -> int: ...
    def item(self) -> Union[bool, int, float]:
        """The one element as a Python number."""
    def numpy(self) -> np.ndarray:
        """A NumPy copy of the values. Raises UnsupportedError while tracing."""
    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray: ...
    def astype(self, dtype: Any) -> Tensor:
        """The values in another dtype."""
    def __format__(self, __arg0: str) -> str: ...
    __array_priority__: int

def tensor(value: Any, dtype: Any = None) -> Tensor:
    """A tensor from anything array-like."""

def matmul(__arg0: Any, __arg1: Any) -> Tensor: ...

class _Ops:
    """The ops of the catalogue; gradmill.ops has the public functions."""

    @staticmethod
    def neg(x: Any) -> Tensor:
        """The negative, -x."""

    @staticmethod
    def abs(x: Any) -> Tensor:
        """The absolute value."""

    @staticmethod
    def sign(x: Any) -> Tensor:
        """-1, 0 or 1: the sign; NaN stays NaN."""

    @staticmethod
    def exp(x: Any) -> Tensor:
        """The exponential, e to the power x."""

    @staticmethod
    def expm1(x: Any) -> Tensor:
        """exp(x) - 1, exact near zero."""

    @staticmethod
    def log(x: Any) -> Tensor:
        """The natural logarithm; -inf at 0 and NaN below."""

    @staticmethod
    def log1p(x: Any) -> Tensor:
        """log(1 + x), exact near zero."""

    @staticmethod
    def log2(x: Any) -> Tensor:
        """The logarithm to base 2."""

    @staticmethod
    def sqrt(x: Any) -> Tensor:
        """The square root; NaN below 0."""

    @staticmethod
    def rsqrt(x: Any) -> Tensor:
        """One over the square root."""

    @staticmethod
    def square(x: Any) -> Tensor:
        """The square, x * x."""

    @staticmethod
    def reciprocal(x: Any) -> Tensor:
        """One over x."""

    @staticmethod
    def sin(x: Any) -> Tensor:
        """The sine of an angle in radians."""

    @staticmethod
    def cos(x: Any) -> Tensor:
        """The cosine of an angle in radians."""

    @staticmethod
    def tan(x: Any) -> Tensor:
        """The tangent of an angle in radians."""

    @staticmethod
    def asin(x: Any) -> Tensor:
        """The inverse sine, in [-pi/2, pi/2]."""

    @staticmethod
    def acos(x: Any) -> Tensor:
        """The inverse cosine, in [0, pi]."""

    @staticmethod
    def atan(x: Any) -> Tensor:
        """The inverse tangent, in [-pi/2, pi/2]."""

    @staticmethod
    def sinh(x: Any) -> Tensor:
        """The hyperbolic sine."""

    @staticmethod
    def cosh(x: Any) -> Tensor:
        """The hyperbolic cosine."""

    @staticmethod
    def tanh(x: Any) -> Tensor:
        """The hyperbolic tangent."""

    @staticmethod
    def asinh(x: Any) -> Tensor:
        """The inverse hyperbolic sine."""

    @staticmethod
    def acosh(x: Any) -> Tensor:
        """The inverse hyperbolic cosine; NaN below 1."""

    @staticmethod
    def atanh(x: Any) -> Tensor:
        """The inverse hyperbolic tangent; NaN outside [-1, 1]."""

    @staticmethod
    def erf(x: Any) -> Tensor:
        """The error function."""

    @staticmethod
    def erfinv(x: Any) -> Tensor:
        """The inverse of the error function; NaN outside [-1, 1]."""

    @staticmethod
    def floor(x: Any) -> Tensor:
        """The largest whole number not above x."""

    @staticmethod
    def ceil(x: Any) -> Tensor:
        """The smallest whole number not below x."""

    @staticmethod
    def round(x: Any) -> Tensor:
        """The nearest whole number; halves go to the even one."""

    @staticmethod
    def trunc(x: Any) -> Tensor:
        """The whole part of x: rounds towards zero."""

    @staticmethod
    def relu(x: Any) -> Tensor:
        """max(x, 0); its derivative at 0 is 0."""

    @staticmethod
    def sigmoid(x: Any) -> Tensor:
        """The logistic function, 1 / (1 + exp(-x))."""

    @staticmethod
    def silu(x: Any) -> Tensor:
        """x times its sigmoid, also called swish (Elfwing et al. 2018)."""

    @staticmethod
    def softplus(x: Any) -> Tensor:
        """log(1 + exp(x)), without overflow."""

    @staticmethod
    def is_nan(x: Any) -> Tensor:
        """True where x is not a number."""

    @staticmethod
    def is_inf(x: Any) -> Tensor:
        """True where x is positive or negative infinity."""

    @staticmethod
    def is_finite(x: Any) -> Tensor:
        """True where x is neither infinite nor NaN."""

    @staticmethod
    def logical_not(x: Any) -> Tensor:
        """True where x is zero."""

    @staticmethod
    def bitwise_not(x: Any) -> Tensor:
        """Every bit turned."""

    @staticmethod
    def add(x1: Any, x2: Any) -> Tensor:
        """The sum x1 + x2."""

    @staticmethod
    def subtract(x1: Any, x2: Any) -> Tensor:
        """The difference x1 - x2."""

    @staticmethod
    def multiply(x1: Any, x2: Any) -> Tensor:
        """The product x1 * x2."""

    @staticmethod
    def divide(x1: Any, x2: Any) -> Tensor:
        """The quotient x1 / x2."""

    @staticmethod
    def floor_divide(x1: Any, x2: Any) -> Tensor:
        """The largest whole number not above x1 / x2; of integers, 0 where x2 is 0."""

    @staticmethod
    def mod(x1: Any, x2: Any) -> Tensor:
        """Remainder of floor division, with the sign of x2; of integers, 0 where x2 is 0."""

    @staticmethod
    def power(x1: Any, x2: Any) -> Tensor:
        """x1 to the power x2; of integers with a negative exponent, rounded towards zero."""

    @staticmethod
    def maximum(x1: Any, x2: Any) -> Tensor:
        """The larger of both, or NaN; where they are equal the derivative is x1's."""

    @staticmethod
    def minimum(x1: Any, x2: Any) -> Tensor:
        """The smaller of both, or NaN; where they are equal the derivative is x1's."""

    @staticmethod
    def atan2(x1: Any, x2: Any) -> Tensor:
        """The angle of the point (x2, x1), in [-pi, pi]."""

    @staticmethod
    def silu_gradient(x1: Any, x2: Any) -> Tensor:
        """x1 times the derivative of silu at x2."""

    @staticmethod
    def equal(x1: Any, x2: Any) -> Tensor:
        """True where x1 == x2."""

    @staticmethod
    def not_equal(x1: Any, x2: Any) -> Tensor:
        """True where x1 != x2."""

    @staticmethod
    def less(x1: Any, x2: Any) -> Tensor:
        """True where x1 < x2."""

    @staticmethod
    def less_equal(x1: Any, x2: Any) -> Tensor:
        """True where x1 <= x2."""

    @staticmethod
    def greater(x1: Any, x2: Any) -> Tensor:
        """True where x1 > x2."""

    @staticmethod
    def greater_equal(x1: Any, x2: Any) -> Tensor:
        """True where x1 >= x2."""

    @staticmethod
    def logical_and(x1: Any, x2: Any) -> Tensor:
        """True where both are not zero."""

    @staticmethod
    def logical_or(x1: Any, x2: Any) -> Tensor:
        """True where one of both is not zero."""

    @staticmethod
    def logical_xor(x1: Any, x2: Any) -> Tensor:
        """True where exactly one of both is not zero."""

    @staticmethod
    def bitwise_and(x1: Any, x2: Any) -> Tensor:
        """The bits set in both."""

    @staticmethod
    def bitwise_or(x1: Any, x2: Any) -> Tensor:
        """The bits set in one of both."""

    @staticmethod
    def bitwise_xor(x1: Any, x2: Any) -> Tensor:
        """The bits set in exactly one of both."""

    @staticmethod
    def left_shift(x1: Any, x2: Any) -> Tensor:
        """x1 shifted left by x2 bits; 0 where x2 is not below the width."""

    @staticmethod
    def right_shift(x1: Any, x2: Any) -> Tensor:
        """x1 shifted right by x2 bits, keeping the sign."""

    @staticmethod
    def divide_no_nan(x1: Any, x2: Any) -> Tensor:
        """The quotient x1 / x2, and 0 where x2 is 0."""

    @staticmethod
    def where(x1: Any, x2: Any, x3: Any) -> Tensor:
        """x1 where the condition is not zero, x2 elsewhere."""

    @staticmethod
    def multiply_add(x1: Any, x2: Any, x3: Any) -> Tensor:
        """x1 * x2 + x3, rounded once where the processor can."""

    @staticmethod
    def cast(x: Any, dtype: str = 'float32') -> Tensor:
        """The same values in another dtype. Floats become integers by truncation."""

    @staticmethod
    def broadcast_to(x: Any, shape: Union[int, Sequence[int]] = []) -> Tensor:
        """x repeated along axes of size one, and along new axes in front."""

    @staticmethod
    def iota(length: int = 0, dtype: str = 'int32') -> Tensor:
        """The numbers 0, 1, 2, ..."""

    @staticmethod
    def random_uniform(key: Any, shape: Union[int, Sequence[int]] = [], dtype: str = 'float32') -> Tensor:
        """Random numbers in [0, 1), a pure function of the key."""

    @staticmethod
    def fused_tile(inputs: Any, group: Any = None) -> Tensor:
        """Several elementwise ops in one pass over memory; made by the compiler."""

    @staticmethod
    def stop_gradient(x: Any) -> Tensor:
        """x itself, through which no gradient flows."""

    @staticmethod
    def reshape(x: Any, shape: Union[int, Sequence[int]] = []) -> Tensor:
        """The same elements in the same order, in another shape."""

    @staticmethod
    def transpose(x: Any, permutation: Union[int, Sequence[int]] = []) -> Tensor:
        """x with its axes in another order."""

    @staticmethod
    def concatenate(xs: Any, axis: int = 0) -> Tensor:
        """The inputs one behind the other along `axis`."""

    @staticmethod
    def slice(x: Any, starts: Union[int, Sequence[int]] = [], counts: Union[int, Sequence[int]] = [], steps: Union[int, Sequence[int]] = []) -> Tensor:
        """A block of x, or every step-th element of one."""

    @staticmethod
    def slice_backward(dy: Any, shape: Union[int, Sequence[int]] = [], starts: Union[int, Sequence[int]] = [], counts: Union[int, Sequence[int]] = [], steps: Union[int, Sequence[int]] = []) -> Tensor:
        """dy at its place in a tensor of zeros: the gradient of slice."""

    @staticmethod
    def pad(x: Any, before: Union[int, Sequence[int]] = [], after: Union[int, Sequence[int]] = [], value: float = 0.0) -> Tensor:
        """x with a border of one value."""

    @staticmethod
    def sum(x: Any, axes: Union[int, Sequence[int]] = [], keepdims: bool = False) -> Tensor:
        """The sum along axes; 0 where there is nothing to add."""

    @staticmethod
    def prod(x: Any, axes: Union[int, Sequence[int]] = [], keepdims: bool = False) -> Tensor:
        """The product along axes; 1 where there is nothing to multiply."""

    @staticmethod
    def max(x: Any, axes: Union[int, Sequence[int]] = [], keepdims: bool = False) -> Tensor:
        """The largest element along axes; NaN if there is one."""

    @staticmethod
    def min(x: Any, axes: Union[int, Sequence[int]] = [], keepdims: bool = False) -> Tensor:
        """The smallest element along axes; NaN if there is one."""

    @staticmethod
    def all_finite(x: Any) -> Tensor:
        """Whether no element is infinite or NaN."""

    @staticmethod
    def argmax(x: Any, axis: int = -1, keepdims: bool = False) -> Tensor:
        """Where the largest element along `axis` is; the first of equals, NaN first."""

    @staticmethod
    def argmin(x: Any, axis: int = -1, keepdims: bool = False) -> Tensor:
        """Where the smallest element along `axis` is; the first of equals, NaN first."""

    @staticmethod
    def cumsum(x: Any, axis: int = 0, reverse: bool = False, exclusive: bool = False) -> Tensor:
        """Running sums along `axis`."""

    @staticmethod
    def softmax(x: Any, axis: int = -1) -> Tensor:
        """Exponentials scaled to sum to one along `axis`."""

    @staticmethod
    def log_softmax(x: Any, axis: int = -1) -> Tensor:
        """The logarithm of softmax, exact where softmax underflows."""

    @staticmethod
    def layer_norm(x: Any, scale: Any, offset: Any, epsilon: float = 0.001, centred: bool = True) -> tuple[Tensor, Tensor, Tensor]:
        """Each row along the last axis with mean 0 and variance 1, then scaled and shifted."""

    @staticmethod
    def layer_norm_backward(dy: Any, x: Any, scale: Any, mean: Any, inverse: Any, epsilon: float = 0.001, centred: bool = True) -> tuple[Tensor, Tensor, Tensor]:
        """What arrives at the inputs of layer_norm."""

    @staticmethod
    def channel_moments(x: Any) -> tuple[Tensor, Tensor]:
        """Mean and variance of every channel."""

    @staticmethod
    def channel_products(dy: Any, x: Any, center: Any) -> tuple[Tensor, Tensor]:
        """The sums of dy and of dy * (x - center) of every channel."""

    @staticmethod
    def batch_norm_training(x: Any, scale: Any, offset: Any, epsilon: float = 0.001) -> tuple[Tensor, Tensor, Tensor]:
        """x brought to mean 0 and variance 1 channel by channel, with its own statistics; then scaled and shifted."""

    @staticmethod
    def max_pool(x: Any, window: Union[int, Sequence[int]] = [], strides: Union[int, Sequence[int]] = [], padding_low: Union[int, Sequence[int]] = [], padding_high: Union[int, Sequence[int]] = []) -> Tensor:
        """The largest element of each window, channel by channel. NaN wins."""

    @staticmethod
    def max_pool_gradient(x: Any, y: Any, dy: Any, window: Union[int, Sequence[int]] = [], strides: Union[int, Sequence[int]] = [], padding_low: Union[int, Sequence[int]] = [], padding_high: Union[int, Sequence[int]] = []) -> Tensor:
        """dy added where the first maximum of its window stands, zeros elsewhere."""

    @staticmethod
    def average_pool(x: Any, window: Union[int, Sequence[int]] = [], strides: Union[int, Sequence[int]] = [], padding_low: Union[int, Sequence[int]] = [], padding_high: Union[int, Sequence[int]] = [], count_include_padding: bool = False) -> Tensor:
        """The mean of each window, channel by channel."""

    @staticmethod
    def average_pool_gradient(dy: Any, input_size: Union[int, Sequence[int]] = [], window: Union[int, Sequence[int]] = [], strides: Union[int, Sequence[int]] = [], padding_low: Union[int, Sequence[int]] = [], padding_high: Union[int, Sequence[int]] = [], count_include_padding: bool = False) -> Tensor:
        """dy spread evenly over its window: the adjoint of average_pool."""

    @staticmethod
    def resample(x: Any, axis: int = 1, size: int = 1, method: str = 'bilinear', antialias: bool = False) -> Tensor:
        """x at other places along one axis, whose elements are seen as cells of equal size."""

    @staticmethod
    def resample_gradient(dy: Any, input_size: int = 1, axis: int = 1, size: int = 1, method: str = 'bilinear', antialias: bool = False) -> Tensor:
        """The adjoint of resample: dy handed back with the same weights."""

    @staticmethod
    def affine_sample(images: Any, transform: Any, height: int = 1, width: int = 1, method: str = 'bilinear', fill_mode: str = 'constant', fill_value: float = 0.0) -> Tensor:
        """Images whose pixel in column x and row y is taken from column a0 x + a1 y + a2 and row b0 x + b1 y + b2 of the given ones."""

    @staticmethod
    def affine_sample_gradient(dy: Any, transform: Any, height: int = 1, width: int = 1, method: str = 'bilinear', fill_mode: str = 'constant', fill_value: float = 0.0) -> Tensor:
        """The adjoint of affine_sample: dy added where it was taken from."""

    @staticmethod
    def affine_sample_transform_gradient(images: Any, transform: Any, dy: Any, height: int = 1, width: int = 1, method: str = 'bilinear', fill_mode: str = 'constant', fill_value: float = 0.0) -> Tensor:
        """What affine_sample's dy says about the map: zero for the nearest pixel, which does not change."""

    @staticmethod
    def lstm(x: Any, kernel: Any, recurrent_kernel: Any, bias: Any, h0: Any, c0: Any, mask: Any, backwards: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """A long short-term memory over a sequence. With the sums s = x[:, t] W + h R + b of four gates, i = sigmoid(s_i), f = sigmoid(s_f), g = tanh(s_g), o = sigmoid(s_o), each step makes c = f c + i g and h = o tanh(c), where the mask counts it; else both stay."""

    @staticmethod
    def lstm_backward(d_outputs: Any, d_cells: Any, x: Any, kernel: Any, recurrent_kernel: Any, h0: Any, c0: Any, outputs: Any, cells: Any, gates: Any, mask: Any, backwards: bool = False, wants_x: bool = True) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """What arrives at the inputs of lstm, by the chain rule from its last step to its first."""

    @staticmethod
    def gru(x: Any, kernel: Any, recurrent_kernel: Any, bias: Any, h0: Any, mask: Any, backwards: bool = False, reset_after: bool = True) -> tuple[Tensor, Tensor]:
        """Gated recurrent units over a sequence. With the sums s = x[:, t] W + b_0 of the inputs and p = h R + b_1 of the states, u = sigmoid(s_u + p_u), r = sigmoid(s_r + p_r), g = tanh(s_g + r p_g), each step makes h = u h + (1 - u) g, where the mask counts it; else h stays. Without reset_after g = tanh(s_g + (r h) R_g), and b is b_0 alone."""

    @staticmethod
    def gru_backward(d_outputs: Any, x: Any, kernel: Any, recurrent_kernel: Any, h0: Any, outputs: Any, gates: Any, mask: Any, backwards: bool = False, wants_x: bool = True, reset_after: bool = True) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """What arrives at the inputs of gru, by the chain rule from its last step to its first."""

    @staticmethod
    def simple_rnn(x: Any, kernel: Any, recurrent_kernel: Any, bias: Any, h0: Any, mask: Any, backwards: bool = False) -> Tensor:
        """A recurrent network over a sequence: each step makes h = tanh(x[:, t] W + h R + b), where the mask counts it; else h stays."""

    @staticmethod
    def simple_rnn_backward(d_outputs: Any, x: Any, kernel: Any, recurrent_kernel: Any, h0: Any, outputs: Any, mask: Any, backwards: bool = False, wants_x: bool = True) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """What arrives at the inputs of simple_rnn, by the chain rule from its last step to its first."""

    @staticmethod
    def attention(query: Any, key: Any, value: Any, bias: Any, random_key: Any, scale: float = 1.0, causal: bool = False, rate: float = 0.0, first_query: int = 0, query_step: int = 1, all_queries: int = 0) -> Tensor:
        """The mean of values, weighted by softmax(scale * query key' + bias) for each head."""

    @staticmethod
    def attention_backward(dy: Any, query: Any, key: Any, value: Any, bias: Any, random_key: Any, scale: float = 1.0, causal: bool = False, rate: float = 0.0, first_query: int = 0, query_step: int = 1, all_queries: int = 0) -> tuple[Tensor, Tensor, Tensor]:
        """What arrives at query, key and value of attention."""

    @staticmethod
    def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, rounds_b: bool = False, wide: bool = False, epilogue: Any = None) -> Tensor:
        """Matrix product over the last two axes; leading axes are broadcast."""

    @staticmethod
    def cholesky(a: Any) -> Tensor:
        """Lower triangular L of a = L L' for symmetric positive definite matrices."""

    @staticmethod
    def lu_factor(a: Any) -> tuple[Tensor, Tensor, Tensor]:
        """L and U of P a = L U, by elimination with exchanges of rows."""

    @staticmethod
    def solve_triangular(a: Any, b: Any, lower: bool = False, transpose: bool = False, unit_diagonal: bool = False) -> Tensor:
        """X of op(a) X = b, where a is a triangle of what is given."""

    @staticmethod
    def qr(a: Any, complete: bool = False) -> tuple[Tensor, Tensor]:
        """Q and R of a = Q R: orthonormal columns and an upper triangle."""

    @staticmethod
    def eigh(a: Any) -> tuple[Tensor, Tensor]:
        """Eigenvalues in ascending order and eigenvectors of symmetric matrices."""

    @staticmethod
    def svd(a: Any, full_matrices: bool = True) -> tuple[Tensor, Tensor, Tensor]:
        """Singular values in descending order, and the vectors of a = u diag(s) vt."""

    @staticmethod
    def solve(a: Any, b: Any) -> Tensor:
        """X of a X = b."""

    @staticmethod
    def det(a: Any) -> Tensor:
        """Determinants of square matrices."""

    @staticmethod
    def slogdet(a: Any) -> tuple[Tensor, Tensor]:
        """Determinants as their signs and the logarithms of their absolute values."""

    @staticmethod
    def convolution(x: Any, kernel: Any, strides: Union[int, Sequence[int]] = [], padding_low: Union[int, Sequence[int]] = [], padding_high: Union[int, Sequence[int]] = [], dilation: Union[int, Sequence[int]] = [], groups: int = 1, epilogue: Any = None) -> Tensor:
        """Cross-correlation of images with a kernel, channels last."""

    @staticmethod
    def convolution_input_gradient(dy: Any, kernel: Any, strides: Union[int, Sequence[int]] = [], padding_low: Union[int, Sequence[int]] = [], padding_high: Union[int, Sequence[int]] = [], dilation: Union[int, Sequence[int]] = [], groups: int = 1, input_size: Union[int, Sequence[int]] = []) -> Tensor:
        """The gradient of a convolution with respect to its input; also the transposed convolution."""

    @staticmethod
    def convolution_kernel_gradient(x: Any, dy: Any, strides: Union[int, Sequence[int]] = [], padding_low: Union[int, Sequence[int]] = [], padding_high: Union[int, Sequence[int]] = [], dilation: Union[int, Sequence[int]] = [], groups: int = 1, kernel_size: Union[int, Sequence[int]] = []) -> Tensor:
        """The gradient of a convolution with respect to its kernel."""

    @staticmethod
    def sparse_softmax_cross_entropy(logits: Any, labels: Any, ignore_class: int = -9223372036854775808) -> Tensor:
        """-log(softmax(logits)) at the label of each row; NaN for labels that are no class."""

    @staticmethod
    def sparse_softmax_cross_entropy_backward(logits: Any, labels: Any, dloss: Any, ignore_class: int = -9223372036854775808) -> Tensor:
        """The gradient of sparse_softmax_cross_entropy: (softmax(logits) - one_hot) * dloss."""

    @staticmethod
    def gather(x: Any, indices: Any, axis: int = 0) -> Tensor:
        """What stands at the given places along one axis."""

    @staticmethod
    def gather_backward(indices: Any, dy: Any, shape: Union[int, Sequence[int]] = [], axis: int = 0) -> Tensor:
        """dy added to zeros at the places that gather took: its gradient."""

    @staticmethod
    def take_along_axis(x: Any, indices: Any, axis: int = -1) -> Tensor:
        """Along each line of x what stands at the places that indices names."""

    @staticmethod
    def take_along_axis_backward(indices: Any, dy: Any, shape: Union[int, Sequence[int]] = [], axis: int = -1) -> Tensor:
        """dy added to zeros at the places that take_along_axis took: its gradient."""

    @staticmethod
    def sort(x: Any, axis: int = -1, descending: bool = False) -> Tensor:
        """The elements in order along `axis`; equal ones stay in order, NaN is last."""

    @staticmethod
    def argsort(x: Any, axis: int = -1, descending: bool = False) -> Tensor:
        """The places of the elements in the order that sort puts them in."""

ops: _Ops
def run_decomposition(name: str, *args: Any, **kwargs: Any) -> Any:
    """Runs an op as what it is made of; its kernel must give the same."""

def set_symbolic_handler(__arg0: Any) -> None: ...
def catalogue() -> list[dict[str, Any]]:
    """Facts about every op, in the order of the catalogue."""

class Tape:
    """Records ops and differentiates them; see gradmill.GradientTape."""

    def __init__(self, persistent: bool, watch_accessed_variables: bool) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def reset(self) -> None: ...
    def watch(self, __arg0: Any) -> None: ...
    def watched_variables(self) -> list[Variable]: ...
    def gradient(self, __arg0: Sequence[Tensor], __arg1: Any, __arg2: Sequence[Any]) -> list[Any]: ...

class Plan:
    """A compiled step."""

    def run(self, inputs: Sequence[Tensor]) -> list[Tensor]: ...
    def describe(self) -> str:
        """One line for each kernel call, and totals."""
    def costs(self) -> list[Any]:
        """What each op of the plan is and does: the number of its kernel call (step), op, layer, role in it (forward, gradient, input gradient, kernel gradient), kernel, flops of products by the direct method and as the kernel carries them out, bytes that it reads from and writes to memory. Ops that run as one chain have the same step."""
    def buffers(self) -> list[Any]:
        """What lies in the arena of the plan: op and layer that make it (op is scratch for what a kernel needs for itself), offset, bytes, first and last step that need it. Values inside chains have no place there."""
    def profile(self, inputs: Sequence[Tensor], repeats: int = 20) -> list[dict[str, Any]]:
        """The rows of costs() with the mean seconds of each; variables keep their values."""
    def __str__(self) -> str: ...
    @property
    def arena_bytes(self) -> int: ...
    @property
    def batch_bytes(self) -> int: ...
    @property
    def planned_bytes(self) -> int: ...
    @property
    def missing_bytes(self) -> int: ...
    @property
    def kernel_calls(self) -> int: ...
    @property
    def barriers(self) -> int: ...
    @property
    def operations(self) -> float: ...
    @property
    def flops(self) -> float: ...
    @property
    def inputs(self) -> list[Any]: ...
    @property
    def outputs(self) -> list[Any]: ...
    @property
    def changes_variables(self) -> bool: ...
    @property
    def variables(self) -> list[Variable]: ...

class Trace:
    """A graph being recorded; see gradmill.function."""

    def __init__(self) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def input(self, shape: Any, dtype: Any) -> Tensor: ...
    def compile(self, outputs: Sequence[Tensor]) -> Plan:
        """The plan that computes `outputs`."""
    def __str__(self) -> str: ...

def is_tracing() -> bool: ...
def is_recording() -> bool:
    """Whether a tape of this thread is open."""

def plain_call(arguments: tuple[Any, ...]) -> Any:
    """(key, tensors) of arguments that are tensors, arrays, numbers or objects that are no containers: calls of one function with equal keys have the same plan as long as those objects live. None for other arguments, while tracing and while a tape is open."""

def push_eager() -> None:
    """Ops run at once, inside a trace too, until pop_emitter."""

def pop_emitter() -> None: ...
def begin_region(divided: bool = False) -> None:
    """Ops until end_region may be emitted again for the gradients; see gradmill.remat."""

def end_region(repeats: bool = True) -> None:
    """The end of the last region that began."""

def push_scope(name: str) -> None: ...
def pop_scope() -> None: ...
def current_scope() -> str: ...

class ParsedGraph:
    """A graph made from its text; see parse_graph."""

    def run_passes(self, names: Sequence[str]) -> None:
        """Runs compiler passes, each followed by verification."""
    def compile(self) -> Plan:
        """The plan of the graph, which is gone then."""
    def __str__(self) -> str: ...

def parse_graph(text: str) -> ParsedGraph:
    """The graph of a listing as str() of a plan or graph gives it. Raises ArgumentError naming the line."""

def pass_names() -> list[str]:
    """The compiler's passes in the order in which they run."""

class BatchLoop:
    """Many steps of a plan over rows of arrays, without Python in between."""

    def __init__(self, plan: Plan, arrays: Sequence[Any]) -> None: ...
    def run(self, order: Any, first_row: int, steps: int, number: int = 0) -> None:
        """Runs `steps` batches of the rows order[first_row:], or of the rows from first_row on without order."""
    @property
    def outputs(self) -> list[Any]: ...
    @property
    def workers(self) -> int: ...

def run_elements(plan: Plan, arrays: Sequence[Any], order: Any, count: int, seeds: Sequence[int], counter: int, counter_step: int, outputs: Sequence[Any], workers: int) -> None:
    """Runs a plan of one element on `count` rows of arrays, the rows order[0], ... or without order the first ones, and writes the results into rows of `outputs`. The plan's inputs beyond the arrays are keys of random draws, (seed, counter + row * counter_step)."""

def crc32c(data: bytes) -> int:
    """The CRC-32C (Castagnoli) of bytes."""

def hash_texts(texts: Sequence[Any], bins: int, key: tuple[int, int] | None = None) -> np.ndarray:
    """Hashes of texts, a list of bytes, modulo `bins` unless that is 0: FarmHash's Fingerprint64, or SipHash with a pair of numbers as its key; the bits of each as int64."""

def exchange_numbers(buffer: np.ndarray, incoming: Any, places: Any) -> np.ndarray:
    """Puts the incoming numbers one after another into places of the buffer; returns what stood there each time."""
