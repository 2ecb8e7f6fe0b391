"""One seed for everything random in a program."""

from typing import TYPE_CHECKING, Optional

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


def new_shuffle_seed() -> int:
    """Return the seed from which one `fit` derives the order of its samples.

    With `set_random_seed` it comes from NumPy's seeded stream, so a second `fit` shuffles differently and the
    whole program still repeats; otherwise from the operating system.
    """
    if _seed is not None:
        return int(np.random.randint(0, 2**31 - 1))
    return int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> np.uint64(1))
