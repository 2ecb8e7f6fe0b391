"""The arguments that every optimizer takes behind its own."""

import functools
import inspect
import warnings
from typing import Any, Callable

from gradmill import errors, serialization

# Names and defaults in Keras's order.
COMMON_ARGUMENTS = {
    "weight_decay": None,
    "clipnorm": None,
    "clipvalue": None,
    "global_clipnorm": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
    "name": None,
}


def with_common_arguments(init: Callable) -> Callable:
    """Give `init(self, <own>, **common)` the full list of arguments, in order, in its signature.

    Whatever the caller gives by place or name is bound to that list, so that the classes need not repeat it. Own
    arguments that `init` takes by name only come behind the common ones.

    Raises:
        ArgumentError: at the call, an unknown or doubled argument; the message gives the nearest known name.
    """
    own = [each for each in inspect.signature(init).parameters.values() if each.kind is not each.VAR_KEYWORD]
    taken = {each.name for each in own}
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    behind = [each.replace(kind=kind) for each in own if each.kind is each.KEYWORD_ONLY]
    own = [each for each in own if each.kind is kind]
    common = [
        inspect.Parameter(name, kind, default=default)
        for name, default in COMMON_ARGUMENTS.items()
        if name not in taken
    ]
    signature = inspect.Signature([*own, *common, *behind])

    @functools.wraps(init)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        owner = type(self).__name__
        if kwargs.pop("decay", None) is not None:
            warnings.warn(f"{owner}: decay is ignored; use a learning-rate schedule", stacklevel=2)
        unknown = [name for name in kwargs if name not in signature.parameters]
        if unknown:
            nearest = serialization.nearest_name(unknown[0], list(signature.parameters)[1:])
            advice = f"did you mean {nearest!r}?" if nearest else "see the class for its arguments"
            raise errors.ArgumentError(f"{owner}: expected known arguments; received {unknown[0]!r}; {advice}")
        try:
            bound = signature.bind(self, *args, **kwargs)
        except TypeError as error:
            raise errors.ArgumentError(f"{owner}: expected each argument once; {error}; see the class") from None
        init(**bound.arguments)

    vars(checked)["__signature__"] = signature
    return checked
