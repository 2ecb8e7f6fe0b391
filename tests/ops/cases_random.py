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


case(
    "iota",
    length=[0, 1, 17],
    dtype=["int32", "int64", "float32", "float64"],
    reference=lambda length, dtype: np.arange(length, dtype=dtype),
)


def np_random_uniform(key, shape, dtype):
    """Four floats, or two doubles, from each block; the block number is the low half of the counter."""
    seed, counter = (int(word) % 2**64 for word in key)
    count, numbers, block = int(np.prod(shape)), [], 0
    while len(numbers) < count:
        words = philox((block & MASK, block >> 32, counter & MASK, counter >> 32), (seed & MASK, seed >> 32))
        if dtype == "float64":
            numbers += [((words[i] >> 5) * 2**26 + (words[i + 1] >> 6)) * 2.0**-53 for i in (0, 2)]
        else:
            numbers += [(word >> 8) * 2.0**-24 for word in words]
        block += 1
    return np.array(numbers[:count]).reshape(shape).astype(dtype)


for seed, counter in ((0, 0), (1, 7), (2**40 + 3, 2**35), (2**63 - 1, 5)):
    case(
        "random_uniform",
        key=values([seed, counter], "int64"),
        shape=[(3, 5), (0,), (4097,)],
        dtype=["float32", "float64"],
        reference=np_random_uniform,
        exact=True,
    )
case(
    "random_uniform",
    key=values([5, 6], "int64"),
    shape=(41, 1031),
    dtype="float32",
    reference=np_random_uniform,
    exact=True,
    large=True,
)
