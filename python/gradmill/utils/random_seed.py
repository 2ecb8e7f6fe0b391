"""One seed for everything random in a program."""

from typing import TYPE_CHECKING, Any, Dict, Optional

import numpy as np

from gradmill import errors
from gradmill import random as gradmill_random
from gradmill.utils.lazy import LazyModule

if TYPE_CHECKING:
    import random as python_random
else:
    python_random = LazyModule("random")

_LARGEST_SEED = 2**32 - 1
_seed: Optional[int] = None


def set_random_seed(seed: int) -> None:
    """Seed Python's, NumPy's and GradMill's random numbers, and the order in which `fit` shuffles.

    Args:
        seed: integer from 0 to 4294967295.

    Raises:
        ArgumentError: when `seed` is no integer of that range.

    Example:
        >>> import gradmill as gm
        >>> gm.utils.set_random_seed(7)
        >>> gm.utils.get_random_seed()
        7
    """
    global _seed
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise errors.ArgumentError(
            f"set_random_seed: seed must be an integer from 0 to {_LARGEST_SEED}; received seed={seed!r}"
        )
    if not 0 <= seed <= _LARGEST_SEED:
        raise errors.ArgumentError(f"set_random_seed: seed must lie between 0 and {_LARGEST_SEED}; received {seed}")
    _seed = int(seed)
    python_random.seed(_seed)
    np.random.seed(_seed)
    gradmill_random.set_seed(_seed)


def get_random_seed() -> Optional[int]:
    """Return the seed given to `set_random_seed`, or None when it was not called."""
    return _seed


class RandomState:
    """The states of the process-wide random numbers: GradMill's, NumPy's and Python's; for a checkpoint.

    Example:
        >>> import gradmill as gm
        >>> state = gm.train.RandomState()
        >>> kept = state.get_state()
        >>> first = float(gm.random.uniform(()))
        >>> state.set_state(kept)
        >>> float(gm.random.uniform(())) == first
        True
    """

    def get_state(self) -> Dict[str, Any]:
        """Return the states, made of numbers, text and arrays."""
        return {
            "gradmill": gradmill_random.get_global_state(),
            "numpy": np.random.get_state(),
            "python": python_random.getstate(),
        }

    def set_state(self, state: Dict[str, Any]) -> None:
        """Let all go on where they stood.

        Args:
            state: what `get_state` returned, in this process or another.
        """
        gradmill_random.set_global_state(state["gradmill"])
        np.random.set_state(state["numpy"])
        python_random.setstate(state["python"])


def new_shuffle_seed() -> int:
    """Return the seed from which one `fit`, or one shuffled data set, derives its order.

    Where random numbers are seeded it follows from that seed, so a second `fit` shuffles differently and the whole
    program still repeats; otherwise it comes from the operating system.
    """
    seed = gradmill_random.next_seed()
    return int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> np.uint64(1)) if seed is None else seed
