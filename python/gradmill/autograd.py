"""Gradients of what was computed while a tape recorded."""

from typing import Any, List, Optional

from gradmill import _core
from gradmill.errors import ArgumentError
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
        self._tape = _core.Tape(bool(persistent), bool(watch_accessed_variables))

    def __enter__(self) -> "GradientTape":
        self._tape.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._tape.stop()

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
        return self._tape.watched_variables()

    def reset(self) -> None:
        """Forget everything recorded."""
        self._tape.reset()

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
        found = self._tape.gradient(targets, seeds, wanted)
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
        return _Pause(self._tape)


class _Pause:
    def __init__(self, tape: _core.Tape):
        self._tape = tape

    def __enter__(self) -> None:
        self._tape.stop()

    def __exit__(self, *_: Any) -> None:
        self._tape.start()
