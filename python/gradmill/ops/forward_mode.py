"""Derivatives along a direction."""

from typing import Any, Callable, List, Tuple, Union

from gradmill.autograd import GradientTape
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import tensor
from gradmill.ops.making import zeros_like
from gradmill.ops.reduction import sum as total_of
from gradmill.symbolic import flatten, map_structure

__all__ = ["jvp"]


def _is_float(value: Any) -> bool:
    return "float" in str(value.dtype)


def _directions(primals: Any, tangents: Any) -> Tuple[Any, List[Any], List[Any]]:
    """The primals as tensors, in their structure and flat, and their tangents, flat, of the same dtypes."""
    for name, value in (("primals", primals), ("tangents", tangents)):
        if not isinstance(value, (tuple, list)):
            raise ArgumentError(f"jvp: {name}: expected a tuple or list of arguments; received {type(value).__name__}")
    points = map_structure(tensor, tuple(primals))
    flat, directions = flatten(points), flatten(tuple(tangents))
    if len(flat) != len(directions):
        raise ArgumentError(
            f"jvp: tangents: expected the structure of primals, {len(flat)} tensors; received {len(directions)}"
        )
    directions = [tensor(direction, dtype=point.dtype) for point, direction in zip(flat, directions)]
    for number, (point, direction) in enumerate(zip(flat, directions)):
        if tuple(point.shape) != tuple(direction.shape):
            raise ShapeError(
                f"jvp: tangents: tensor {number} must have the shape {tuple(point.shape)} of its primal; received "
                f"{tuple(direction.shape)}"
            )
    return points, flat, directions


def jvp(
    fun: Callable, primals: Any, tangents: Any, has_aux: bool = False
) -> Union[Tuple[Any, Any], Tuple[Any, Any, Any]]:
    """Return what a function gives, and its derivative along a direction: the product of its Jacobian and a vector.

    The way back is linear in the gradient that it starts from, and its own derivative by that is what is wanted: so
    two ways back make one forward (J. Townsend, "A new trick for calculating Jacobian vector products", 2017).

    Args:
        fun: takes tensors or structures of them, and returns a tensor or a structure.
        primals: tuple or list of its arguments.
        tangents: the direction: tensors in the structure and with the shapes of `primals`.
        has_aux: whether `fun` returns a pair, of which the second part is not differentiated.

    Returns:
        what `fun` returns, the derivative in the same structure, and with `has_aux` the second part.

    Raises:
        ArgumentError: for no tuple or list, or another structure.
        ShapeError: for a tangent of another shape.

    Example:
        >>> import gradmill as gm
        >>> value, slope = gm.ops.jvp(lambda x: x * x, (3.0,), (2.0,))
        >>> float(value), float(slope)
        (9.0, 12.0)
    """
    points, flat, directions = _directions(primals, tangents)
    varied = [(point, direction) for point, direction in zip(flat, directions) if _is_float(point)]
    aux = None
    with GradientTape() as outer:
        with GradientTape() as inner:
            inner.watch([point for point, _ in varied])
            result = fun(*points)
            if has_aux:
                result, aux = result
            result = map_structure(tensor, result)
        differentiable = [leaf for leaf in flatten(result) if _is_float(leaf)]
        starts = [zeros_like(leaf) for leaf in differentiable]
        outer.watch(starts)
        sources = [point for point, _ in varied]
        gradients = inner.gradient(differentiable, sources, output_gradients=starts) if starts and sources else []
        parts = [total_of(g * direction) for g, (_, direction) in zip(gradients, varied) if g is not None]
        along = sum(parts[1:], parts[0]) if parts else None
    slopes = outer.gradient(along, starts, unconnected_gradients="zero") if along is not None else starts
    found = iter(slopes)
    derivative = map_structure(lambda leaf: next(found) if _is_float(leaf) else zeros_like(leaf), result)
    return (result, derivative, aux) if has_aux else (result, derivative)
