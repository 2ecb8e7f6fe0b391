"""One call that checks a layer wholly."""

from __future__ import annotations

import json
from typing import Any, Optional, Type

import numpy as np

from gradmill import config, ops, serialization
from gradmill.autograd import GradientTape
from gradmill.layers import calling
from gradmill.layers.base import Layer
from gradmill.symbolic import SymbolicTensor, flatten, map_structure
from gradmill.testing.gradients import check_gradients
from gradmill.tracing import function


def run_layer_check(
    layer_class: type,
    init_kwargs: Optional[dict] = None,
    input_shape: Any = None,
    input_data: Any = None,
    input_dtype: str = "float32",
    call_kwargs: Optional[dict] = None,
    expected_output_shape: Optional[tuple] = None,
    expected_num_weights: Optional[int] = None,
    expected_num_trainable_weights: Optional[int] = None,
    expected_mask: Optional[bool] = None,
    check_training: bool = True,
    check_gradient: bool = True,
    check_compiled: bool = True,
    custom_objects: Optional[dict] = None,
    rtol: float = 1e-5,
    atol: float = 1e-6,
) -> Layer:
    """Check a layer: configuration round trip, build, shapes, compiled call, one training step, weights, gradients.

    Args:
        layer_class: the class.
        init_kwargs: arguments of its constructor.
        input_shape: shape with the batch axis (or list or dictionary of shapes) from which data is drawn.
        input_data: data instead of `input_shape`.
        input_dtype: dtype of drawn data.
        call_kwargs: further arguments of the call.
        expected_output_shape, expected_num_weights, expected_num_trainable_weights: what is known of them.
        expected_mask: whether the layer says it supports masks; None does not ask.
        check_training, check_gradient, check_compiled: parts that may be switched off (no gradient, random outputs).
        custom_objects: names needed to read the configuration.
        rtol, atol: tolerance between eager, compiled and reloaded outputs.

    Returns:
        The built layer.

    Raises:
        AssertionError: a check that failed; the message says which.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.testing.run_layer_check(gm.layers.Dense, {"units": 2}, (3, 4), expected_output_shape=(3, 2))
    """
    init_kwargs, call_kwargs = dict(init_kwargs or {}), dict(call_kwargs or {})
    label = layer_class.__name__
    data = _draw(input_shape, input_dtype) if input_data is None else input_data

    layer = layer_class(**init_kwargs)
    _check_config(layer, custom_objects, label)
    outputs = layer(data, **call_kwargs)
    _require(layer.built, label, "the layer is not built after a call")
    shapes = map_structure(lambda tensor: tuple(tensor.shape), outputs)
    if expected_output_shape is not None:
        _require(shapes == expected_output_shape, label, f"output shape {shapes}, expected {expected_output_shape}")
    if expected_num_weights is not None:
        _require(len(layer.weights) == expected_num_weights, label, f"{len(layer.weights)} weights")
    if expected_num_trainable_weights is not None:
        count = len(layer.trainable_weights)
        _require(count == expected_num_trainable_weights, label, f"{count} trainable weights")
    if expected_mask is not None:
        _require(bool(layer.supports_masking) == expected_mask, label, f"supports_masking is {layer.supports_masking}")
    _check_shapes(layer_class, init_kwargs, data, call_kwargs, outputs, label)
    if check_compiled:
        compiled = function(lambda values: layer(values, **call_kwargs))(map_structure(ops.convert_to_tensor, data))
        _require_close(compiled, outputs, rtol, atol, label, "compiled and eager outputs")
    _check_weights(layer_class, layer, data, call_kwargs, outputs if check_compiled else None, rtol, atol, label)
    if check_training:
        _check_training_step(layer, data, call_kwargs, label)
    if check_gradient:
        _check_gradients(layer_class, init_kwargs, data, call_kwargs)
    return layer


def _require(condition: bool, label: str, problem: str) -> None:
    if not condition:
        raise AssertionError(f"run_layer_check({label}): {problem}")


def _require_close(found: Any, wanted: Any, rtol: float, atol: float, label: str, what: str) -> None:
    for first, second in zip(flatten(found), flatten(wanted)):
        np.testing.assert_allclose(
            np.asarray(first),
            np.asarray(second),
            rtol=rtol,
            atol=atol,
            err_msg=f"run_layer_check({label}): {what} differ",
        )


def _draw(shapes: Any, dtype: str) -> Any:
    generator = np.random.default_rng(1)

    def draw(shape: tuple) -> np.ndarray:
        if calling.is_float(dtype):
            # Away from 0, where many activations have a kink.
            values = generator.uniform(0.1, 1.0, shape) * generator.choice([-1.0, 1.0], shape)
            return values.astype(dtype)
        return generator.integers(0, 2, shape).astype(dtype)

    return calling.map_shapes(draw, shapes)


