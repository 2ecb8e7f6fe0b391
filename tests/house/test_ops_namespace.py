"""`gradmill.ops` has every public op and nothing else: no helper, no import of its modules."""

import importlib
import inspect
import pkgutil

import pytest

from gradmill import ops

MODULES = sorted(each.name for each in pkgutil.iter_modules(ops.__path__))
HELPERS = {"attending", "calling", "entries", "layout", "windows"}  # modules without ops
NAMESPACES = {"image", "linalg", "nn", "numpy"}  # modules that show the ops of others, as Keras has them
FAMILIES = [name for name in MODULES if name not in HELPERS | NAMESPACES]


def own_functions(module) -> set:
    """Public functions that a module defines itself."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and callable(value) and getattr(value, "__module__", None) == module.__name__
    }


OF_IMAGES = [f"image.{each.name}" for each in pkgutil.iter_modules(ops.image.__path__)]
OF_IMAGES = [name for name in OF_IMAGES if name not in ("image.frames", "image.likeness", "image.sampling")]  # helpers


@pytest.mark.parametrize("name", FAMILIES + OF_IMAGES)
def test_a_module_exports_all_its_ops_and_nothing_else(name: str) -> None:
    module = importlib.import_module(f"gradmill.ops.{name}")
    # A second name of an op may stand in another module than the first.
    own = own_functions(module) | {each for each in module.__all__ if getattr(module, each).__name__ != each}
    assert sorted(module.__all__) == sorted(own), f"correct __all__ of ops/{name}.py"


@pytest.mark.parametrize("name", sorted(NAMESPACES - {"image"}))
def test_a_namespace_shows_ops_that_are_at_the_top(name: str) -> None:
    module = importlib.import_module(f"gradmill.ops.{name}")
    visible = {each for each in vars(module) if not each.startswith("_")}
    assert visible == set(module.__all__)
    assert all(getattr(module, each) is getattr(ops, each) for each in visible)


def test_the_namespace_is_what_the_modules_export() -> None:
    modules = [importlib.import_module(f"gradmill.ops.{name}") for name in FAMILIES]
    exported = [each for module in modules for each in module.__all__]
    assert len(exported) == len(set(exported)), "two modules export the same name"
    assert sorted(ops.__all__) == sorted(exported)
    assert all(callable(getattr(ops, name)) and not inspect.ismodule(getattr(ops, name)) for name in ops.__all__)
    # Keras has custom_gradient among its ops; it makes functions, and stands with the tapes.
    visible = {name for name in vars(ops) if not name.startswith("_")} - {"custom_gradient"}
    assert visible - set(MODULES) == set(ops.__all__) - set(MODULES), "a helper is visible as gradmill.ops.NAME"


@pytest.mark.parametrize("name", ["public_op", "float_tensor", "axes_of", "tensor", "np", "config", "List", "Optional"])
def test_helpers_are_not_ops(name: str) -> None:
    assert not hasattr(ops, name)
