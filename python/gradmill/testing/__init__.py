"""Public checkers for layers and functions that users write."""

from gradmill.testing.gradients import check_gradients
from gradmill.testing.layer_check import run_layer_check

__all__ = ["check_gradients", "run_layer_check"]
