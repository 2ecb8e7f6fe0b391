"""Helpers: one-hot labels, unit vectors, splits, packing, the progress line, atomic files, archives."""

import errno
import io
import os
import sys
import tarfile
import types
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm
from gradmill.utils.progress_bar import format_duration, format_step_time, is_live_output


def test_to_categorical():
    np.testing.assert_array_equal(gm.utils.to_categorical([[1], [0]], 3), [[0, 1, 0], [1, 0, 0]])
    assert gm.utils.to_categorical(np.zeros((2, 3), int)).shape == (2, 3, 1)
    for labels, words in (([0, 5], "5 at position 1"), ([-1], "-1 at position 0"), ([0.5], "whole")):
        with pytest.raises(gm.errors.ArgumentError, match=words):
            gm.utils.to_categorical(labels, 3)


def test_normalize_against_the_formula():
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(gm.utils.normalize(x), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(gm.utils.normalize(x, axis=0, order=1), [[1, 1], [0, 0]])


def test_split_dataset():
    x, y = np.arange(10), np.arange(10) * 2
    (x1, y1), (x2, y2) = gm.utils.split_dataset((x, y), left_size=0.7)
    assert x1.tolist() == list(range(7)) and x2.tolist() == [7, 8, 9] and (y2 == 2 * x2).all() and len(y1) == 7
    left, right = gm.utils.split_dataset(x, right_size=4, shuffle=True, seed=1)
    assert sorted([*left, *right]) == list(range(10)) and len(right) == 4
    for options in ({}, {"left_size": 1.5}, {"left_size": 11}, {"left_size": 6, "right_size": 5}):
        with pytest.raises(gm.errors.ArgumentError):
            gm.utils.split_dataset(x, **options)


def test_pack_and_unpack():
    pack, unpack = gm.utils.pack_x_y_sample_weight, gm.utils.unpack_x_y_sample_weight
    assert pack(1) == 1 and pack([1]) == ([1],) and pack(1, 2) == (1, 2) and pack(1, 2, 3) == (1, 2, 3)
    assert unpack(1) == (1, None, None) and unpack((1, 2)) == (1, 2, None) and unpack([1, 2, 3]) == (1, 2, 3)
    with pytest.raises(gm.errors.ArgumentError, match="4 items"):
        unpack((1, 2, 3, 4))


def test_structure_order_and_rebuilding():
    nested = {"b": (1, [2, None]), "a": 3}
    assert gm.utils.structure.flatten(nested) == [3, 1, 2, None]
    assert gm.utils.structure.pack_as(nested, list("wxyz")) == {"b": ("x", ["y", "z"]), "a": "w"}
    with pytest.raises(gm.errors.ArgumentError, match="expected 4"):
        gm.utils.structure.pack_as(nested, [1])


def test_seed_repeats_numpy():
    gm.utils.set_random_seed(5)
    first = np.random.rand(3)
    gm.utils.set_random_seed(5)
    np.testing.assert_array_equal(first, np.random.rand(3))
    for seed in (-1, 2**32, "1", True):
        with pytest.raises(gm.errors.ArgumentError):
            gm.utils.set_random_seed(seed)


def test_progress_line_off_a_terminal_prints_only_the_last(capsys):
    bar = gm.utils.Progbar(100, stateful_metrics=["loss"])
    for step in range(100):
        bar.update(step + 1, [("loss", 0.5)])
    text = capsys.readouterr().out
    assert text.count("\n") == 1 and text.startswith("100/100 ━━━") and "loss: 0.5000" in text and "/step" in text


@pytest.mark.parametrize("shell, live", [(object(), True), (None, False)])
def test_lines_are_redrawn_in_notebooks(shell, live, monkeypatch):
    """The package of kernels may be imported without a kernel that runs."""
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    assert is_live_output(io.StringIO()) is live


def test_live_line_is_redrawn_at_most_five_times_a_second(monkeypatch):
    class Terminal(io.StringIO):
        writes = 0

        def isatty(self):
            return True

        def write(self, text):
            type(self).writes += 1
            return super().write(text)

    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    bar = gm.utils.Progbar(10_000)
    for step in range(10_000):
        bar.update(step + 1)
    assert Terminal.writes <= 2 + 5 * 3


def test_averages_weigh_steps(capsys):
    bar = gm.utils.Progbar(None, verbose=1)
    bar.update(1, [("a", 1.0)])
    bar.update(4, [("a", 3.0)])
    # One step at 1 and three at 3 have the mean 2.5.
    assert "a: 2.5000" in bar._metrics_text()


def test_times_in_words():
    assert [format_duration(seconds) for seconds in (5, 187, 3729)] == ["5s", "3:07", "1:02:09"]
    assert [format_step_time(s, "step") for s in (2.0, 0.0123, 0.00021)] == ["2.0s/step", "12ms/step", "210us/step"]


def test_atomic_write_keeps_the_old_file_when_it_fails(tmp_path):
    path = tmp_path / "file.txt"
    with gm.utils.atomic_write(path, "w") as file:
        file.write("old")
    with pytest.raises(RuntimeError), gm.utils.atomic_write(path, "w") as file:
        file.write("new")
        raise RuntimeError
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with gm.utils.atomic_write(path, "w") as file:
        file.write("text")
    assert os.read(reader, 99) == b"text" and path.is_fifo()
    os.close(reader)


def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path):
    with pytest.raises(OSError, match="No space left on device: '.*file.txt'"):
        with gm.utils.atomic_write(tmp_path / "file.txt"):
            raise OSError(errno.ENOSPC, "No space left on device")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name, link", [("../outside", None), ("inside", "/etc/passwd")])
def test_hostile_archives_are_refused(tmp_path, name, link):
    archive = tmp_path / "evil.tar"
    with tarfile.open(archive, "w") as tar:
        member = tarfile.TarInfo(name)
        if link:
            member.type, member.linkname = tarfile.SYMTYPE, link
        tar.addfile(member)
    with pytest.raises(gm.errors.ArgumentError, match="link or lies outside"):
        gm.utils.get_file(origin=archive.as_uri(), extract=True, cache_dir=str(tmp_path / "cache"))
    assert not (tmp_path / "outside").exists()


def test_archives_are_unpacked(tmp_path):
    archive = tmp_path / "good.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo("folder/file.txt")
        member.size = 2
        tar.addfile(member, io.BytesIO(b"hi"))
    folder = gm.utils.get_file(origin=archive.as_uri(), extract=True, cache_dir=str(tmp_path / "cache"))
    assert Path(folder, "folder/file.txt").read_text() == "hi"
