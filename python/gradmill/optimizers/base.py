"""What every optimizer is: state per variable, one update per step, and what may be done around it.

One step is: scale, accumulate, clip, decay, update, average, constrain, count. All of it is ops and assignments, so it
is traced into the compiled training step; outside one, the step is compiled by itself, once per set of variables.
Scalars that all variables share (learning rate, bias corrections) are computed once per step in `prepare_step`, and the
update of each variable is a chain of elementwise ops on (variable, gradient, slots, scalars), which the compiler runs
in one pass over memory.
"""

import re
import warnings
from typing import Any, Callable, Iterable, Iterator, Optional, Sequence, Tuple

from gradmill import _core, config, errors, ops, tracing
from gradmill.optimizers import schedules
from gradmill.optimizers.state import OptimizerState
from gradmill.variable import Variable

# Compiled updates are kept for that many sets of variables (a generator and a discriminator, say).
_COMPILED_LIMIT = 8


class Optimizer(OptimizerState):
    """Base class of all optimizers.

    Args:
        learning_rate: a number, a `schedules.LearningRateSchedule`, or a function without arguments.
        weight_decay: None, or the share `weight_decay * learning_rate` of each variable taken off per step.
        clipnorm: None, or the largest norm of the gradient of one variable.
        clipvalue: None, or the largest size of one entry of a gradient.
        global_clipnorm: None, or the largest norm of all gradients together. At most one of these three.
        use_ema: keep a moving average of the variables.
        ema_momentum: of that average, in [0, 1].
        ema_overwrite_frequency: None, or every how many steps the variables are set to their average; None leaves
            that to `finalize_variable_values`, which `fit` calls at the end.
        loss_scale_factor: None, or by how much the loss was multiplied; gradients are divided by it.
        gradient_accumulation_steps: None, or over how many steps (>= 2) gradients are averaged before one update.
        name: default: made from the class name.

    A subclass overrides `build(variables)` (call `super().build` first, then make slots with
    `add_optimizer_variables`) and `update_step(gradient, variable, learning_rate)`; it may override `prepare_step`.

    Raises:
        ArgumentError: an unknown argument, or values that exclude each other.

    Example:
        >>> import gradmill as gm
        >>> class PlainDescent(gm.optimizers.Optimizer):
        ...     def update_step(self, gradient, variable, learning_rate):
        ...         self.assign_sub(variable, gradient * learning_rate)
        >>> x = gm.Variable([1.0, 2.0])
        >>> PlainDescent(learning_rate=0.5).apply([gm.ops.ones(2)], [x])
        >>> x.numpy().tolist()
        [0.5, 1.5]
    """

    # Values shared by the updates of one step, while that step is being run.
    _step_values: Optional[dict] = None

    def apply_gradients(self, grads_and_vars: Iterable[Tuple[Any, Variable]]) -> Variable:
        """Update variables from pairs of gradient and variable, and return the step counter."""
        pairs = list(grads_and_vars)
        if pairs:
            self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Optional[Sequence[Variable]] = None) -> None:
        """Update variables from gradients.

        Args:
            grads: one gradient per variable; None leaves that variable as it is.
            trainable_variables: the variables; default those the optimizer was built with.

        Raises:
            ArgumentError: when gradients and variables do not match, all gradients are None, or a variable is not one
                of those the optimizer was built with.
            ShapeError: when a gradient has not the shape of its variable.
        """
        grads = list(grads)
        if not grads:
            return
        owner = type(self).__name__
        if trainable_variables is None:
            if not self.built:
                raise errors.ArgumentError(
                    f"{owner}: apply(grads) needs variables; received none and the optimizer is not built; "
                    "pass them or call build(variables) first"
                )
            variables = self._trainable_variables
        else:
            variables = list(trainable_variables)
            if not self.built:
                self.build(variables)
        if len(grads) != len(variables):
            raise errors.ArgumentError(
                f"{owner}: expected one gradient per variable; received {len(grads)} gradients and {len(variables)} "
                "variables; pass None for a variable without one"
            )
        known = self._compiled.get(_signature(grads, variables))
        if known is not None and self._runs_compiled():
            try:  # what was checked before needs no more than that the plan takes the gradients
                known(grads)
                return
            except errors.ShapeError:
                pass  # refused before anything was changed; below is said which variable
        for variable in variables:
            if id(variable) not in self._index_of:
                raise errors.ArgumentError(
                    f"{owner}: variable {variable.name!r} is not one the optimizer was built with; received it with "
                    f"{len(variables)} variables; make a new optimizer for a new set of variables"
                )
        grads, variables = self._with_gradients(grads, variables)
        self._run_step(grads, variables)

    def _with_gradients(self, grads: list, variables: list) -> Tuple[list, list]:
        owner = type(self).__name__
        missing = [variable for gradient, variable in zip(grads, variables) if gradient is None]
        if len(missing) == len(variables):
            raise errors.ArgumentError(
                f"{owner}: expected a gradient for at least one variable; received None for all {len(variables)}; "
                "compute the loss from the variables inside the tape"
            )
        if missing:
            names = ", ".join(str(getattr(each, "path", None) or each.name) for each in missing)
            warnings.warn(f"{owner}: no gradient for {names}; did the loss use them?", stacklevel=4)
        pairs = [(gradient, variable) for gradient, variable in zip(grads, variables) if gradient is not None]
        pairs = [(ops.convert_to_tensor(gradient), variable) for gradient, variable in pairs]
        for gradient, variable in pairs:
            if tuple(gradient.shape) != tuple(variable.shape):
                raise errors.ShapeError(
                    f"{owner}: the gradient of {variable.name!r} must have its shape {tuple(variable.shape)}; received "
                    f"{tuple(gradient.shape)}; pair each gradient with its own variable"
                )
        return [gradient for gradient, _ in pairs], [variable for _, variable in pairs]

    def _run_step(self, grads: list, variables: list) -> None:
        """Run `_step`: inside a traced function as a part of it, else as a compiled function of the gradients.

        A learning rate given as a function has to be asked at every step, so such a step is not compiled.
        """
        if not self._runs_compiled():
            self._step(grads, variables)
            return
        key = _signature(grads, variables)
        compiled = self._compiled.get(key)
        if compiled is None:
            if len(self._compiled) >= _COMPILED_LIMIT:
                self._compiled.pop(next(iter(self._compiled)))
            compiled = self._compiled[key] = tracing.Traced(
                lambda *traced: self._step(list(traced), variables), (tuple(grads), {})
            )
        compiled(grads)

    def _runs_compiled(self) -> bool:
        # Tapes see ops, and nothing of what a plan computes.
        return not (_core.is_tracing() or _core.is_recording()) and self._is_traceable()

    def _is_traceable(self) -> bool:
        return isinstance(self._learning_rate, (Variable, schedules.LearningRateSchedule))

    def _step(self, grads: list, variables: list) -> None:
        """One whole step, from gradients to the counter; only ops and assignments."""
        with tracing.name_scope(self.name):
            if self.loss_scale_factor is not None:
                grads = [gradient / self.loss_scale_factor for gradient in grads]
            if self.gradient_accumulation_steps:
                self._accumulate(grads, variables)
            else:
                self._update(grads, variables)
            if self.use_ema:
                self._update_averages()
            for variable in variables:
                constraint = getattr(variable, "constraint", None)
                if constraint is not None:
                    self.assign(variable, constraint(variable.value))
            self._iterations.assign(self._iterations + 1)

    def _update(self, grads: list, variables: list) -> None:
        self._step_values = {}
        try:
            grads = self._clip_gradients(grads)
            learning_rate = self._current_rate()
            self._apply_weight_decay(variables)
            self.begin_update()
            for gradient, variable in zip(grads, variables):
                self.update_step(gradient, variable, learning_rate)
        finally:
            self._step_values = None

    def begin_update(self) -> None:
        """Update state that belongs to no single variable; called once before the variables are updated."""

    def prepare_step(self, learning_rate: Any, step: Any) -> Any:
        """Compute the scalars that the updates of all variables share; called once per step (and float dtype).

        Args:
            learning_rate: scalar tensor.
            step: number of this update, from 1, as a float scalar tensor.

        Returns:
            Anything; `scalars(variable)` gives it to `update_step`.
        """
        return learning_rate

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable; subclasses write this.

        Args:
            gradient: tensor of the variable's shape, clipped and decayed already.
            variable: the variable, to be changed with `self.assign(variable, value)`.
            learning_rate: scalar tensor.
        """
        raise NotImplementedError(f"{type(self).__name__}: an Optimizer must define update_step(...)")

    def scalars(self, variable: Variable) -> Any:
        """Return what `prepare_step` computed for variables of this dtype; half precision computes in float32."""
        dtype = _update_dtype(variable)
        return self._shared(
            dtype,
            lambda: self.prepare_step(ops.cast(self._current_rate(), dtype), ops.cast(self.iterations + 1, dtype)),
        )

    def _current_rate(self) -> Any:
        return self._shared("learning_rate", lambda: ops.convert_to_tensor(self.learning_rate))

    def _shared(self, key: Any, compute: Callable[[], Any]) -> Any:
        # Within a step each value is computed once; outside of one nothing is kept.
        if self._step_values is None:
            return compute()
        if key not in self._step_values:
            self._step_values[key] = compute()
        return self._step_values[key]

    @staticmethod
    def gradient_for(gradient: Any, variable: Variable) -> Any:
        """Return the gradient in the dtype in which the variable's update is computed."""
        dtype = _update_dtype(variable)
        return gradient if gradient.dtype == dtype else ops.cast(gradient, dtype)

    def _apply_weight_decay(self, variables: list) -> None:
        decays: dict = {}
        for variable in variables:
            share = self._decay_of(variable)
            if share is not None and self._is_decayed(variable):
                key = _update_dtype(variable), share
                if key not in decays:
                    decays[key] = ops.cast(self._current_rate(), key[0]) * share
                self.assign(variable, variable - variable * decays[key])

    def _decay_of(self, variable: Variable) -> Optional[float]:
        """Return the share of the learning rate by which a variable shrinks, None for not at all."""
        return self.weight_decay

    def exclude_from_weight_decay(
        self, var_list: Optional[Iterable[Variable]] = None, var_names: Optional[Iterable[str]] = None
    ) -> None:
        """Leave variables out of weight decay.

        Args:
            var_list: the variables.
            var_names: regular expressions; a variable in whose name one is found is left out.
        """
        self._undecayed = {id(variable) for variable in var_list or ()}
        names = sorted(set(var_names or ()))
        self._undecayed_pattern = re.compile("|".join(names)) if names else None
        self._compiled.clear()

    def _is_decayed(self, variable: Variable) -> bool:
        if id(variable) in self._undecayed:
            return False
        return self._undecayed_pattern is None or self._undecayed_pattern.search(variable.name or "") is None

    def _clip_gradients(self, grads: list) -> list:
        if self.clipnorm and self.clipnorm > 0:
            return [gradient * _clip_factor(_norm([gradient]), self.clipnorm) for gradient in grads]
        if self.global_clipnorm and self.global_clipnorm > 0:
            norm = _norm(grads)
            # An infinite or undefined norm must not pass unseen: the difference turns the factor into NaN.
            factor = _clip_factor(norm, self.global_clipnorm) + (norm - norm)
            return [gradient * factor for gradient in grads]
        if self.clipvalue and self.clipvalue > 0:
            return [ops.clip(gradient, -self.clipvalue, self.clipvalue) for gradient in grads]
        return grads

    def _accumulate(self, grads: list, variables: list) -> None:
        steps = self.gradient_accumulation_steps or 1
        is_update = ops.equal((self._iterations + 1) % steps, 0)
        sums = [self._accumulated[self._get_variable_index(variable)] for variable in variables]
        totals = [gradient + total for gradient, total in zip(grads, sums)]
        kept = {id(each) for each in (*self._averages, *self._accumulated, self._iterations, self._learning_rate)}
        slots = [each for each in self._variables if id(each) not in kept]
        averages = [total / float(steps) for total in totals]
        self._update_where(is_update, [*variables, *slots], lambda: self._update(averages, variables))
        for total, accumulated in zip(totals, sums):
            self.assign(accumulated, ops.where(is_update, 0.0, total))

    def _update_where(self, condition: Any, variables: Iterable[Variable], update: Callable[[], None]) -> None:
        """Run `update`, but let `variables` keep their values where the scalar `condition` is false."""
        before = [(variable, variable.value) for variable in variables]
        update()
        for variable, value in before:
            variable.assign(ops.where(condition, variable.value, value))

    def _update_averages(self) -> None:
        # The first average is the variable itself.
        momentum = ops.where(ops.equal(self.iterations, 0), 0.0, float(self.ema_momentum))
        every = self.ema_overwrite_frequency
        is_overwrite = ops.equal((self.iterations + 1) % every, 0) if every else None
        for variable, average in zip(self._trainable_variables, self._averages):
            value = momentum * average + (1.0 - momentum) * variable
            self.assign(average, value)
            if every:
                self.assign(variable, ops.where(is_overwrite, average.value, variable.value))

    def averaged_variables(self) -> Iterator[tuple[Variable, Variable]]:
        """Yield the trained variables with their moving averages; none without `use_ema`."""
        yield from zip(self._trainable_variables, self._averages if self.use_ema else [])

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Set the variables to their moving averages, where the optimizer keeps them."""
        wanted = {id(variable) for variable in var_list}
        for variable, average in self.averaged_variables():
            if id(variable) in wanted:
                variable.assign(average.value)

    def scale_loss(self, loss: Any) -> Any:
        """Return the loss to differentiate: `loss * loss_scale_factor`."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor


def _signature(grads: Sequence[Any], variables: Sequence[Variable]) -> tuple:
    """What tells compiled updates apart; gradients that are no tensors have no dtype there."""
    return tuple(
        [
            (id(variable), gradient.dtype if type(gradient) is _core.Tensor else None)
            for gradient, variable in zip(grads, variables)
        ]
    )


def _norm(tensors: list) -> Any:
    squares = [ops.sum(ops.square(tensor)) for tensor in tensors]
    total = squares[0]
    for square in squares[1:]:
        total = total + square
    return ops.sqrt(total)


def _clip_factor(norm: Any, limit: float) -> Any:
    return limit / ops.maximum(norm, limit)


def _update_dtype(variable: Variable) -> str:
    # Half precision loses small updates, so they are computed in float32 and rounded once.
    return "float64" if variable.dtype == "float64" else "float32"


def default_dtype(variables: Sequence[Variable]) -> str:
    """Return the dtype of the first variable, or `config.floatx()`."""
    return variables[0].dtype if variables else config.floatx()
