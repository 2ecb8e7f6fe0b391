"""Models: layers that can be trained."""

from gradmill.models.cloning import clone_model
from gradmill.models.functional import Functional
from gradmill.models.model import Model, model_from_json
from gradmill.models.sequential import Sequential

__all__ = ["Functional", "Model", "Sequential", "clone_model", "model_from_json"]
