"""Rows for what draws or counts numbers. Philox4x32-10 is written out below in plain Python integers."""

import numpy as np
from case import case, values

MULTIPLIERS, WEYL = (0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85)
MASK = 0xFFFFFFFF


def philox(counter, key):
    """The ten rounds of Philox4x32 (Salmon et al. 2011, section 4.3)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        first, second = MULTIPLIERS[0] * c[0], MULTIPLIERS[1] * c[2]
        c = [(second >> 32) ^ c[1] ^ k[0], second & MASK, (first >> 32) ^ c[3] ^ k[1], first & MASK]
        k = [(k[0] + WEYL[0]) & MASK, (k[1] + WEYL[1]) & MASK]
    return c


case("iota", length=[0, 1, 17], dtype=["int32", "int64", "float32", "float64"], reference=lambda length, dtype: np.arange(length, dtype=dtype))
