"""What modules of expressions have recorded with another framework."""

from types import ModuleType
from typing import Dict

import numpy as np


def recorded_values(module: ModuleType) -> Dict[str, np.ndarray]:
    """Return the arrays of a module's RECORDED file, by the names of its expressions."""
    with np.load(module.RECORDED) as file:
        return dict(file)
