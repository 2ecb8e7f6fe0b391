"""The `>>>` examples in docstrings run, and print what they say.

`gm` and `np` are there without an import. Whitespace may differ, and `...` stands for any text.
"""

import doctest
import importlib
import os
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules() -> Iterator[str]:
    """Names of all modules of the package that are not below a name with a leading underscore (compiled ones are).

    The libraries that a wheel carries beside the modules look like modules, but are none.
    """
    yield gm.__name__
    for found in pkgutil.walk_packages(gm.__path__, prefix=f"{gm.__name__}."):
        if not any(part.startswith(("_", "lib")) for part in found.name.split(".")):
            yield found.name


def examples() -> Iterator[doctest.DocTest]:
    """The docstrings that hold examples, each once."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    seen = set()
    for name in modules():
        module = importlib.import_module(name)
        for test in finder.find(module, module=module):
            place = (test.filename, test.lineno, test.name)
            if test.examples and place not in seen:
                seen.add(place)
                yield test


@pytest.mark.parametrize("test", list(examples()), ids=lambda test: test.name)
def test_examples_run(test: doctest.DocTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # an example may write a file
    gm.utils.set_random_seed(0)
    gm.utils.clear_session()
    test.globs.update(gm=gm, np=np)
    report: list[str] = []
    outcome = doctest.DocTestRunner(optionflags=OPTIONS, verbose=False).run(test, out=report.append)
    assert outcome.failed == 0, "".join(report)


def test_most_modules_have_examples() -> None:
    """A change that hides the docstrings from the finder must not pass as "nothing failed"."""
    assert len(list(examples())) > 100


def test_a_wrong_example_fails() -> None:
    test = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", os.devnull, 0)
    assert doctest.DocTestRunner(verbose=False).run(test, out=lambda _: None).failed == 1
