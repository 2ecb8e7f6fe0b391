"""The small measurements, as commands and as scripts, at sizes that take a moment."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm
from gradmill.__main__ import main
from gradmill.benchmark.micro.convolutions import _cases, _towards
from gradmill.commands.micro import MICRO

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.mark.parametrize("name", sorted(MICRO))
def test_each_as_a_command(name, tmp_path, capsys):
    threads = gm.config.get_threads()
    try:
        assert main([name, "--quick", "--threads", "1", "--output", str(tmp_path)]) == 0
    finally:
        gm.config.set_threads(threads)
    output = capsys.readouterr().out
    assert "1 thread" in output and "Results:" in output
    found = json.loads((tmp_path / f"{name}.json").read_text())
    assert found["job"] == name and found["rows"]
    for row in found["rows"]:
        assert all(value > 0 for value in row.values() if isinstance(value, float)), row
    if MICRO[name].plot:
        pytest.importorskip("matplotlib")
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", sorted(MICRO))
def test_each_has_a_script(name):
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"example: python examples/{name}.py" in " ".join(done.stdout.split())


def test_rates_follow_from_sizes_and_times(tmp_path, capsys):
    assert main(["tflops_sweep", "--quick", "--dtypes", "float32,bfloat16", "--output", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "tflops_sweep.json").read_text())
    assert [(row["dtype"], row["size"]) for row in found["rows"]] == [
        (dtype, size) for dtype in ("float32", "bfloat16") for size in (32, 64, 128)
    ]
    for row in found["rows"]:
        assert row["tflops"] * 1e12 == pytest.approx(2 * row["size"] ** 3 / row["seconds"])
    assert found["best"]["tflops"] == max(row["tflops"] for row in found["rows"])


@pytest.mark.parametrize("of_input", [True, False])
def test_the_gradients_that_are_timed_are_gradients(of_input):
    """A convolution is linear in its input and in each kernel: its change is the gradient times the step."""
    generator = np.random.default_rng(0)
    for _, function, arrays, _ in _cases(1, 5, 3):
        arriving = generator.random((1, 5, 5, 3), dtype="float32")
        gradients = _towards(function, of_input)(arriving, *map(gm.ops.convert_to_tensor, arrays))
        places = [0] if of_input else list(range(1, len(arrays)))
        for place, gradient in zip(places, gradients):
            step = generator.random(arrays[place].shape, dtype="float32")
            moved = [array + step if i == place else array for i, array in enumerate(arrays)]
            change = np.asarray(function(*moved)) - np.asarray(function(*arrays))
            assert np.sum(change * arriving) == pytest.approx(np.sum(np.asarray(gradient) * step), rel=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["tflops_sweep", "--dtypes", "float8"], "expected some of float32,bfloat16,float16; received 'float8'"),
        (["infer_benchmark", "--models", "MobilNetV2"], "received 'MobilNetV2'; did you mean 'MobileNetV2'?"),
        (["burn", "--seconds", "0"], "expected a positive whole number"),
    ],
)
def test_bad_options(options, message, capsys):
    with pytest.raises(SystemExit) as caught:
        main(options)
    assert caught.value.code == 2 and message in capsys.readouterr().err