def _check_config(layer: Layer, custom_objects: Optional[dict], label: str) -> None:
    described = json.loads(json.dumps(layer.get_config()))
    with serialization.CustomObjectScope({label: type(layer), **(custom_objects or {})}):
        again = type(layer).from_config(json.loads(json.dumps(described)))
        _require(json.loads(json.dumps(again.get_config())) == described, label, "from_config(get_config()) differs")
        stored = json.loads(json.dumps(serialization.serialize_object(layer)))
        revived = serialization.deserialize_object(stored)
    _require(type(revived) is type(layer), label, f"deserialization made a {type(revived).__name__}")
    _require(json.loads(json.dumps(revived.get_config())) == described, label, "the deserialized configuration differs")


def _check_shapes(cls: type, init_kwargs: dict, data: Any, call_kwargs: dict, outputs: Any, label: str) -> None:
    for batch_is_free in (False, True):
        layer = cls(**init_kwargs)

        def symbol(array: Any, free: bool = batch_is_free) -> SymbolicTensor:
            shape = tuple(array.shape)
            # Floating-point data is cast to the layer's dtype, as the call does.
            return SymbolicTensor((None, *shape[1:]) if free and shape else shape, str(array.dtype))

        symbolic = layer(map_structure(symbol, data), **call_kwargs)
        for inferred, real in zip(flatten(symbolic), flatten(outputs)):
            same = len(inferred.shape) == len(real.shape) and all(
                size in (None, actual) for size, actual in zip(inferred.shape, real.shape)
            )
            _require(same, label, f"inferred shape {inferred.shape}, actual {tuple(real.shape)}")
            _require(
                str(inferred.dtype) == str(real.dtype), label, f"inferred dtype {inferred.dtype}, actual {real.dtype}"
            )
        _require(layer.built, label, "the layer is not built after a symbolic call")


def _check_weights(
    cls: Type[Layer], layer: Layer, data: Any, call_kwargs: dict, outputs: Any, rtol: float, atol: float, label: str
) -> None:
    """Save and load the layer's own variables, and its weights, into a second layer."""
    again = cls.from_config(layer.get_config())
    build_config = layer.get_build_config()
    if build_config is not None:
        again.build_from_config(build_config)
    else:
        again(data, **call_kwargs)
    _require(len(again.weights) == len(layer.weights), label, "build_from_config made another number of weights")
    again.set_weights(layer.get_weights())
    store: dict[str, Any] = {}
    layer.save_own_variables(store)
    again.load_own_variables(store)
    for first, second in zip(layer.get_weights(), again.get_weights()):
        _require(np.array_equal(first, second), label, "weights differ after saving and loading")
    if outputs is not None:
        _require_close(again(data, **call_kwargs), outputs, rtol, atol, label, "outputs after loading")


def _check_training_step(layer: Layer, data: Any, call_kwargs: dict, label: str) -> None:
    """One step of plain gradient descent must reach every trainable weight."""
    variables = layer.trainable_variables
    if not variables:
        return
    before = [np.asarray(variable.numpy()).copy() for variable in variables]
    with GradientTape() as tape:
        outputs = layer(data, **call_kwargs)
        loss = sum(ops.sum(ops.square(output)) for output in flatten(outputs))
    for variable, gradient in zip(variables, tape.gradient(loss, variables)):
        _require(gradient is not None, label, f"no gradient for {variable.path}")
        _require(bool(np.all(np.isfinite(gradient.numpy()))), label, f"gradient of {variable.path} is not finite")
        variable.assign_sub(gradient * 1e-3)
    moved = any(not np.array_equal(old, np.asarray(new.numpy())) for old, new in zip(before, variables))
    _require(moved, label, "a training step left every weight as it was")
    for variable, old in zip(variables, before):
        variable.assign(old)


def _check_gradients(cls: type, init_kwargs: dict, data: Any, call_kwargs: dict) -> None:
    """Gradients of the inputs in float64 against differences."""
    flat = flatten(data)
    if not all(calling.is_float(array.dtype) for array in flat):
        return
    before = config.floatx()
    config.set_floatx("float64")
    try:
        layer = cls(**{**init_kwargs, "dtype": "float64"})

        def run(*values: Any) -> Any:
            remaining = iter(values)
            return layer(map_structure(lambda _: next(remaining), data), **call_kwargs)

        run(*(np.asarray(array, dtype="float64") for array in flat))
        check_gradients(run, flat)
    finally:
        config.set_floatx(before)
