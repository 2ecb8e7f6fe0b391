"""Checks that every op gets for its rows of data in cases_FAMILY.py.

Value = NumPy in float64, kernel = decomposition, inferred type = actual type, gradient = central differences in
float64, eager = compiled, one thread = two threads bit for bit, every instruction set alike, sliced inputs; and for
every op of the catalogue: it has a row, and bad input ends in an error, never in a crash. Non-finite values are
compared, never skipped.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from case import CASES, FACTS, Case
from rows import as_list, as_numpy, dtypes_of, outputs
from tolerances import tolerance

import gradmill as gm
from gradmill import _core
from gradmill.testing import check_gradients

HERE = Path(__file__).parent
# Ops that only the compiler makes: tests/passes and the compiled checks here run them.
MADE_BY_THE_COMPILER = {"fused_tile"}

ROWS = [pytest.param(row, id=row.label) for row in CASES]
WITH_GRADIENT = [pytest.param(row, id=row.label) for row in CASES if row.differentiable]
DECOMPOSED = [
    pytest.param(row, id=row.label)
    for row in CASES
    if FACTS[row.op]["has_decomposition"] and FACTS[row.op]["cpu"] != "decompose"
]
SMALL = [pytest.param(row, id=row.label) for row in CASES if not row.large and row.sources]


def assert_same(found, wanted, dtype: str, sum_length: int = 1, exact: bool = False) -> None:
    """Equal shapes, the same non-finite values in the same places, finite ones within the table."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape
    if exact or found.dtype.kind in "biu":
        np.testing.assert_array_equal(found, wanted)
        return
    with np.errstate(over="ignore"):
        limited = wanted.astype("float32" if dtype == "bfloat16" else dtype)
    np.testing.assert_allclose(found.astype(np.float64), limited.astype(np.float64), **tolerance(dtype, sum_length))


@pytest.mark.parametrize("row", ROWS)
def test_value(row: Case) -> None:
    for dtype in dtypes_of(row):
        found = outputs(row, dtype)
        wanted = row.expected(row.arrays(dtype))
        assert len(found) == len(wanted)
        for one, expected in zip(found, wanted):
            assert_same(as_numpy(one), expected, one.dtype, row.sum_length, row.exact)


@pytest.mark.parametrize("row", DECOMPOSED)
def test_the_kernel_is_the_decomposition(row: Case) -> None:
    for dtype in set(dtypes_of(row)) & {"float32", "float64"}:
        tensors = row.tensors(dtype)
        for whole, pieces in zip(as_list(row.run(*tensors)), as_list(row.run_decomposed(*tensors))):
            assert (pieces.shape, pieces.dtype) == (whole.shape, whole.dtype)
            assert_same(as_numpy(pieces), as_numpy(whole), dtype, row.sum_length, row.exact)


def test_every_decomposition_is_compared() -> None:
    both = {name for name, facts in FACTS.items() if facts["has_decomposition"] and facts["cpu"] != "decompose"}
    assert both <= {row.op for row in CASES}
    assert {"softmax", "log_softmax", "sparse_softmax_cross_entropy"} <= both


def test_decompositions_refuse_what_the_op_refuses() -> None:
    with pytest.raises(gm.errors.ArgumentError, match="out of range"):
        _core.run_decomposition("softmax", np.ones((2, 3), "float32"), axis=5)
    with pytest.raises(gm.errors.ArgumentError, match="unknown argument"):
        _core.run_decomposition("softmax", np.ones((2, 3), "float32"), axes=1)
    with pytest.raises(gm.errors.ArgumentError, match="inputs"):
        _core.run_decomposition("softmax")
    with pytest.raises(gm.errors.UnsupportedError, match="no decomposition"):
        _core.run_decomposition("exp", 1.0)
    with pytest.raises(gm.errors.ArgumentError, match="softmax"):
        _core.run_decomposition("softmaxx", 1.0)


@pytest.mark.parametrize("row", ROWS)
def test_inferred_type(row: Case) -> None:
    for dtype in dtypes_of(row):
        actual = outputs(row, dtype)
        trace = _core.Trace()
        trace.start()
        try:
            inferred = row.run(*(trace.input(tensor.shape, tensor.dtype) for tensor in row.tensors(dtype)))
        finally:
            trace.stop()
        for one, other in zip(as_list(inferred), actual):
            assert (one.shape, one.dtype) == (other.shape, other.dtype)


