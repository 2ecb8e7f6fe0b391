"""Every public class and function explains itself, and every op of the engine has a text.

Public is what a user reaches from `import gradmill as gm` through names without a leading underscore.
"""

import ast
import inspect
import textwrap
import types
from typing import Any, Iterator, Optional

import pytest

import gradmill
from gradmill import _core


def public_objects(module: types.ModuleType, seen: Optional[set[int]] = None) -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, object) for our public classes and functions, each once."""
    seen = set() if seen is None else seen
    seen.add(id(module))
    for name in sorted(getattr(module, "__all__", dir(module))):
        value = getattr(module, name)
        home = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", None)
        if name.startswith("_") or id(value) in seen or not str(home).startswith("gradmill"):
            continue
        if not hasattr(module, "__all__") and not hasattr(module, "__path__") and home != module.__name__:
            continue  # what a plain module imports for its own use
        if inspect.ismodule(value):
            yield from public_objects(value, seen)
        elif inspect.isclass(value) or inspect.isroutine(value):
            seen.add(id(value))
            yield f"{module.__name__}.{name}", value


def source_tree(value: Any) -> Optional[ast.AST]:
    """The syntax tree of a Python function or class; None for what is compiled or made at run time."""
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(value)))
    except (OSError, TypeError, SyntaxError):
        return None


def raises(function: Any) -> bool:
    """Whether the function itself holds a `raise` that a caller can meet."""
    tree = source_tree(function)
    nodes = ast.walk(tree) if tree else ()
    return any(isinstance(node, ast.Raise) and node.exc is not None for node in nodes)


def parameters_of(function: Any) -> list[str]:
    """Names of the arguments a caller gives."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    free = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in parameters if p.kind not in free and p.name not in ("self", "cls")]


def complaints_about(value: Any) -> list[str]:
    """What the docstring of one class or function lacks."""
    text = inspect.cleandoc(vars(value).get("__doc__") or "") if inspect.isclass(value) else inspect.getdoc(value) or ""
    if not text:
        return ["no docstring"]
    found = []
    if not text.split("\n\n")[0].rstrip().endswith((".", ":")):
        found.append("its first paragraph is not a sentence")
    made_by = vars(value).get("__init__") if inspect.isclass(value) else value
    if made_by is None or isinstance(value, type) and issubclass(value, BaseException):
        return found
    text += "\n" + (inspect.getdoc(made_by) or "") if inspect.isclass(value) and inspect.isfunction(made_by) else ""
    if parameters_of(made_by) and "Args:" not in text:
        found.append(f"no Args ({', '.join(parameters_of(made_by))})")
    if raises(made_by) and "Raises:" not in text:
        found.append("no Raises, but the code raises")
    return found


@pytest.mark.parametrize(("name", "value"), list(public_objects(gradmill)), ids=lambda item: str(item)[:80])
def test_public_objects_explain_themselves(name: str, value: Any) -> None:
    found = complaints_about(value)
    assert not found, f"{name}: {'; '.join(found)}"


def test_every_op_of_the_engine_has_a_text() -> None:
    bare = [row["name"] for row in _core.catalogue() if not row["text"].strip().endswith(".")]
    assert not bare, f"Signature(name, text): a sentence is missing for {', '.join(bare)}"


def undocumented(x):
    return x


def half_documented(x):
    """Do something.

    Args:
        x: a number.
    """
    if x < 0:
        raise ValueError(x)
    return x


class Documented:
    """Hold a number.

    Args:
        x: the number, >= 0.

    Raises:
        ValueError: when x is negative.
    """

    def __init__(self, x):
        if x < 0:
            raise ValueError(x)


class Bare(Documented):
    pass


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (undocumented, ["no docstring"]),
        (half_documented, ["no Raises, but the code raises"]),
        (Documented, []),
        (Bare, ["no docstring"]),
    ],
)
def test_the_checker_itself(value: Any, expected: list[str]) -> None:
    assert complaints_about(value) == expected
