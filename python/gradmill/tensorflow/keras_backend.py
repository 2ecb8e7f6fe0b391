"""`tf.keras.backend`: functions of early Keras, as scripts with losses and metrics of their own use them."""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence

import gradmill
from gradmill import config, ops, random
from gradmill.symbolic import map_structure
from gradmill.tensorflow import array_ops, linalg_ops, math_ops
from gradmill.tensorflow.aliases import aliases
from gradmill.tensorflow.dtype_names import as_dtype
from gradmill.tensorflow.keras_backend_further import FURTHER

BACKEND: dict[str, Any] = aliases("""
abs: abs
all: all
any: any
arange: arange
argmax: argmax
argmin: argmin
clip: clip min_value=x_min max_value=x_max
concatenate: concatenate tensors=xs
cos: cos
elu: elu
equal: equal x=x1 y=x2
exp: exp
expand_dims: expand_dims
greater: greater x=x1 y=x2
greater_equal: greater_equal x=x1 y=x2
hard_sigmoid: hard_sigmoid
less: less x=x1 y=x2
less_equal: less_equal x=x1 y=x2
log: log
logsumexp: logsumexp
max: max
maximum: maximum x=x1 y=x2
mean: mean
min: min
minimum: minimum x=x1 y=x2
not_equal: not_equal x=x1 y=x2
permute_dimensions: transpose pattern=axes
pow: power x=x1 a=x2
prod: prod
relu: relu
repeat_elements: repeat rep=repeats
reshape: reshape shape=newshape
round: round
sigmoid: sigmoid
sign: sign
sin: sin
softmax: softmax
softplus: softplus
softsign: softsign
sqrt: sqrt
square: square
squeeze: squeeze
stack: stack
std: std
stop_gradient: stop_gradient variables=variable
sum: sum
tanh: tanh
tile: tile n=repeats
transpose: transpose
var: var
""")


def backend() -> str:
    """`K.backend`: "tensorflow", which scripts compare it with."""
    return "tensorflow"


def flatten(x: Any) -> Any:
    """`K.flatten`: all values along one axis."""
    return ops.reshape(x, (-1,))


def batch_flatten(x: Any) -> Any:
    """`K.batch_flatten`: all values of each example along one axis."""
    sizes = ops.shape(x)
    return ops.reshape(x, (-1, *([-1] if None in sizes[1:] else [int(ops.size(x)) // sizes[0] if sizes[0] else -1])))


def dot(x: Any, y: Any) -> Any:
    """`K.dot`: the product over the last axis of x and the last but one of y."""
    return ops.dot(x, y)


def cast(x: Any, dtype: Any) -> Any:
    """`K.cast`: the values in another dtype."""
    return ops.cast(x, as_dtype(dtype))


def cast_to_floatx(x: Any) -> Any:
    """`K.cast_to_floatx`: the values in the default float dtype."""
    return ops.cast(x, config.floatx())


def int_shape(x: Any) -> Optional[tuple]:
    """`K.int_shape`: sizes as a tuple, None where unknown."""
    return tuple(x.shape) if hasattr(x, "shape") else None


def ndim(x: Any) -> int:
    """`K.ndim`: number of axes."""
    return len(x.shape)


def eval(x: Any) -> Any:
    """`K.eval`: the values as a NumPy array."""
    return ops.convert_to_numpy(x)


def batch_get_value(tensors: Sequence[Any]) -> list:
    """`K.batch_get_value`: the values of several tensors."""
    return [eval(each) for each in tensors]


def set_value(x: Any, value: Any) -> None:
    """`K.set_value`: assign to a variable, or to the learning rate of an optimizer by its attribute."""
    x.assign(value)


def variable(value: Any, dtype: Any = None, name: Optional[str] = None, constraint: Any = None) -> Any:
    """`K.variable`: a variable."""
    return gradmill.Variable(value, dtype=as_dtype(dtype or config.floatx()), name=name)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: Any = None) -> Any:
    """`K.constant`: a tensor, of the default float dtype unless said otherwise."""
    return array_ops.constant(value, dtype or config.floatx(), shape)


def zeros(shape: Any, dtype: Any = None, name: Any = None) -> Any:
    """`K.zeros`: a variable of zeros."""
    return variable(ops.zeros(shape, dtype=as_dtype(dtype or config.floatx())), dtype, name)


def ones(shape: Any, dtype: Any = None, name: Any = None) -> Any:
    """`K.ones`: a variable of ones."""
    return variable(ops.ones(shape, dtype=as_dtype(dtype or config.floatx())), dtype, name)


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """`K.switch`: one of two values."""
    first = then_expression() if callable(then_expression) else then_expression
    return ops.where(condition, first, else_expression() if callable(else_expression) else else_expression)


def random_uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """`K.random_uniform`: draws from [minval, maxval)."""
    return random.uniform(_known(shape), minval, maxval, dtype, seed)


def random_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """`K.random_normal`: draws from the normal distribution."""
    return random.normal(_known(shape), mean, stddev, dtype, seed)


def _known(shape: Any) -> list[int]:
    return [int(size) for size in shape]


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """`K.binary_crossentropy`: the loss of each value."""
    return ops.binary_crossentropy(ops.cast(target, output.dtype), output, from_logits)


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """`K.categorical_crossentropy`: the loss of each example whose target is a distribution."""
    return ops.categorical_crossentropy(ops.cast(target, output.dtype), output, from_logits, axis)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """`K.sparse_categorical_crossentropy`: the loss of each example whose target is a number."""
    return ops.sparse_categorical_crossentropy(target, output, from_logits, axis)


def function(inputs: Any, outputs: Any, updates: Any = None, name: Optional[str] = None) -> Callable:
    """`K.function`: a function of values that gives the outputs as NumPy arrays."""
    between = gradmill.Function(inputs, outputs, name=name)
    return lambda values: map_structure(ops.convert_to_numpy, between(values))


def set_learning_phase(value: Any) -> None:
    """`K.set_learning_phase`: accepted; layers are told by `training=`."""


BACKEND.update({name: getattr(gradmill.backend, name) for name in gradmill.backend.__all__})
BACKEND.update({each.__name__: each for each in (
    backend, batch_flatten, batch_get_value, binary_crossentropy, cast, cast_to_floatx, categorical_crossentropy,
    constant, dot, eval, flatten, function, int_shape, ndim, ones, random_normal, random_uniform,
    set_learning_phase, set_value, sparse_categorical_crossentropy, switch, variable, zeros,
)})  # fmt: skip
_MORE: dict[str, Callable] = {
    "cumprod": math_ops.cumprod, "cumsum": math_ops.cumsum, "dropout": random.dropout, "gather": ops.take,
    "get_value": eval, "is_tensor": array_ops.is_tensor, "l2_normalize": math_ops.l2_normalize,
    "matmul": linalg_ops.matmul,
    "one_hot": ops.one_hot, "ones_like": array_ops.ones_like, "reverse": array_ops.reverse, "shape": array_ops.shape,
    "zeros_like": array_ops.zeros_like,
}  # fmt: skip
BACKEND.update(_MORE, **FURTHER)
