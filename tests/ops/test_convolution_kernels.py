"""Kernels that can do the same convolution give the same; which one runs, by rule, by preference and by measuring."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from case import CASES, Case
from rows import as_list, as_numpy
from tolerances import tolerance

import gradmill as gm
from gradmill import _core

KERNELS = (
    *("winograd", "winograd 2x2", "winograd stride 2", "scatter", "implicit product", "plain"),
    *("depthwise", "depthwise slices"),
)
# What Winograd's transforms add to the rounding of plain sums: their largest entries, along both axes.
MAGNIFIED = {"winograd": 8, "winograd 2x2": 2, "winograd stride 2": 8}
ROWS = [row for row in CASES if row.op.startswith("convolution") and not row.exact]


@pytest.fixture(autouse=True)
def usual_choice():
    """Leaves settings as they were."""
    threads = gm.config.get_threads()
    yield
    _core.set_preferred_kernel("")
    gm.config.set_threads(threads)


def run_with(kernel: str, row: Case) -> tuple[list[np.ndarray], str]:
    """Results of a row in float32, compiled with that kernel where it can do it, and the kernel that ran."""
    _core.set_preferred_kernel(kernel)
    run, tensors = gm.function(row.run), row.tensors("float32")
    results = [as_numpy(one) for one in as_list(run(*tensors))]
    return results, kernels_of(run.plan_for(*tensors))[0] if results[0].size else ""


def kernels_of(plan) -> list[str]:
    """Names of the kernels of a plan's convolutions."""
    return re.findall(r"convolution\w* \[([^\]:]*)", plan.describe())


@pytest.mark.parametrize("kernel", KERNELS)
def test_each_kernel_gives_the_value_on_any_number_of_threads(kernel: str) -> None:
    ran = 0
    for row in ROWS:
        gm.config.set_threads(1)
        found, name = run_with(kernel, row)
        if name != kernel:
            continue  # it cannot do this one
        ran += 1
        limits = tolerance("float32", row.sum_length * MAGNIFIED.get(kernel, 1))
        for one, expected in zip(found, row.expected(row.arrays("float32"))):
            np.testing.assert_allclose(one, expected, err_msg=row.label, **limits)
        gm.config.set_threads(2)
        for one, other in zip(found, run_with(kernel, row)[0]):
            np.testing.assert_array_equal(one, other, err_msg=row.label)
    assert ran >= {"winograd stride 2": 6, "depthwise slices": 4}.get(kernel, 9)


# batch, height, width, channels, filters, padding in front, padding behind
SHAPES = [
    (1, 1, 1, 1, 1, (1, 1), (1, 1)),
    (2, 2, 3, 17, 9, (2, 0), (1, 2)),
    (3, 5, 6, 8, 40, (0, 1), (0, 1)),
    (2, 9, 7, 33, 16, (1, 1), (1, 1)),
    (16, 7, 7, 130, 150, (1, 1), (1, 1)),  # large kernels and few tiles take other ways through
    (3, 7, 5, 400, 390, (1, 1), (1, 1)),
    (1, 130, 67, 3, 20, (2, 2), (0, 0)),
    (1, 5, 411, 40, 24, (1, 1), (1, 1)),  # rows of more tiles than a block
]
# The same for strides of 2.
STRIDED = [
    (1, 2, 1, 1, 1, (0, 0), (1, 2)),
    (2, 3, 4, 17, 9, (0, 0), (1, 1)),
    (3, 9, 16, 8, 40, (0, 0), (0, 1)),
    (2, 17, 10, 33, 16, (0, 0), (0, 2)),
    (16, 16, 16, 130, 150, (0, 0), (1, 1)),
    (3, 8, 7, 400, 390, (0, 0), (1, 0)),
    (2, 17, 9, 130, 300, (0, 0), (0, 2)),  # the results' planes are the larger ones: blocks of their channels
    (2, 9, 16, 300, 130, (0, 0), (0, 1)),  # the same for the input's gradient
    (1, 130, 67, 3, 20, (0, 0), (2, 2)),
    (1, 9, 803, 40, 24, (0, 0), (1, 1)),
    (2, 15, 9, 24, 20, (1, 1), (1, 1)),
    (2, 11, 12, 9, 40, (2, 1), (0, 2)),
]


