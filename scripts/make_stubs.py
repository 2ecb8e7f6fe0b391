#!/usr/bin/env python3
"""Writes the type stubs of the compiled modules, gradmill._core and gradmill._hdf5, from what they say themselves.

    python scripts/make_stubs.py           writes python/gradmill/_core.pyi and _hdf5.pyi
    python scripts/make_stubs.py --check   exits with 1 where a file differs from what would be written

pybind11 puts signatures into docstrings, in a wording that differs between its versions; ops carry a text signature.
Both are turned into the same annotations, whatever made the modules. tests/house checks that the files are up to date.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Iterator, Optional

PACKAGE = Path(__file__).resolve().parent.parent / "python" / "gradmill"
MODULES = ("_core", "_hdf5")

# Spellings of pybind11's annotations, old and new, in the order in which they are replaced.
SPELLINGS = [
    (r"\btyping\.SupportsInt \| typing\.SupportsIndex\b", "int"),
    (r"\btyping\.SupportsFloat \| typing\.SupportsIndex\b", "float"),
    (r"\btyping\.SupportsInt\b", "int"),
    (r"\btyping\.SupportsFloat\b", "float"),
    (r"\b(collections\.abc|typing)\.(\w+)", r"\2"),
    (r"\bList\[", "list["),
    (r"\bDict\[", "dict["),
    (r"\bTuple\[", "tuple["),
    (r"\b(object|handle)\b", "Any"),
    (r"\bfunction\b", "Callable[..., Any]"),
    (r"\bgradmill\._(core|hdf5)\.", ""),
    (r"\bnumpy\.ndarray\b(\[[^\]]*\])?", "np.ndarray"),
    (r"\blist(?!\[)\b", "list[Any]"),
    (r"\bdict(?!\[)\b", "dict[str, Any]"),
    (r"\btuple(?!\[)\b", "tuple[Any, ...]"),
]
# What the engine returns as a Python object although its type is known: operators give tensors (to symbolic operands
# they answer NotImplemented), sizes are numbers, facts have names.
RETURNS = {
    "shape": "tuple[int, ...]",
    "item": "Union[bool, int, float]",
    "catalogue": "list[dict[str, Any]]",
    "profile": "list[dict[str, Any]]",
    "__iter__": "Iterator[Tensor]",
    "__array__": "np.ndarray",
    "matmul": "Tensor",
}
COMPARISONS = ("__eq__", "__ne__")  # typed bool-like by `object`; ours give tensors
IGNORED = ("_pybind11_conduit_v1_", "__doc__", "__module__", "__array_ufunc__", "__annotations__")
DEFAULT_INIT = "Initialize self.  See help(type(self)) for accurate signature."

HEAD = '''"""{text}

Written by scripts/make_stubs.py from the compiled module; do not edit.
"""

from typing import Any, Callable, Iterator, Optional, Sequence, Union

import numpy as np
'''


def plain(annotation: str, is_parameter: bool) -> str:
    """An annotation of pybind11 in our words; lists are sequences where they are read only."""
    for pattern, replacement in SPELLINGS:
        annotation = re.sub(pattern, replacement, annotation)
    if "::" in annotation:
        raise SystemExit(f"{annotation}: a C++ name; bind the class before the function that uses it")
    return re.sub(r"^list\b", "Sequence", annotation) if is_parameter else annotation


def split_parameters(text: str) -> list[str]:
    """The parameters of a signature: split at commas outside brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[(") - (letter in "])")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def signature_of(name: str, docstring: Optional[str], is_method: bool) -> tuple[str, str, str]:
    """(parameters, result, text) from the docstring of a function or method of pybind11."""
    first, _, text = (docstring or "").partition("\n")
    match = re.fullmatch(r"\w*\((.*)\) -> (.+?)\s*", first)
    if not match:
        raise SystemExit(f"{name}: no signature in the docstring {docstring!r}")
    parameters = []
    for number, parameter in enumerate(split_parameters(match[1])):
        label, _, annotation = parameter.partition(": ")
        if is_method and number == 0:
            parameters.append("self")
            continue
        annotation, equals, default = (annotation or "object").partition(" = ")
        positional = re.fullmatch(r"arg\d+", label)
        label = f"__{label}" if positional else label
        parameters.append(f"{label}: {plain(annotation, True)}{equals}{default}")
    operator = name.startswith("__") and match[2] == "object"
    result = RETURNS.get(name, "Tensor" if operator else plain(match[2], False))
    return ", ".join(parameters), result, text.strip()


