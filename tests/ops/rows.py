"""All rows of this folder; run as a program, computes every row and saves the results: `python rows.py OUT.npz`.

The program is how one process with GRADMILL_ISA=generic is compared with another.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
from case import CASES, Case

for path in sorted(Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)


def outputs(row: Case, dtype: str) -> list:
    """What the op returns, as a list of tensors."""
    return as_list(row.run(*row.tensors(dtype)))


def as_list(result: object) -> list:
    """Several outputs, or one, as a list."""
    return list(result) if isinstance(result, (list, tuple)) else [result]


def as_numpy(tensor: object) -> np.ndarray:
    """Values in a NumPy dtype; bfloat16, which NumPy lacks, as float32."""
    return np.asarray((tensor.astype("float32") if tensor.dtype == "bfloat16" else tensor).numpy())


def dtypes_of(row: Case) -> tuple:
    """The float dtypes to try a row in; one for rows without float inputs."""
    return row.dtypes if any(source.floating for source in row.flat_sources()) else row.dtypes[:1]


def main() -> None:
    """Save every result under `row label|dtype|number of the output`."""
    results = {}
    for row in CASES:
        for dtype in dtypes_of(row):
            for number, output in enumerate(outputs(row, dtype)):
                results[f"{row.label}|{dtype}|{number}"] = as_numpy(output)
    np.savez(sys.argv[1], **results)


if __name__ == "__main__":
    main()
