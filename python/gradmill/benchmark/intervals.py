"""What repeated measurements allow to say: medians, intervals, verdicts."""

import math
from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np

_DRAWS = 2000
# Ends of an interval of fewer repeats tell a reader nothing.
FEWEST_REPEATS = 3
# 0.975 quantiles of Student's t over those of the normal distribution, for 1, 2, ... degrees of freedom: few repeats
# know little about their own spread.
_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)
_NORMAL = 1.960


class Interval(NamedTuple):
    """A figure and the 95 % interval around it.

    Attributes:
        value: the median.
        low: lower end; the value itself where nothing is known of the spread.
        high: upper end.
        repeats: independent measurements behind it.
    """

    value: float
    low: float
    high: float
    repeats: int

    @property
    def width(self) -> float:
        """Half of the interval as a part of the value; infinite where nothing is known of the spread."""
        return math.inf if self.repeats < 2 else (self.high - self.low) / 2 / self.value

    def overlaps(self, other: "Interval") -> bool:
        """Whether two intervals have a point in common."""
        return self.low <= other.high and other.low <= self.high


def _widening(repeats: int) -> float:
    """By how much a bootstrap interval of so few repeats is too narrow."""
    degrees = repeats - 1
    quantile = _T[degrees - 1] if degrees <= len(_T) else _NORMAL
    return quantile / _NORMAL * math.sqrt(repeats / degrees)


def _of_logarithms(values: np.ndarray) -> Tuple[float, float]:
    """Ends of the bootstrap interval of the median, widened, around 0."""
    generator = np.random.default_rng(0)
    draws = np.median(generator.choice(values, (_DRAWS, len(values))), axis=1)
    middle, factor = float(np.median(values)), _widening(len(values))
    low, high = np.percentile(draws, [2.5, 97.5])
    return (low - middle) * factor, (high - middle) * factor


def interval_of(values: Sequence[float]) -> Interval:
    """Return the median of independent measurements with its 95 % bootstrap interval.

    The interval is widened for few repeats, as Student's t is wider than the normal distribution.

    Args:
        values: positive figures, one for each repeat (each process).

    Example:
        >>> from gradmill.benchmark.intervals import interval_of
        >>> found = interval_of([99.0, 100.0, 101.0])
        >>> round(found.value, 6), found.low < 99 and found.high > 101
        (100.0, True)
    """
    logarithms = np.log(np.asarray(values, "float64"))
    middle = float(np.median(np.asarray(values, "float64")))
    if len(values) < 2:
        return Interval(middle, middle, middle, len(values))
    low, high = _of_logarithms(logarithms)
    return Interval(middle, middle * math.exp(low), middle * math.exp(high), len(values))


def ratio_of(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """Return how many times as large our figures are as theirs, measured in turn.

    The first of each belong together, and so on: what made the machine slow for a while cancels. Figures without a
    counterpart are left out.

    Args:
        ours: positive figures.
        theirs: positive figures, in the order in which they were measured.

    Example:
        >>> from gradmill.benchmark.intervals import ratio_of
        >>> ratio_of([20.0, 10.0], [10.0, 5.0]).value
        2.0
    """
    return interval_of([one / other for one, other in zip(ours, theirs)])


def verdict(ratio: Optional[Interval]) -> str:
    """Return "faster", "slower" or "cannot tell".

    Args:
        ratio: of speeds, None where there is none.

    Example:
        >>> from gradmill.benchmark.intervals import Interval, verdict
        >>> verdict(Interval(2.0, 1.9, 2.1, 5)), verdict(Interval(1.0, 0.9, 1.1, 5))
        ('faster', 'cannot tell')
    """
    if ratio is None or ratio.repeats < 2 or ratio.low <= 1 <= ratio.high:
        return "cannot tell"
    return "faster" if ratio.low > 1 else "slower"


def median(values: Sequence[float]) -> float:
    """Return the median.

    Args:
        values: at least one.
    """
    return float(np.median(list(values)))