def all_three(shape: tuple, dtype: str, stride: int = 1) -> tuple:
    """A convolution and its gradients as a function of x, kernel and dy; and those."""
    batch, height, width, channels, filters, low, high = shape
    generator = np.random.default_rng(0)
    out = ((height + low[0] + high[0] - 3) // stride + 1, (width + low[1] + high[1] - 3) // stride + 1)
    attributes = {"strides": (stride, stride), "padding_low": low, "padding_high": high}
    sizes = ((batch, height, width, channels), (3, 3, channels, filters), (batch, *out, filters))

    def run(x, kernel, dy):
        return (
            _core.ops.convolution(x, kernel, **attributes),
            _core.ops.convolution_input_gradient(dy, kernel, input_size=(height, width), **attributes),
            _core.ops.convolution_kernel_gradient(x, dy, kernel_size=(3, 3), **attributes),
        )

    return run, [generator.standard_normal(size).astype(dtype) for size in sizes]


def check_errors(shape: tuple, stride: int, limits: dict) -> None:
    """Errors as a share of the largest value, for each kernel; input gradients by tiles need no padding in front."""
    run, exact = all_three(shape, "float64", stride)
    wanted = [as_numpy(one) for one in gm.function(run)(*exact)]
    single = [array.astype("float32") for array in exact]
    for kernel, limit in limits.items():
        _core.set_preferred_kernel(kernel)
        found = {}
        for threads in (1, 2):
            gm.config.set_threads(threads)
            function = gm.function(run)
            found[threads] = [as_numpy(one) for one in function(*single)]
            ran = kernels_of(function.plan_for(*single))
            assert ran == [kernel] * 3 or (stride == 2 and max(shape[5]) > 0 and sorted(ran)[1:] == [kernel] * 2)
        for one, two, expected in zip(found[1], found[2], wanted):
            assert np.abs(one - expected).max() <= limit * np.abs(expected).max()
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_winograd_is_near_sums_in_double_precision(shape: tuple) -> None:
    check_errors(shape, 1, {"winograd": 3e-5, "winograd 2x2": 3e-6})  # smaller tiles round like plain sums


@pytest.mark.parametrize("shape", STRIDED, ids=str)
def test_winograd_with_strides_is_near_sums_in_double_precision(shape: tuple) -> None:
    check_errors(shape, 2, {"winograd stride 2": 2e-5})


# batch, height, width, channels, filters, padding in front, padding behind; window, strides, dilation
FEW_CHANNELS = [
    ((2, 128, 35, 3, 40, (0, 0), (1, 1)), (3, 3), (2, 2), (1, 1)),
    ((1, 7, 70, 1, 17, (1, 2), (2, 1)), (4, 5), (2, 3), (1, 1)),
    ((3, 37, 9, 5, 6, (0, 1), (0, 0)), (2, 3), (3, 1), (2, 2)),
    ((2, 40, 33, 2, 300, (3, 3), (2, 2)), (7, 7), (2, 2), (1, 1)),
    ((1, 9, 40, 2, 3, (0, 0), (0, 0)), (2, 2), (4, 4), (1, 1)),
]


@pytest.mark.parametrize("case", FEW_CHANNELS, ids=str)
def test_few_channels_are_added_where_they_belong(case: tuple) -> None:
    (batch, height, width, channels, filters, low, high), window, strides, dilation = case
    generator = np.random.default_rng(0)
    sizes = zip((height, width), window, strides, dilation, low, high)
    out = [(size + before + after - (k - 1) * d - 1) // s + 1 for size, k, s, d, before, after in sizes]
    dy, kernel = (generator.standard_normal(size) for size in ((batch, *out, filters), (*window, channels, filters)))
    attributes = {"strides": strides, "padding_low": low, "padding_high": high, "dilation": dilation}

    def run(dy, kernel):
        return _core.ops.convolution_input_gradient(dy, kernel, input_size=(height, width), **attributes)

    wanted = as_numpy(gm.function(run)(dy, kernel))
    _core.set_preferred_kernel("scatter")
    for threads in (1, 2):
        gm.config.set_threads(threads)
        function = gm.function(run)
        single = dy.astype("float32"), kernel.astype("float32")
        found = as_numpy(function(*single))
        assert kernels_of(function.plan_for(*single)) == ["scatter"]
        assert np.abs(found - wanted).max() <= 3e-6 * np.abs(wanted).max()


@pytest.mark.parametrize("size", [(2, 9, 7), (1, 5, 411)], ids=str)
def test_an_epilogue_joins_tiles(size: tuple) -> None:
    generator = np.random.default_rng(0)
    x, kernel, bias = (generator.standard_normal(one, "float32") for one in ((*size, 20), (3, 3, 20, 24), 24))

    def run(x, kernel, bias):
        return gm.ops.relu(gm.ops.conv(x, kernel, padding="same") + bias)

    wanted = as_numpy(gm.function(run)(x.astype("float64"), kernel.astype("float64"), bias.astype("float64")))
    for name in ("winograd", "winograd 2x2"):
        _core.set_preferred_kernel(name)
        function = gm.function(run)
        np.testing.assert_allclose(as_numpy(function(x, kernel, bias)), wanted, rtol=1e-4, atol=1e-4)
        plan = function.plan_for(x, kernel, bias)
        assert kernels_of(plan) == [name] and len(plan.describe().splitlines()) == 2


@pytest.mark.parametrize("size", [(2, 9, 7, 256), (1, 9, 57, 80)], ids=str)
def test_an_epilogue_joins_slices(size: tuple) -> None:
    generator = np.random.default_rng(0)
    x, kernel, bias = (generator.standard_normal(one, "float32") for one in (size, (5, 5, size[3], 1), size[3]))

    def run(x, kernel, bias):
        return gm.ops.relu(gm.ops.depthwise_conv(x, kernel, padding="same") + bias)

    wanted = as_numpy(gm.function(run)(x.astype("float64"), kernel.astype("float64"), bias.astype("float64")))
    _core.set_preferred_kernel("depthwise slices")
    function = gm.function(run)
    np.testing.assert_allclose(as_numpy(function(x, kernel, bias)), wanted, rtol=1e-5, atol=1e-5)
    plan = function.plan_for(x, kernel, bias)
    assert kernels_of(plan) == ["depthwise slices"] and len(plan.describe().splitlines()) == 2


# Runs a convolution with its gradients and prints the kernels, then the results in hexadecimal.
TUNED = """
import hashlib
import numpy as np
import gradmill as gm
from test_convolution_kernels import all_three, as_numpy, kernels_of
run, arrays = all_three((4, 14, 14, 48, 40, (1, 1), (1, 1)), "float32")
function = gm.function(run)
print(kernels_of(function.plan_for(*arrays)))
print(hashlib.sha256(b"".join(as_numpy(one).tobytes() for one in function(*arrays))).hexdigest())
"""


def run_tuned(home: Path, **environment: str) -> tuple[str, str]:
    """What a new process prints with tuning on, and its log."""
    here = Path(__file__).parent
    path = os.pathsep.join([str(Path(gm.__file__).parent.parent), str(here), os.environ.get("PYTHONPATH", "")])
    settings = {"GRADMILL_TUNE": "1", "GRADMILL_LOG": "tuning", "XDG_CACHE_HOME": str(home), "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", TUNED],
        env={**os.environ, **settings, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def cache_file(home: Path) -> Path:
    [path] = (home / "gradmill").iterdir()
    return path


def test_choices_are_measured_once_and_kept(tmp_path: Path) -> None:
    first, log = run_tuned(tmp_path)
    assert log.count("winograd 2x2 ") == 3 and log.count("implicit product ") == 3 and "plain" not in log
    lines = cache_file(tmp_path).read_text().splitlines()
    assert len(lines) == 4 and lines[0].startswith("gradmill tuning ")
    again, log = run_tuned(tmp_path)
    assert again == first and " ms" not in log
    # What the file says is done.
    text = "\n".join([lines[0]] + [line.split("\t")[0] + "\twinograd 2x2" for line in lines[1:]]) + "\n"
    cache_file(tmp_path).write_text(text)
    assert run_tuned(tmp_path)[0].startswith("['winograd 2x2', 'winograd 2x2', 'winograd 2x2']")
    assert cache_file(tmp_path).read_text() == text
    # Choices and results are those of any number of threads.
    assert run_tuned(tmp_path, GRADMILL_THREADS="1") == run_tuned(tmp_path, GRADMILL_THREADS="2")


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 5000, b"gradmill tuning 0; other\nkey\tplain\n"], ids=len)
def test_a_file_that_is_not_ours_is_measured_anew(tmp_path: Path, content: bytes) -> None:
    run_tuned(tmp_path)
    path = cache_file(tmp_path)
    whole = path.read_text()
    path.write_bytes(content)
    _, log = run_tuned(tmp_path)
    assert " ms" in log and ("is not used" in log or not content)
    assert len(path.read_text().splitlines()) == len(whole.splitlines())


def test_damaged_lines_and_unknown_kernels_are_measured_anew(tmp_path: Path) -> None:
    run_tuned(tmp_path)
    path = cache_file(tmp_path)
    header, one, two, three = path.read_text().splitlines()
    unknown = one.split("\t")[0] + "\tnonsense"
    path.write_text("\n".join([header, unknown, "no tab", "\t", two, three[: len(three) // 2]]))
    _, log = run_tuned(tmp_path)
    assert "damaged lines" in log and log.count("winograd 2x2 ") == 2


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "gradmill").write_text("a file where the folder should be")
    assert "cannot be written" in run_tuned(tmp_path)[1]
    assert " ms" in run_tuned(tmp_path, XDG_CACHE_HOME="", HOME="")[1]


def test_without_tuning_nothing_is_measured_or_written(tmp_path: Path) -> None:
    assert run_tuned(tmp_path, GRADMILL_TUNE="0")[1] == ""
    assert not list(tmp_path.iterdir())
    assert not gm.config.kernel_tuning_enabled()


def test_a_preferred_kernel_is_taken_where_it_can(tmp_path: Path) -> None:
    out, log = run_tuned(tmp_path, GRADMILL_PREFER_KERNEL="implicit product")
    assert out.startswith("['implicit product', 'implicit product', 'implicit product']") and log == ""
