"""How far a result may be from the truth, by dtype and by the number of terms that were added."""

from __future__ import annotations

# Rounding errors of half a unit that a function may make. The partial sums of n terms of size 1 grow like sqrt(n), and
# so do the errors of n roundings: together an absolute error that grows like n.
_EPSILON = {"bfloat16": 2.0**-8, "float16": 2.0**-11, "float32": 2.0**-24, "float64": 2.0**-53}
_RELATIVE_UNITS = {"bfloat16": 2.0, "float16": 2.0, "float32": 16.0, "float64": 64.0}


def tolerance(dtype: str, sum_length: int = 1) -> dict:
    """Keyword arguments for `numpy.testing.assert_allclose`: exact for anything but floats."""
    if dtype not in _EPSILON:
        return {"rtol": 0.0, "atol": 0.0}
    epsilon, units = _EPSILON[dtype], _RELATIVE_UNITS[dtype]
    return {"rtol": epsilon * units, "atol": epsilon * units * max(1.0, sum_length / 4)}