def documented(head: str, text: str, indent: str) -> Iterator[str]:
    """A definition with its docstring, or on one line."""
    if not text:
        yield f"{indent}{head}: ..."
        return
    yield f"{indent}{head}:"
    lines = text.splitlines()
    yield f'{indent}    """{lines[0]}' + ('"""' if len(lines) == 1 else "")
    if len(lines) > 1:
        yield from (f"{indent}    {line}".rstrip() for line in lines[1:])
        yield f'{indent}    """'


def class_stub(name: str, cls: type) -> Iterator[str]:
    """A class with its properties and methods."""
    base = cls.__mro__[1].__name__
    yield f"class {name}({base}):" if issubclass(cls, BaseException) else f"class {name}:"
    if issubclass(cls, BaseException):  # their texts are set by gradmill.errors
        yield "    ..."
        return
    if cls.__doc__:
        yield f'    """{cls.__doc__.strip()}"""'
        yield ""
    for member, value in vars(cls).items():
        if member in IGNORED:
            continue
        if isinstance(value, property) and inspect.isfunction(value.fget):
            continue  # added by the Python package
        if isinstance(value, property):
            _, result, _ = signature_of(member, value.fget.__doc__, True)
            yield "    @property"
            yield f"    def {member}(self) -> {result}: ..."
            if value.fset:
                yield f"    @{member}.setter"
                yield f"    def {member}(self, __value: {result}) -> None: ..."
        elif callable(value):
            if value.__doc__ == DEFAULT_INIT:
                continue  # not made from Python
            parameters, result, text = signature_of(member, value.__doc__, True)
            head = f"def {member}({parameters}) -> {result}"
            lines = list(documented(head, text, "    "))
            if member in COMPARISONS:
                lines[0] += "  # type: ignore[override]"
            yield from lines
        elif isinstance(value, int):
            yield f"    {member}: int"
    if cls.__dictoffset__:  # attributes of any name may be added
        yield "    def __getattr__(self, __name: str) -> Any: ..."
        yield "    def __setattr__(self, __name: str, __value: Any) -> None: ..."


def op_annotation(default: Any) -> str:
    """The type of an op's attribute, from its default."""
    if isinstance(default, list):
        return "Union[int, Sequence[int]]"
    return "Any" if default is None else type(default).__name__


def ops_stub(module: ModuleType, facts: dict[str, dict]) -> Iterator[str]:
    """The submodule of ops as a class of static methods: a stub file cannot hold a module."""
    yield "class _Ops:"
    yield f'    """{module.__doc__}"""'
    for name, function in vars(module).items():
        if name.startswith("__"):
            continue
        parameters = []
        for parameter in inspect.signature(function).parameters.values():
            if parameter.default is inspect.Parameter.empty:
                parameters.append(f"{parameter.name}: Any")
            else:
                annotation = op_annotation(parameter.default)
                parameters.append(f"{parameter.name}: {annotation} = {parameter.default!r}")
        count = len(facts[name]["outputs"])
        result = "Tensor" if count == 1 else "Any" if count == 0 else f"tuple[{', '.join(['Tensor'] * count)}]"
        yield ""
        yield "    @staticmethod"
        text = facts[name]["text"]
        yield from documented(f"def {name}({', '.join(parameters)}) -> {result}", text, "    ")
    yield ""
    yield "ops: _Ops"


def stub_of(module: ModuleType) -> str:
    """The whole text of a module's stub."""
    lines: list[str] = []
    for name, value in vars(module).items():
        if name == "__version__":
            lines.append("__version__: str")
        if name.startswith("__"):
            continue
        if isinstance(value, type):
            lines.extend(["", *class_stub(name, value)])
        elif inspect.ismodule(value):
            lines.extend(["", *ops_stub(value, {row["name"]: row for row in module.catalogue()})])
        elif callable(value):
            parameters, result, text = signature_of(name, value.__doc__, False)
            if lines and lines[-1].startswith(" "):
                lines.append("")
            lines.extend(documented(f"def {name}({parameters}) -> {result}", text, ""))
    return HEAD.format(text=(module.__doc__ or "").strip() or module.__name__) + "\n".join(["", *lines]) + "\n"


def main() -> int:
    """Write or check the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a file is out of date")
    arguments = parser.parse_args()
    outdated = []
    for name in MODULES:
        path = PACKAGE / f"{name}.pyi"
        wanted = stub_of(importlib.import_module(f"gradmill.{name}"))
        if arguments.check:
            if not path.exists() or path.read_text(encoding="utf-8") != wanted:
                outdated.append(path.name)
        else:
            path.write_text(wanted, encoding="utf-8")
    if outdated:
        print(f"out of date: {', '.join(outdated)}; run python scripts/make_stubs.py")
    return 1 if outdated else 0


if __name__ == "__main__":
    sys.exit(main())
