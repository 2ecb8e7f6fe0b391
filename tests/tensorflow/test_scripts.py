"""Scripts written for TensorFlow run as they are: scripts/*.py, in a process of their own, on small data."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm

SCRIPTS = Path(__file__).with_name("scripts")


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory):
    """A small MNIST, in the file in which Keras keeps it."""
    folder = tmp_path_factory.mktemp("data")
    (x_train, y_train), (x_test, y_test) = gm.datasets.mnist.synthetic(train=600, test=160, seed=1)
    np.savez(folder / "mnist.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return folder


def run(script, folder, *arguments, data="", start=("-m", "gradmill.tensorflow")):
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "GRADMILL_DATA": str(data)}
    command = [sys.executable, "-W", "error::DeprecationWarning", *start, str(script), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def result_of(name, data_folder, tmp_path):
    """What a script prints last; small networks do not learn from every start, so theirs is always the same."""
    done = run(SCRIPTS / name, tmp_path, data=data_folder, start=(str(SCRIPTS.parent / "seeded.py"),))
    assert done.returncode == 0, done.stdout + done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    return ast.literal_eval(line[len("RESULT ") :]), done


def test_beginner(data_folder, tmp_path):
    result, _ = result_of("beginner.py", data_folder, tmp_path)
    assert result["accuracy"] > 0.9 and result["total"] == [1.0] * 5


def test_custom_loop(data_folder, tmp_path):
    result, done = result_of("custom_loop.py", data_folder, tmp_path)
    assert result == {"fell": True, "accuracy": pytest.approx(1.0, abs=0.1), "plans": 2}  # whole and ragged batches
    assert "Epoch 5, Loss: " in done.stdout and not done.stderr


def test_pipeline(data_folder, tmp_path):
    result, _ = result_of("pipeline.py", data_folder, tmp_path)
    assert result.pop("val_accuracy") > 0.9
    expected = {"predicted": [160], "shape": [64, 28, 28, 1], "dtype": "int64", "classes": 10, "examples": 60}
    assert result == expected


def test_augment(data_folder, tmp_path):
    result, _ = result_of("augment.py", data_folder, tmp_path)
    assert result.pop("shape") == [40, 24, 20, 3]
    assert result == dict.fromkeys(("equal", "labels", "changed", "several places", "within"), True)


def test_lstm(data_folder, tmp_path):
    result, done = result_of("lstm.py", data_folder, tmp_path)
    assert result == {"steps": 30, "fell": True, "shares": [1, 2]}
    assert "step: 10, loss: 0." in done.stdout
    # Batches are made in a thread of their own, by a generator that draws from Python's and NumPy's random numbers.
    assert result_of("lstm.py", data_folder, tmp_path)[1].stdout == done.stdout


def test_images(data_folder, tmp_path):
    result, _ = result_of("images.py", data_folder, tmp_path)
    assert result == {"latest": "cp-0008.ckpt", "accuracy": pytest.approx(1.0, abs=0.2), "same": True, "batches": 2}


def test_mixed(data_folder, tmp_path):
    result, _ = result_of("mixed.py", data_folder, tmp_path)
    assert result == {
        "gpus": 0, "replicas": 1, "hidden": "float16", "output": "float32", "weights": "float32", "fell": True,
        "policy": "mixed_float16",
    }  # fmt: skip


def test_low_level(data_folder, tmp_path):
    result, done = result_of("low_level.py", data_folder, tmp_path)
    assert result == {
        "line": [3.0, 2.0], "net": True, "variables": 4, "second": 12.0, "pair": [[2.0, 4.0], [3.0, 12.0]],
        "jacobian": [[2.0, 1.0], [1.0, 1.0]], "words": True, "collatz": 8,
    }  # fmt: skip
    assert "collatz looks at values of tensors" in done.stderr


def test_old_spellings(data_folder, tmp_path):
    result, _ = result_of("old.py", data_folder, tmp_path)
    assert result == {
        "shapes": [[None, 16, 16, 1], [None, 16, 16, 1]], "fell": True, "score": 2, "lr": 0.01, "same": True,
        "gain": ["gain"], "mse": 2.0,
    }  # fmt: skip


def test_forecast(data_folder, tmp_path):
    result, _ = result_of("forecast.py", data_folder, tmp_path)
    assert result == {"shapes": [[32, 24, 3], [32, 6, 1]], "better": True, "fell": True}


def test_dcgan(data_folder, tmp_path):
    result, _ = result_of("dcgan.py", data_folder, tmp_path)
    assert result == {
        "decision": [1, 1], "pictures": [4, 28, 28, 1], "finite": True, "plans": 1, "range": True,
    }  # fmt: skip


def test_vae(data_folder, tmp_path):
    result, _ = result_of("vae.py", data_folder, tmp_path)
    assert result == {
        "fell": True, "logs": ["kl_loss", "loss", "reconstruction_loss"], "decoded": [1, 28, 28, 1], "elbo": True,
        "samples": [3, 28, 28, 1], "plans": 1,
    }  # fmt: skip


def test_actor_critic(data_folder, tmp_path):
    result, done = result_of("actor.py", data_folder, tmp_path)
    assert result == {"learned": True, "last": True}
    assert "train_step looks at values of tensors" in done.stderr


def test_strings(data_folder, tmp_path):
    result, _ = result_of("strings.py", data_folder, tmp_path)
    assert result.pop("accuracy") > 0.9
    assert result == {"scores": [True, False], "bytes": True, "lengths": [37, 20], "words": 17}


def test_steps_layers_and_metrics_of_ones_own(data_folder, tmp_path):
    result, done = result_of("steps.py", data_folder, tmp_path)
    assert result == {
        "logs": ["acc", "loss", "norm", "positives"], "fell": True, "accuracy": True, "loss": True, "halved": True,
        "frozen": True, "moved": True, "same": True, "slope": 1.0, "extra": 1,
    }  # fmt: skip
    assert "train_step looks at values of tensors" in done.stderr


def test_translation_and_pictures(data_folder, tmp_path):
    result, _ = result_of("translate.py", data_folder, tmp_path)
    assert result == {"fell": True, "weights": [1, 5, 1], "pictures": True, "steps": 1}


def test_networks_that_compare(data_folder, tmp_path):
    result, _ = result_of("triplets.py", data_folder, tmp_path)
    assert result == {
        "fell": True, "logs": ["loss", "val_loss"], "similar": True, "probe": True, "both": ["c_loss", "p_loss"],
    }  # fmt: skip


def test_reading_of_signs_and_of_texts(data_folder, tmp_path):
    result, _ = result_of("reading.py", data_folder, tmp_path)
    assert result.pop("read") > 0.8 and result.pop("accuracy") > 0.9
    assert result == {"fell": True, "said": [1, 0]}


def test_looking_writing_and_sharpening(data_folder, tmp_path):
    result, _ = result_of("looking.py", data_folder, tmp_path)
    assert result == {
        "heat": (10, 10), "corner": True, "name": "first", "rose": True, "written": "mill grinds all day and then",
        "area": True, "fell": True, "sharper": True,
    }  # fmt: skip


def script_in(folder, text):
    path = folder / "script.py"
    path.write_text(text, encoding="utf-8")
    return path


def test_arguments_and_neighbours(tmp_path):
    (tmp_path / "neighbour.py").write_text("import keras\nNAME = keras.__name__\n", encoding="utf-8")
    script = script_in(tmp_path, "import sys, neighbour\nprint(__name__, sys.argv[1:], neighbour.NAME)")
    done = run(script, tmp_path, "--steps", "3")
    assert done.stdout == "__main__ ['--steps', '3'] gradmill.tensorflow.keras\n"


def test_exit_code_and_traceback(tmp_path):
    assert run(script_in(tmp_path, "import sys\nsys.exit(7)"), tmp_path).returncode == 7
    done = run(script_in(tmp_path, "import tensorflow as tf\ntf.nn.no_such_function(1)"), tmp_path)
    assert done.returncode == 1 and "script.py" in done.stderr and "tf.nn.no_such_function: " in done.stderr


def test_no_script(tmp_path):
    assert "expected a script" in run("", tmp_path).stderr
    assert "there is no file 'missing.py'" in run("missing.py", tmp_path).stderr


def test_list_of_names(tmp_path):
    done = run("--covered", tmp_path)
    assert done.returncode == 0
    assert "tf.nn: " in done.stdout and "sparse_softmax_cross_entropy_with_logits" in done.stdout


def test_checkpoints(data_folder, tmp_path):
    result, done = result_of("checkpoints.py", data_folder, tmp_path)
    assert result == {"names": [[1, 2, 3], [3, 4, 5]], "fell": True, "newest": "ckpt-5", "partial": True, "bias": True}
    assert "Initializing from scratch." in done.stdout and "Restored from ./tf_ckpts/ckpt-3" in done.stdout


def test_letters(data_folder, tmp_path):
    result, done = result_of("letters.py", data_folder, tmp_path)
    assert result == {
        "first": "the old mill grinds slow", "following": "he old mill grinds slowl", "fell": True, "lengths": [24, 24],
    }  # fmt: skip
    assert not done.stderr


def test_sounds(tmp_path):
    result, _ = result_of("sounds.py", "", tmp_path)
    assert result.pop("accuracy") > 0.9
    assert result == {"shape": (30, 129, 1), "names": ["high", "low"], "rate": 8000, "found": "low"}


def test_table(tmp_path):
    result, _ = result_of("table.py", "", tmp_path)
    assert result.pop("accuracy") > 0.85
    # Vocabularies of 3, 5 and 4, bins, three numbers, crossings.
    size = 3 + 5 + 4 + 12 + 3 + 32 + 48
    assert result == {
        "size": (32, size), "fell": True, "answers": [True, True], "alone": size, "same": True, "whole": True,
    }  # fmt: skip
