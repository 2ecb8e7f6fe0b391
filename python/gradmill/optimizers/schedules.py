"""Learning rates that depend on the step.

A schedule is called with the step (an integer tensor inside the training step) and answers with ops only, so the rate
is computed inside the compiled step and never makes it be traced again.
"""

import math
from typing import Any, Mapping, Optional, Sequence

from gradmill import config, errors, ops, serialization, tracing


class LearningRateSchedule:
    """Base class of learning-rate schedules.

    A subclass writes `__call__(step)`, which returns the rate as a tensor, and `get_config()`.

    Example:
        >>> import gradmill as gm
        >>> class Halving(gm.optimizers.schedules.LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.5 ** gm.ops.cast(step, "float32")
        >>> float(Halving()(2))
        0.25
    """

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at `step`; subclasses write this."""
        raise NotImplementedError(f"{type(self).__name__}: a LearningRateSchedule must define __call__(self, step)")

    def get_config(self) -> dict:
        """Return the arguments that make this schedule again; subclasses write this."""
        raise NotImplementedError(f"{type(self).__name__}: define get_config() so that the schedule can be saved")

    @classmethod
    def from_config(cls, config: dict) -> "LearningRateSchedule":
        """Return the schedule that `get_config` described."""
        return cls(**config)


class _DecaySchedule(LearningRateSchedule):
    """What the schedules below share: a first rate, checks, and the step as a float."""

    decay_steps: float
    first_decay_steps: float

    def __init__(self, initial_learning_rate: float, name: str, **steps: float):
        self.initial_learning_rate = initial_learning_rate
        self.name = name
        for argument, value in steps.items():
            if value <= 0:
                raise errors.ArgumentError(
                    f"{type(self).__name__}: {argument} must be > 0; received {value!r}; pass a number of steps"
                )
            setattr(self, argument, value)

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at `step` as a scalar tensor."""
        with tracing.name_scope(self.name):
            return self._rate(ops.cast(step, config.floatx()))

    def _rate(self, step: Any) -> Any:
        raise NotImplementedError


class ExponentialDecay(_DecaySchedule):
    """`initial_learning_rate * decay_rate ^ (step / decay_steps)`.

    Args:
        initial_learning_rate: rate at step 0.
        decay_steps: steps, > 0, after which the rate has been multiplied once by `decay_rate`.
        decay_rate: the factor.
        staircase: change only every `decay_steps` steps.
        name: name of the schedule.

    Raises:
        ArgumentError: when `decay_steps` is not > 0.

    Example:
        >>> import gradmill as gm
        >>> float(gm.optimizers.schedules.ExponentialDecay(1.0, 10, 0.5)(20))
        0.25
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ):
        super().__init__(initial_learning_rate, name, decay_steps=decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase

    def _rate(self, step: Any) -> Any:
        progress = step / float(self.decay_steps)
        if self.staircase:
            progress = ops.floor(progress)
        return self.initial_learning_rate * ops.power(float(self.decay_rate), progress)

    def get_config(self) -> dict:
        """Return the arguments that make this schedule again."""
        return _attributes(self, "initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")


class PiecewiseConstantDecay(LearningRateSchedule):
    """`values[i]` for steps in `(boundaries[i - 1], boundaries[i]]`.

    Args:
        boundaries: ascending steps; the step at a boundary still has the value before it.
        values: rates, one more than boundaries.
        name: name of the schedule.

    Raises:
        ArgumentError: when the lengths do not fit.

    Example:
        >>> import gradmill as gm
        >>> schedule = gm.optimizers.schedules.PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.25])
        >>> [float(schedule(step)) for step in (10, 11, 21)]
        [1.0, 0.5, 0.25]
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"):
        if len(boundaries) != len(values) - 1:
            raise errors.ArgumentError(
                f"PiecewiseConstantDecay: values must have one entry more than boundaries; received {len(boundaries)} "
                f"boundaries and {len(values)} values; add or drop one"
            )
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at `step` as a scalar tensor."""
        with tracing.name_scope(self.name):
            step = ops.convert_to_tensor(step)
            rate = ops.convert_to_tensor(float(self.values[0]), dtype=config.floatx())
            for boundary, value in zip(self.boundaries, self.values[1:]):
                rate = ops.where(ops.greater(step, boundary), float(value), rate)
            return rate

    def get_config(self) -> dict:
        """Return the arguments that make this schedule again."""
        return {"boundaries": list(self.boundaries), "values": list(self.values), "name": self.name}


class PolynomialDecay(_DecaySchedule):
    """From the first rate to `end_learning_rate` along a polynomial in the share of steps left.

    Args:
        initial_learning_rate: rate at step 0.
        decay_steps: steps, > 0, after which the end is reached.
        end_learning_rate: last rate.
        power: of the polynomial; 1 is a line.
        cycle: start again with a longer stretch each time instead of staying at the end.
        name: name of the schedule.

    Raises:
        ArgumentError: when `decay_steps` is not > 0.

    Example:
        >>> import gradmill as gm
        >>> float(gm.optimizers.schedules.PolynomialDecay(1.0, 10, end_learning_rate=0.0)(5))
        0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ):
        super().__init__(initial_learning_rate, name, decay_steps=decay_steps)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle

    def _rate(self, step: Any) -> Any:
        steps = float(self.decay_steps)
        if self.cycle:
            progress = step / (steps * ops.maximum(ops.ceil(step / steps), 1.0))
        else:
            progress = ops.minimum(step, steps) / steps
        span = self.initial_learning_rate - self.end_learning_rate
        return span * ops.power(1.0 - progress, float(self.power)) + self.end_learning_rate

    def get_config(self) -> dict:
        """Return the arguments that make this schedule again."""
        names = ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")
        return _attributes(self, *names)


