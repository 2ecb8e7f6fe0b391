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
    assert not list(tmp_path.glob("results/imgseg_backup/*"))


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
