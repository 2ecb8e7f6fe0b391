"""Gradients of what was computed while a tape recorded."""

from typing import Any, Callable, List, Optional

from gradmill import _core, custom_gradients, tracing
from gradmill.errors import ArgumentError, UnsupportedError
from gradmill.symbolic import flatten, map_structure


class GradientTape:
    """Records operations and differentiates them backwards, in eager mode and inside compiled functions.

    Args:
        persistent: whether `gradient` may be called more than once.
        watch_accessed_variables: whether trainable variables are watched as soon as they are read.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Variable(3.0)
        >>> with gm.GradientTape() as tape:
        ...     y = x * x
        >>> float(tape.gradient(y, x))
        6.0
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True):
        # A way back over bridges takes several walks, for which the engine's tape must last.
        self._has_bridges = custom_gradients.in_use()
        self._bridges: List[Any] = []
        self._is_for_one_call = self._has_bridges and not persistent
        self._watched: Optional[List[Any]] = None  # once that call has been made
        self._tape = _core.Tape(bool(persistent) or self._has_bridges, bool(watch_accessed_variables))

    def __enter__(self) -> "GradientTape":
        self._tape.start()
        if self._has_bridges:
            custom_gradients.open_tapes().append(self)
        return self

    def __exit__(self, *_: Any) -> None:
        self._tape.stop()
        if self._has_bridges:
            custom_gradients.open_tapes().remove(self)

    def add_bridge(self, bridge: Any) -> None:
        """Remember a call of a function with a gradient of its own (`gradmill.ops.custom_gradient`)."""
        self._bridges.append(bridge)
        for output in bridge.outputs:
            if "float" in str(output.dtype):
                self._tape.watch(output)

    def watch(self, tensor: Any) -> None:
        """Make the gradient with respect to `tensor` (a tensor, a variable or a structure of them) available.

        Raises:
            ArgumentError: for anything else, such as a NumPy array, which has no identity to watch.
        """
        for leaf in flatten(tensor):
            if not isinstance(leaf, (_core.Tensor, _core.Variable)):
                raise ArgumentError(
                    f"GradientTape.watch: expected tensors or variables; received {type(leaf).__name__}; convert it "
                    "with gradmill.ops.convert_to_tensor first"
                )
            self._tape.watch(leaf)

    def watched_variables(self) -> List[Any]:
        """Return the variables read so far, in order."""
        return self._tape.watched_variables() if self._watched is None else self._watched

    def reset(self) -> None:
        """Forget everything recorded."""
        self._tape.reset()
        self._bridges.clear()
        self._watched = None

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Optional[Any] = None,
        unconnected_gradients: str = "none",
    ) -> Any:
        """Differentiate `target` with respect to `sources`.

        Args:
            target: tensor, or structure of tensors whose gradients are summed.
            sources: tensor, variable, or structure of them.
            output_gradients: gradients of the targets, of the same structure; default: ones.
            unconnected_gradients: "none" or "zero": what a source gets on which no target depends.

        Returns:
            The gradients in the structure of `sources`.

        Raises:
            ArgumentError: for targets or sources that are no tensors, or an unknown `unconnected_gradients`.
            UnsupportedError: on a second call to a tape that is not persistent.
        """
        if unconnected_gradients not in ("none", "zero"):
            raise ArgumentError(
                f"GradientTape.gradient: expected unconnected_gradients 'none' or 'zero'; received "
                f"{unconnected_gradients!r}"
            )
        targets = [leaf.value if isinstance(leaf, _core.Variable) else leaf for leaf in flatten(target)]
        wanted = flatten(sources)
        for leaf in [*targets, *wanted]:
            if not isinstance(leaf, (_core.Tensor, _core.Variable)):
                raise ArgumentError(
                    f"GradientTape.gradient: expected tensors or variables; received {type(leaf).__name__}"
                )
        seeds = None if output_gradients is None else flatten(output_gradients)
        if self._watched is not None:
            raise UnsupportedError(
                "GradientTape: gradient() was called twice; make the tape with persistent=True to ask twice"
            )
        if self._is_for_one_call:
            self._tape.stop()
        if self._bridges:
            found = custom_gradients.walk(self._tape, self._bridges, targets, seeds, wanted)
        else:
            found = self._tape.gradient(targets, seeds, wanted)
        if self._is_for_one_call:
            watched = self._tape.watched_variables()
            self.reset()
            self._watched = watched
        if unconnected_gradients == "zero":
            found = [
                _core.ops.broadcast_to(_core.tensor(0, source.dtype), shape=list(source.shape))
                if each is None
                else each
                for each, source in zip(found, wanted)
            ]
        results = iter(found)
        return map_structure(lambda _: next(results), sources)

    def stop_recording(self) -> "_Pause":
        """Return a context in which the tape records nothing."""
        return _Pause(self)


class _Pause:
    def __init__(self, tape: GradientTape):
        self._tape = tape

    def __enter__(self) -> None:
        self._tape.__exit__()

    def __exit__(self, *_: Any) -> None:
        self._tape.__enter__()


def custom_gradient(f: Callable) -> Callable:
    """Give a function a gradient of one's own, for numerical stability or to change what flows back.

    Args:
        f: returns (result, gradient function). The gradient function takes the gradient of each result, and returns
            that of each tensor among the arguments of `f`. If `f` reads trainable variables it has an argument
            `variables` and returns (gradients of the arguments, list of gradients of the variables).

    Returns:
        A function that returns the result alone. Every `GradientTape` made after this goes back through the gradient
        function; each call of `f` costs one more walk over the tape.

    Raises:
        ArgumentError: when called, for something else than such a pair, or gradients that do not fit.

    Example:
        >>> import gradmill as gm
        >>> @gm.ops.custom_gradient
        ... def reversed_flow(x):
        ...     return x, lambda upstream: -upstream
        >>> x = gm.Variable(2.0)
        >>> with gm.GradientTape() as tape:
        ...     y = reversed_flow(x * x)
        >>> float(tape.gradient(y, x))
        -4.0
    """
    if not callable(f):
        raise ArgumentError(f"custom_gradient: expected a function; received {type(f).__name__}")
    return custom_gradients.build(f, GradientTape)


def value_and_grad(fn: Callable, variables: Any, has_aux: bool = False) -> Callable:
    """Return a compiled function that gives what `fn` gives, and the gradients of its value.

    Args:
        fn: returns a loss, a tensor of one element; with `has_aux` a pair of the loss and anything else.
        variables: what to differentiate with respect to: a variable, a structure of variables, or a layer or model,
            which stands for the list of its trainable variables.
        has_aux: whether `fn` returns a pair.

    Returns:
        A function of the arguments of `fn`. It returns what `fn` returns, and the gradients in the structure of
        `variables` (a list for a layer or model), with zeros where the loss does not depend on a variable. It
        compiles once for each shape of its arguments, see `gradmill.function`.

    Raises:
        ArgumentError: nothing to differentiate with respect to; a loss of more than one element; no pair with
            `has_aux`.

    Example:
        >>> import gradmill as gm
        >>> w = gm.Variable(3.0)
        >>> loss, slope = gm.value_and_grad(lambda x: w * w * x, w)(gm.ops.convert_to_tensor(2.0))
        >>> float(loss), float(slope)
        (18.0, 12.0)
    """

    def differentiate(*args: Any, **kwargs: Any) -> Any:
        wanted = getattr(variables, "trainable_variables", variables)
        if not flatten(wanted):
            raise ArgumentError(f"value_and_grad: {variables!r} has no trainable variables; build it before")
        with GradientTape() as tape:
            tape.watch(wanted)
            result = fn(*args, **kwargs)
        if has_aux and not (isinstance(result, tuple) and len(result) == 2):
            raise ArgumentError(f"value_and_grad: with has_aux the function must return a pair; received {result!r}")
        loss = result[0] if has_aux else result
        shape = tuple(getattr(loss, "shape", ("no tensor",)))
        if any(size != 1 for size in shape):
            raise ArgumentError(f"value_and_grad: expected a loss of one element; received {loss!r}")
        return result, tape.gradient(loss, wanted, unconnected_gradients="zero")

    return tracing.function(differentiate)