class InverseTimeDecay(_DecaySchedule):
    """`initial_learning_rate / (1 + decay_rate * step / decay_steps)`.

    Args:
        initial_learning_rate, decay_steps, decay_rate, staircase, name: as in `ExponentialDecay`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.optimizers.schedules.InverseTimeDecay(1.0, 10, 1.0)(30))
        0.25
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ):
        super().__init__(initial_learning_rate, name, decay_steps=decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase

    def _rate(self, step: Any) -> Any:
        progress = step / float(self.decay_steps)
        if self.staircase:
            progress = ops.floor(progress)
        return self.initial_learning_rate / (1.0 + self.decay_rate * progress)

    def get_config(self) -> dict:
        """Return the arguments that make this schedule again."""
        return _attributes(self, "initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")


class CosineDecay(_DecaySchedule):
    """Half a cosine wave down to `alpha` times the first rate, after an optional linear warm-up.

    Args:
        initial_learning_rate: rate at step 0.
        decay_steps: steps of the wave, > 0, not counting the warm-up.
        alpha: last rate as a share of the one the wave starts from.
        name: name of the schedule.
        warmup_target: rate at the end of the warm-up, where the wave starts; None: no warm-up.
        warmup_steps: steps of the warm-up.

    Raises:
        ArgumentError: when `decay_steps` is not > 0.

    Reference: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017.

    Example:
        >>> import gradmill as gm
        >>> float(gm.optimizers.schedules.CosineDecay(0.0, 10, warmup_target=1.0, warmup_steps=4)(2))
        0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: Optional[float] = None,
        warmup_steps: int = 0,
    ):
        super().__init__(initial_learning_rate, name, decay_steps=decay_steps)
        self.alpha = alpha
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def _wave(self, step: Any, first_rate: float) -> Any:
        cosine = 0.5 * (1.0 + ops.cos(math.pi * (step / float(self.decay_steps))))
        return first_rate * ((1.0 - self.alpha) * cosine + self.alpha)

    def _rate(self, step: Any) -> Any:
        if self.warmup_target is None:
            return self._wave(ops.minimum(step, float(self.decay_steps)), self.initial_learning_rate)
        step = ops.minimum(step, float(self.decay_steps + self.warmup_steps))
        wave = self._wave(step - float(self.warmup_steps), self.warmup_target)
        if self.warmup_steps <= 0:
            return wave
        rise = self.warmup_target - self.initial_learning_rate
        warming = rise * (step / float(self.warmup_steps)) + self.initial_learning_rate
        return ops.where(ops.less(step, float(self.warmup_steps)), warming, wave)

    def get_config(self) -> dict:
        """Return the arguments that make this schedule again."""
        names = ("initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps")
        return _attributes(self, *names)


class CosineDecayRestarts(_DecaySchedule):
    """Half cosine waves one after the other, each `t_mul` times longer and `m_mul` times as high as the one before.

    Args:
        initial_learning_rate: rate at step 0.
        first_decay_steps: steps of the first wave, > 0.
        t_mul: factor of the lengths.
        m_mul: factor of the heights.
        alpha: lowest rate as a share of the first.
        name: name of the schedule.

    Raises:
        ArgumentError: when `first_decay_steps` is not > 0.

    Reference: Loshchilov and Hutter, 2017.

    Example:
        >>> import gradmill as gm
        >>> float(gm.optimizers.schedules.CosineDecayRestarts(1.0, 10, t_mul=1.0)(10))
        1.0
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ):
        super().__init__(initial_learning_rate, name, first_decay_steps=first_decay_steps)
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha

    def _rate(self, step: Any) -> Any:
        progress = step / float(self.first_decay_steps)
        if self.t_mul == 1.0:
            restarts = ops.floor(progress)
            progress = progress - restarts
        else:
            # n waves take (1 - t^n) / (1 - t) lengths of the first one.
            restarts = ops.floor(ops.log(1.0 - progress * (1.0 - self.t_mul)) / math.log(self.t_mul))
            length = ops.power(float(self.t_mul), restarts)
            progress = (progress - (1.0 - length) / (1.0 - self.t_mul)) / length
        height = 0.5 * ops.power(float(self.m_mul), restarts)
        cosine = height * (1.0 + ops.cos(math.pi * progress))
        return self.initial_learning_rate * ((1.0 - self.alpha) * cosine + self.alpha)

    def get_config(self) -> dict:
        """Return the arguments that make this schedule again."""
        names = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")
        return _attributes(self, *names)


def _attributes(schedule: LearningRateSchedule, *names: str) -> dict:
    return {name: getattr(schedule, name) for name in names}


def serialize(learning_rate_schedule: LearningRateSchedule) -> Any:
    """Return the configuration of a schedule.

    Args:
        learning_rate_schedule: instance.

    Returns:
        dict in Keras's form.
    """
    return serialization.serialize_object(learning_rate_schedule)


def deserialize(config: Any, custom_objects: Optional[Mapping[str, Any]] = None) -> LearningRateSchedule:
    """Return the schedule that a configuration describes.

    Args:
        config: what `serialize` returned.
        custom_objects: further names to classes.

    Raises:
        ArgumentError: an unknown name.
    """
    return serialization.deserialize_object(config, custom_objects, default_module=_MODULE)


_MODULE = "keras.optimizers.schedules"
_CLASSES = (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
for _class in _CLASSES:
    serialization.register_serializable(_MODULE)(_class)

__all__ = sorted([each.__name__ for each in _CLASSES] + ["deserialize", "serialize"])
