"""Dynamic loss scaling around another optimizer, for training in half precision."""

import logging
from typing import Any, List, Mapping, Optional, Sequence

from gradmill import _core, errors, ops, serialization, tracing
from gradmill.optimizers.arguments import COMMON_ARGUMENTS, with_common_arguments
from gradmill.optimizers.base import Optimizer
from gradmill.variable import Variable

_log = logging.getLogger("gradmill")


class LossScaleOptimizer(Optimizer):
    """Multiply the loss by a scale that adapts itself, so that small gradients survive half precision.

    Gradients are divided by the scale again. A step with an infinite or undefined gradient changes nothing and halves
    the scale; `dynamic_growth_steps` good steps in a row double it. `skipped_steps` counts the steps that changed
    nothing, and `fit` says after an epoch how many of its steps did. In a compiled step the gradient of a float16
    kernel is not rounded to float16 where it need not be stored, and then overflows only if what it is made of does.

    Args:
        inner_optimizer: the optimizer that updates the variables.
        initial_scale: scale of the first step.
        dynamic_growth_steps: see above.
        name: as in `Optimizer`; the other arguments belong to the inner optimizer.

    Raises:
        ArgumentError: when another argument of `Optimizer` is given.

    Reference: Micikevicius et al., "Mixed precision training", 2018.

    Example:
        >>> import gradmill as gm
        >>> optimizer = gm.optimizers.LossScaleOptimizer(gm.optimizers.SGD(1.0), initial_scale=4.0)
        >>> x = gm.Variable([1.0])
        >>> optimizer.apply([gm.ops.convert_to_tensor([2.0])], [x])
        >>> x.numpy().tolist()
        [0.5]
    """

    @with_common_arguments
    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        **common: Any,
    ):
        for argument, value in common.items():
            if argument != "name" and value != COMMON_ARGUMENTS[argument]:
                raise errors.ArgumentError(
                    f"LossScaleOptimizer: {argument} is not an argument of its own; received {value!r}; "
                    "set it on the inner optimizer"
                )
        if not isinstance(inner_optimizer, Optimizer):
            raise errors.ArgumentError(
                f"LossScaleOptimizer: inner_optimizer must be an Optimizer; received {inner_optimizer!r}; "
                "pass for example Adam()"
            )
        self.inner_optimizer = inner_optimizer
        super().__init__(0.0, name=common.get("name"))
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps
        self.inner_optimizer.loss_scale_factor = None
        # Not among the saved variables, whose number and order are Keras's.
        self._skipped = Variable(0, dtype="int32", trainable=False, name=f"{self.name}/skipped_steps")
        self._reported = 0

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the scale, the counter of good steps, and the state of the inner optimizer."""
        if self.built:
            return
        self.step_counter = self.add_variable((), dtype="int32", name="step_counter")
        self.dynamic_scale = self.add_variable((), float(self.initial_scale), "float32", name="dynamic_scale")
        self.inner_optimizer.build(variables)
        super().build(variables)

    @property
    def variables(self) -> List[Variable]:
        """Own state, then that of the inner optimizer."""
        return [*self._variables, *self.inner_optimizer.variables]

    @property
    def iterations(self) -> Any:
        """Number of updates of the inner optimizer."""
        return self.inner_optimizer.iterations

    @property
    def skipped_steps(self) -> int:
        """Number of steps since this object was made that an infinite or undefined gradient has kept from happening."""
        return int(self._skipped.numpy())

    def report_skipped_steps(self) -> None:
        """Log how many steps were skipped since the last report, and the scale now; nothing when there were none."""
        skipped, self._reported = self.skipped_steps - self._reported, self.skipped_steps
        if skipped:
            _log.warning(
                "%s: %d step%s skipped, because a gradient was infinite or undefined; the loss scale is now %g",
                self.name,
                skipped,
                " was" if skipped == 1 else "s were",
                float(self.dynamic_scale.numpy()),
            )

    @property
    def learning_rate(self) -> Any:
        """Learning rate of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value
        self._compiled.clear()

    def _is_traceable(self) -> bool:
        return self.inner_optimizer._is_traceable()

    def _step(self, grads: list, variables: list) -> None:
        """Run the inner step where all gradients are finite, and adapt the scale."""
        with tracing.name_scope(self.name):
            finite = _core.ops.all_finite(grads[0])
            for gradient in grads[1:]:
                finite = ops.logical_and(finite, _core.ops.all_finite(gradient))
            scale, counter = self.dynamic_scale.value, self.step_counter.value
            factor = 1.0 / scale
            unscaled = [gradient * ops.cast(factor, gradient.dtype) for gradient in grads]
            inner = self.inner_optimizer
            changed = [*inner._trainable_variables, *inner.variables]
            self._update_where(finite, changed, lambda: inner._step(unscaled, variables))
            grows = ops.equal(counter, self.dynamic_growth_steps - 1)
            self.assign(self.dynamic_scale, scale * ops.where(finite, ops.where(grows, 2.0, 1.0), 0.5))
            restarts = ops.logical_or(ops.logical_not(finite), grows)
            self.assign(self.step_counter, ops.where(restarts, 0, counter + 1))
            self.assign(self._skipped, self._skipped + ops.cast(ops.logical_not(finite), "int32"))

    def scale_loss(self, loss: Any) -> Any:
        """Return the loss times the scale."""
        return loss * (self.dynamic_scale.value if self.built else self.initial_scale)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Set the variables to their moving averages, where the inner optimizer keeps them."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict:
        """Return the arguments that make this optimizer again."""
        return {
            "name": self.name,
            "inner_optimizer": serialization.serialize_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects: Optional[Mapping[str, Any]] = None) -> "LossScaleOptimizer":
        """Return the optimizer that `get_config` described."""
        config = dict(config)
        inner = serialization.deserialize_object(config.pop("inner_optimizer"), custom_objects)
        return cls(inner, **config)
