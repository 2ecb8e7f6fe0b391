"""Training that is killed at any moment and started again ends, to the bit, as training that was not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("killed_runs.py")


def run(kind, folder, seed, rounds, kills):
    command = [sys.executable, str(SCRIPT), kind, str(folder), str(seed), str(rounds), str(kills)]
    environment = {**os.environ, "GRADMILL_NUM_THREADS": "2"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=1500, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-4000:]
    return int(done.stdout)


@pytest.mark.parametrize(("kind", "seed"), [("fit_batches", 1), ("fit_dataset", 3), ("loop", 2)])
def test_a_killed_run_ends_as_an_unbroken_one(tmp_path, kind, seed):
    assert run(kind, tmp_path, seed, rounds=1, kills=2) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["fit_epochs", "fit_batches", "fit_dataset", "loop"])
def test_runs_killed_many_times(tmp_path, kind):
    assert run(kind, tmp_path, seed=7, rounds=12, kills=6) >= 12
