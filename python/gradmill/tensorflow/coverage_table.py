"""The list of names that are covered, made from the names themselves."""

from __future__ import annotations

import textwrap
import types
from typing import Iterator

from gradmill.tensorflow.import_hook import DATASETS
from gradmill.tensorflow.namespace import ADVICE, Namespace, namespaces


def covered(tf: types.ModuleType) -> Iterator[tuple[str, str, list[str]]]:
    """Yield (path, purpose, names) of each namespace; a name that is a namespace has a row of its own.

    Args:
        tf: the namespace `tf`.
    """
    for path, module in [*namespaces(tf, "tf"), *namespaces(DATASETS, "tfds")]:
        names = [name for name in dir(module) if not name.startswith("_")]
        plain = [name for name in names if not isinstance(getattr(module, name), Namespace)]
        yield path, (module.__doc__ or "").strip().splitlines()[0], plain


def as_text(tf: types.ModuleType) -> str:
    """Return the list as text for a terminal.

    Args:
        tf: the namespace `tf`.
    """
    blocks = []
    for path, purpose, names in covered(tf):
        listed = textwrap.fill(", ".join(names), 100, initial_indent="    ", subsequent_indent="    ")
        blocks.append(f"{path}: {purpose}\n{listed}")
    return "\n".join(blocks)


def as_page(tf: types.ModuleType) -> str:
    """Return the part of the page in the docs that lists the names: what a module of `gradmill` offers, by its name.

    Args:
        tf: the namespace `tf`.
    """
    rows = ["| namespace | names |", "|---|---|"]
    for path, module in [*namespaces(tf, "tf", lent=False), *namespaces(DATASETS, "tfds")]:
        own = [f"`{name}`" for name, value in sorted(module.own_names.items()) if not isinstance(value, Namespace)]
        whole = [f"all of `{source}`" for source in module.source_names]
        if own or whole:
            rows.append(f"| `{path}` | {', '.join([*own, *whole])} |")
    rows += ["", "## What to use instead", "", "| missing | advice |", "|---|---|"]
    rows += [f"| `{name}` | {advice} |" for name, advice in sorted(ADVICE.items())]
    return "\n".join(rows) + "\n"
