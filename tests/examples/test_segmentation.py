"""The example scripts of segmentation: whole runs on small made-up data, bad files, and runs that were interrupted."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gradmill as gm
import gradmill.benchmark

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SMALL = ("--data", "shapes", "--image-size", "32", "--alpha", "0.35", "--images", "32", "--batch-size", "8")


def command_of(script, *options):
    return [sys.executable, str(EXAMPLES / script), *options]


def run(folder, script, *options):
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        command_of(script, *options), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_imgseg_quick(tmp_path):
    done = run(tmp_path, "imgseg.py", "--quick", "--seed", "1")
    assert done.returncode == 0, done.stderr
    for words in ("made-up coloured shapes", "Encoder:           MobileNetV2, frozen", "Test accuracy:", "Mean IoU:"):
        assert words in done.stdout
    results = json.loads((tmp_path / "results/imgseg.json").read_text())
    assert len(results["history"]["val_mean_iou"]) == 2 and 0 < results["test_mean_iou"] < 1
    # Four examples below each other, three pictures beside each other.
    with Image.open(tmp_path / "results/imgseg_pictures.png") as picture:
        assert picture.size == (3 * 64, 4 * 64)
    assert not list(tmp_path.glob("results/imgseg_backup/training_state*"))


def test_imgseg_on_the_authors_layout(tmp_path):
    generator = np.random.default_rng(0)
    names = [f"cat_{number}" for number in range(6)]
    for kind in ("images", "annotations/trimaps"):
        (tmp_path / "pets" / kind).mkdir(parents=True)
    for name in names:
        photo = Image.fromarray(generator.integers(0, 256, (40, 50, 3)).astype("uint8"))
        photo.save(tmp_path / f"pets/images/{name}.jpg")
        trimap = Image.fromarray(generator.integers(1, 4, (40, 50)).astype("uint8"))
        trimap.save(tmp_path / f"pets/annotations/trimaps/{name}.png")
    (tmp_path / "pets/annotations/trainval.txt").write_text("".join(f"{name} 1 1 1\n" for name in names[:4]))
    (tmp_path / "pets/annotations/test.txt").write_text("".join(f"{name} 1 1 1\n" for name in names[4:]))
    options = ("--data", "pets", "--image-size", "32", "--alpha", "0.35", "--batch-size", "2", "--epochs", "1")
    done = run(tmp_path, "imgseg.py", *options)
    assert done.returncode == 0, done.stderr
    assert "4 to train, 2 to test, 32x32x3" in done.stdout and "pet, background, border" in done.stdout
    (tmp_path / "pets/images/cat_1.jpg").write_bytes(b"no photograph")
    done = run(tmp_path, "imgseg.py", *options)
    assert done.returncode == 1 and "cat_1.jpg cannot be read as an image" in done.stderr
    assert "Traceback" not in done.stderr
    done = run(tmp_path, "imgseg.py", *options, "--on-error", "skip")
    assert done.returncode == 0 and "1 files left out" in done.stdout and "3 to train" in done.stdout


@pytest.mark.parametrize(
    "options, words",
    [
        (("--data", "absent"), "there is no such folder"),
        ((*SMALL, "--encoder-weights", "absent.h5"), "absent.h5"),
        (("--data", "shapes", "--image-size", "40"), "multiples of 32"),
    ],
)
def test_imgseg_reports_what_failed(tmp_path, options, words):
    done = run(tmp_path, "imgseg.py", *options)
    assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr


def kill_when(process, file, seconds=120):
    """End a run as soon as it has written a file."""
    for _ in range(seconds * 20):
        if file.exists() or process.poll() is not None:
            break
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert file.exists(), "the run ended before it wrote its backup"


def test_an_interrupted_imgseg_ends_as_an_unbroken_one(tmp_path):
    options = (*SMALL, "--epochs", "4", "--seed", "3", "--threads", "1")
    (tmp_path / "whole").mkdir()
    whole = run(tmp_path / "whole", "imgseg.py", *options)
    assert whole.returncode == 0, whole.stderr
    broken = tmp_path / "broken"
    broken.mkdir()
    with subprocess.Popen(command_of("imgseg.py", *options), cwd=broken, stdout=subprocess.DEVNULL) as process:
        kill_when(process, broken / "results/imgseg_backup/training_state.safetensors")
    assert not (broken / "results/imgseg.json").exists()
    done = run(broken, "imgseg.py", *options)
    assert done.returncode == 0, done.stderr
    histories = [
        json.loads((tmp_path / f"{name}/results/imgseg.json").read_text())["history"] for name in ("whole", "broken")
    ]
    assert histories[0] == histories[1] and len(histories[0]["loss"]) == 4


@pytest.fixture
def triangles(tmp_path):
    done = run(tmp_path, "make_triangles.py", "--images", "12", "--side", "128")
    assert done.returncode == 0 and "training.csv (10), validation.csv (2)" in done.stdout, done.stderr
    return tmp_path


TRIAL = ("--side", "128", "--width", "0.1", "--bs", "4", "--seed", "3", "--threads", "1", "--rate", "0.1")


def results_of(folder):
    return json.loads((folder / "results/cvnet512.json").read_text())


def test_make_triangles_reports_a_folder_in_use(triangles):
    done = run(triangles, "make_triangles.py")
    assert done.returncode == 1 and "expected an empty folder; received 'triangles'" in done.stderr
    done = run(triangles, "make_triangles.py", "--images", "1")
    assert done.returncode == 2 and "--images: expected 2 or more" in done.stderr


def test_cvnet512_on_files_runs_twice(triangles):
    done = run(triangles, "cvnet512.py", *TRIAL, "--runs", "2", "--pause", "0.1")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    planned = next(index for index, line in enumerate(lines) if line.startswith("Memory of a step:"))
    assert "10 to train, 2 to validate, 0 left out" in done.stdout and "for 4 images, as planned" in lines[planned]
    assert not any("Epoch 1/" in line for line in lines[:planned])
    for words in ("ms per step", "ms per image", "IoU", "Dice", "All runs:"):
        assert words in done.stdout
    results = results_of(triangles)
    assert results["complete"] and len(results["runs"]) == 2
    for each in results["runs"]:
        # Three batches of up to four images.
        assert each["ms_per_step"] * 3 == pytest.approx(each["ms_per_image"] * 10)
        assert len(each["history"]["val_iou"]) == 2 and 0 <= each["history"]["val_iou"][-1] <= 1
    assert (triangles / "results/cvnet512_best.weights.h5").exists()


@pytest.mark.parametrize("flag, policy", [("--fp16", "mixed_float16"), ("--bf16", "mixed_bfloat16")])
def test_cvnet512_in_mixed_precision(tmp_path, flag, policy):
    done = run(tmp_path, "cvnet512.py", "--quick", flag, "--seed", "2")
    assert done.returncode == 0 and f"Precision:         {policy}" in done.stdout, done.stderr
    losses = results_of(tmp_path)["runs"][0]["history"]["loss"]
    assert losses[1] < losses[0]


def test_cvnet512_reports_what_failed(triangles):
    done = run(triangles, "cvnet512.py", "--training", "absent.csv")
    assert done.returncode == 1 and "there is no file absent.csv; examples/make_triangles.py" in done.stderr
    masks = sorted((triangles / "triangles/mask").iterdir())
    Image.fromarray(np.full((128, 128), 9, "uint8")).save(masks[0])
    masks[1].write_bytes(masks[1].read_bytes()[:100])
    Image.fromarray(np.zeros((64, 128), "uint8")).save(masks[2])
    done = run(triangles, "cvnet512.py", *TRIAL)
    assert done.returncode == 1 and "3 of 10 pairs cannot be used" in done.stderr and "Traceback" not in done.stderr
    assert "0001.png: expected values of 0, 255; received 9 at row 0, column 0" in done.stderr
    assert "0002.png cannot be read as an image" in done.stderr and "received 64x128" in done.stderr
    done = run(triangles, "cvnet512.py", *TRIAL, "--on-error", "skip", "--epochs", "1")
    assert done.returncode == 0 and "7 to train, 2 to validate, 3 left out" in done.stdout, done.stderr
    masks[3].unlink()
    done = run(triangles, "cvnet512.py", *TRIAL, "--on-error", "skip")
    assert done.returncode == 1 and "line 5: there is no file" in done.stderr
    for options, words in (
        (("--fp16", "--bf16"), "not allowed with argument"),
        (("--pause", "-1"), "0 or more"),
        (("--pause", "nan"), "0 or more"),
        (("--width", "0"), "--width: expected a number above 0; received '0'"),
        (("--rate", "inf"), "--rate: expected a number above 0; received 'inf'"),
        (("--rate", "fast"), "--rate: expected a number above 0; received 'fast'"),
    ):
        done = run(triangles, "cvnet512.py", *options)
        assert done.returncode == 2 and words in done.stderr


def test_interrupted_cvnet512_ends_as_an_unbroken_one(triangles):
    options = (*TRIAL, "--epochs", "3", "--runs", "2")
    whole = run(triangles, "cvnet512.py", *options, "--output", "whole")
    assert whole.returncode == 0, whole.stderr
    backup = triangles / "results/cvnet512_backup/training_state.safetensors"
    first = triangles / "results/cvnet512.json"
    with subprocess.Popen(command_of("cvnet512.py", *options), cwd=triangles, stdout=subprocess.DEVNULL) as process:
        kill_when(process, backup)
    assert not first.exists()
    with subprocess.Popen(command_of("cvnet512.py", *options), cwd=triangles, stdout=subprocess.DEVNULL) as process:
        kill_when(process, first)
    assert not results_of(triangles)["complete"]
    done = run(triangles, "cvnet512.py", *options)
    assert done.returncode == 0, done.stderr
    unbroken = json.loads((triangles / "whole/cvnet512.json").read_text())
    for one, other in zip(unbroken["runs"], results_of(triangles)["runs"], strict=True):
        assert one["history"] == other["history"]


def test_a_backup_of_other_settings_is_not_taken_up(tmp_path):
    def state():
        callback = gm.benchmark.resume_callback(tmp_path / "backup", settings)
        (tmp_path / "backup/training_state.safetensors").touch()
        assert isinstance(callback, gm.callbacks.BackupAndRestore)

    settings = {"epochs": 3}
    state()
    for changed, fresh, kept in ((3, False, True), (4, False, False), (4, True, False)):
        state()
        gm.benchmark.resume_callback(tmp_path / "backup", {"epochs": changed}, fresh)
        assert (tmp_path / "backup/training_state.safetensors").exists() == kept
        settings = {"epochs": changed}


@pytest.mark.parametrize("shape", [(2, 64, 64, 1), (2, 128, 128), (2, 128, 128, 3)])
def test_cvnet512_names_masks_of_another_shape(shape):
    model = gm.benchmark.cvnet512.build(gm, 128, 0.1)
    loss, iou, _ = gm.benchmark.cvnet512.objectives(gm)
    model.compile("sgd", loss, metrics=[iou])
    with pytest.raises(ValueError, match=r"expected masks of the shape of the predictions, \(2, 128, 128, 1\)"):
        model.fit(np.zeros((2, 128, 128, 1), "float32"), np.zeros(shape, "float32"), verbose=0)