@pytest.mark.parametrize("row", WITH_GRADIENT)
def test_gradient(row: Case) -> None:
    arrays, sources = row.arrays("float64"), row.flat_sources()
    floating = [number for number, source in enumerate(sources) if source.floating]

    def run(*tensors):
        everything = [_core.tensor(array) for array in arrays]
        for number, tensor in zip(floating, tensors):
            everything[number] = tensor
        return row.run_differentiable(*everything)

    check_gradients(run, [arrays[number] for number in floating], max_elements=6, rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("row", ROWS)
def test_eager_is_compiled(row: Case) -> None:
    for dtype in dtypes_of(row):
        compiled = as_list(gm.function(row.run)(*row.tensors(dtype)))
        for one, eager in zip(compiled, outputs(row, dtype)):
            assert (one.shape, one.dtype) == (eager.shape, eager.dtype)
            # Parts of an op without a kernel may be fused in a plan, which saves roundings.
            exact = FACTS[row.op]["cpu"] != "decompose"
            assert_same(as_numpy(one), as_numpy(eager), one.dtype, row.sum_length, exact)


@pytest.mark.parametrize("row", WITH_GRADIENT)
def test_gradient_eager_is_compiled(row: Case) -> None:
    def gradients(*tensors):
        with gm.GradientTape() as tape:
            for tensor in tensors:
                tape.watch(tensor)
            y = as_list(row.run_differentiable(*tensors))
        return tape.gradient(y, list(tensors), unconnected_gradients="zero")

    tensors = row.tensors("float64")
    for eager, compiled in zip(gradients(*tensors), gm.function(gradients)(*tensors)):
        assert_same(as_numpy(compiled), as_numpy(eager), "float64", row.sum_length)


def test_one_thread_is_two_threads() -> None:
    before = gm.config.get_threads()
    found = []
    try:
        for threads in (1, 2):
            gm.config.set_threads(threads)
            found.append(
                {
                    (row.label, dtype, number): as_numpy(output)
                    for row in CASES
                    for dtype in dtypes_of(row)
                    for number, output in enumerate(outputs(row, dtype))
                }
            )
    finally:
        gm.config.set_threads(before)
    different = [
        key
        for key, one in found[0].items()
        if not np.array_equal(one.view(f"V{one.itemsize}"), found[1][key].view(f"V{one.itemsize}"))
    ]
    assert not different


@pytest.mark.parametrize("level", gm.config.usable_instruction_sets())
def test_every_instruction_set_gives_the_same(level: str, tmp_path: Path) -> None:
    target = tmp_path / f"{level}.npz"
    environment = {**os.environ, "GRADMILL_ISA": level, "GRADMILL_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(Path(gm.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    )
    done = subprocess.run(
        [sys.executable, str(HERE / "rows.py"), str(target)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    problems = []
    with np.load(target) as results:
        for row in CASES:
            for dtype in dtypes_of(row):
                for number, here in enumerate(outputs(row, dtype)):
                    there = results[f"{row.label}|{dtype}|{number}"]
                    try:
                        assert_same(there, as_numpy(here), here.dtype, row.sum_length, row.exact)
                    except AssertionError as error:
                        problems.append(f"{row.label} {dtype}: {error}")
    assert not problems, "\n".join(problems[:10])


@pytest.mark.parametrize("row", SMALL)
def test_sliced_inputs(row: Case) -> None:
    """Inputs that are views with strides give what their copies give."""
    dtype = dtypes_of(row)[0]
    spread = []
    for array in row.arrays(dtype):
        every_second = (slice(None, None, 2),) * array.ndim
        wide = np.zeros([2 * size for size in array.shape], array.dtype)[(*every_second, ...)]
        wide[...] = array
        spread.append(wide)
    views = [np.array(array.T, order="C").T for array in spread]
    expected = as_numpy(outputs(row, dtype)[0])
    for arrays in (spread, views):
        np.testing.assert_array_equal(as_numpy(as_list(row.run(*row.tensors(dtype, arrays)))[0]), expected)
    sliced = []
    for tensor in row.tensors(dtype):
        twice = gm.ops.repeat(tensor, 2, axis=0) if tensor.ndim and tensor.shape[0] else tensor
        sliced.append(twice[::2] if tensor.ndim and tensor.shape[0] else tensor)
    np.testing.assert_array_equal(as_numpy(as_list(row.run(*sliced))[0]), expected)


def test_every_op_has_a_row() -> None:
    covered = {row.op for row in CASES}
    missing = [
        f"{name}: add a row to tests/ops/cases_{facts['family']}.py"
        for name, facts in FACTS.items()
        if name not in covered | MADE_BY_THE_COMPILER
    ]
    assert not missing, "\n".join(missing)
    assert MADE_BY_THE_COMPILER <= set(FACTS)


def test_differentiable_ops_have_a_gradient_row() -> None:
    checked = {row.op for row in CASES if row.differentiable}
    missing = [name for name, facts in FACTS.items() if facts["differentiable"] and name not in checked]
    assert not missing


# Runs one op with every kind of bad and strange input. Each call either works or raises one of our errors; the name is
# printed first, so that a crash or a hang is known by its op.
HOSTILE = """
import itertools, sys
import numpy as np
import gradmill as gm
from gradmill import _core

allowed = (gm.errors.GradMillError, TypeError, OverflowError)
def attributes_for(name):
    if name in ("axes", "shape", "permutation", "starts", "counts", "steps", "before", "after", "window"):
        return [[], [0], [1], [-1], [0, 0], [1, 0], [2**62, 2**62], [-2**63], [0] * 9, [2**40], [3, 2]]
    if name in ("strides", "padding_low", "padding_high", "dilation", "input_size", "kernel_size"):
        return [[], [1], [1, 1], [3, 3], [5, 5], [0, 1], [-1, 2], [2**62, 2**62], [2**40], [1] * 9]
    if name == "groups":
        return [1, 2, 0, -1, 2**62]
    if name in ("axis", "length", "ignore_class", "group", "size", "height", "width"):
        return [0, 1, -1, -2, 7, 2**40, 2**62, -2**63]
    if name == "dtype":
        return ["float32", "int8", "bool"]
    if name == "method":
        return ["nearest", "bilinear", "lanczos5", "text"]
    if name == "fill_mode":
        return ["constant", "wrap", "mirror", "text"]
    if name in ("value", "epsilon"):
        return [0.0, float("nan")]
    return [True, False]

arrays = [np.float32(1.5), np.zeros((0,), "float32"), np.ones((1,), "float32"), np.ones((2, 3), "float32"),
          np.ones((3, 2), "float64"), np.zeros((0, 3), "int32"), np.array([5, -7, 2**31 - 1], "int32"),
          np.array([True, False]), np.ones((2, 3, 0, 1)), np.ones((1,) * 8, "float32"), np.array([-2**63, 3], "int64"),
          np.full((2, 3), np.nan, "float32"), np.ones((1, 5, 5, 2), "float32"), np.ones((3, 3, 2, 4), "float32"),
          np.ones((1, 3, 3, 4), "float32"), np.ones((0, 5, 2)), np.ones((3, 0, 4)), np.ones((1, 3, 0)),
          np.ones((1, 3, 4, 2), "float32"), np.array([[1e30, -np.inf, np.nan, 2.0, 1e-30, -7.5]], "float32")]
unexpected = []
generator = np.random.default_rng(0)
for facts in _core.catalogue():
    name = facts["name"]
    if name == "fused_tile":
        continue
    function = getattr(_core.ops, name)
    print(name, flush=True)
    tensors = [_core.tensor(a) for a in arrays]
    for trial in range(150):
        chosen = [tensors[generator.integers(len(tensors))] for _ in facts["inputs"]]
        if facts["variadic"] and len(facts["inputs"]) == 1:
            chosen = [[tensors[generator.integers(len(tensors))] for _ in range(generator.integers(0, 4))]]
        named = {}
        for attribute in facts["attributes"]:
            if attribute == "epilogue" or generator.random() < 0.15:
                continue
            options = attributes_for(attribute)
            named[attribute] = options[generator.integers(len(options))]
        call = f"{name}({chosen and [getattr(c, 'shape', c) for c in chosen]}, {named})"
        if "--trace" in sys.argv:
            print(call, flush=True)
        try:
            results = function(*chosen, **named)
            for result in results if isinstance(results, (tuple, list)) else [results]:
                if result.dtype != "bfloat16":
                    np.asarray(result)
        except allowed:
            pass
        except BaseException as error:
            unexpected.append(f"{call}: {type(error).__name__}: {error}")
    for wrong in ((), (None,), ("text",), (object(),), ([[1, 2], [3]],), (tensors[3],) * 9):
        try:
            function(*wrong)
        except allowed:
            pass
        except BaseException as error:
            unexpected.append(f"{name}{wrong}: {type(error).__name__}: {error}")
    try:
        function(tensors[3], no_such_argument=1)
        unexpected.append(f"{name}: an unknown argument was accepted")
    except allowed:
        pass
print("UNEXPECTED", len(unexpected))
print("\\n".join(unexpected[:40]))
"""


def test_bad_input_never_crashes() -> None:
    environment = {**os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(Path(gm.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    )
    done = subprocess.run([sys.executable, "-c", HOSTILE], env=environment, capture_output=True, text=True, timeout=240)
    last = done.stdout.strip().splitlines()[-1:] or ["nothing"]
    assert done.returncode == 0, f"died with {done.returncode} in {last[0]}: {done.stderr[-800:]}"
    assert "UNEXPECTED 0" in done.stdout, done.stdout[done.stdout.index("UNEXPECTED") :]
