"""`gm.train.CheckpointManager` as TensorFlow's: names, numbers, what is kept; and what it does about damaged files."""

import json
import time

import pytest

import gradmill as gm


def make(folder, max_to_keep=3, **options):
    checkpoint = gm.train.Checkpoint(step=0)
    return checkpoint, gm.train.CheckpointManager(checkpoint, folder, max_to_keep, **options)


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def save(checkpoint, manager, times=1):
    for _ in range(times):
        checkpoint.step.assign_add(1)
        path = manager.save()
    return path


def cut(path):
    with open(path, "r+b") as file:
        file.truncate(40)


def test_the_last_ones_are_kept_and_found_again(tmp_path):
    folder = tmp_path / "run"
    checkpoint, manager = make(folder)
    assert manager.latest_checkpoint is None and manager.checkpoints == [] and manager.restore_or_initialize() is None
    path = save(checkpoint, manager, 5)
    assert path == manager.latest_checkpoint == str(folder / "ckpt-5") == gm.train.latest_checkpoint(folder)
    assert names(folder) == ["checkpoint", "ckpt-3", "ckpt-4", "ckpt-5"]
    again, second = make(folder, max_to_keep=2, checkpoint_name="other")
    assert second.checkpoints == [str(folder / f"ckpt-{number}") for number in (3, 4, 5)]
    assert second.restore_or_initialize() == path and int(again.step) == 5
    assert save(again, second) == str(folder / "other-6")
    assert names(folder) == ["checkpoint", "ckpt-5", "other-6"]
    assert second.directory == str(folder) and second.checkpoint is again


def test_numbers_intervals_and_first_values(tmp_path):
    called = []
    step = gm.Variable(0)
    checkpoint = gm.train.Checkpoint(step=step)
    manager = gm.train.CheckpointManager(
        checkpoint, tmp_path, None, step_counter=step, checkpoint_interval=10, init_fn=lambda: called.append(1)
    )
    assert manager.restore_or_initialize() is None and called == [1] and manager.checkpoint_interval == 10
    saved = []
    for _ in range(25):
        saved.append(manager.save())
        step.assign_add(1)
    assert [place for place, path in enumerate(saved) if path] == [0, 10, 20]
    assert manager.save(checkpoint_number=step, check_interval=False) == str(tmp_path / "ckpt-25")
    assert manager.save(check_interval=False) is None
    assert manager.restore_or_initialize() == str(tmp_path / "ckpt-25") and called == [1]
    assert manager.save() is None


def test_one_each_so_many_hours_is_kept_for_good(tmp_path, monkeypatch):
    hours = [0.0]
    begin = time.time()
    monkeypatch.setattr(time, "time", lambda: begin + hours[0] * 3600)
    checkpoint, manager = make(tmp_path, 1, keep_checkpoint_every_n_hours=2)
    for _ in range(7):
        save(checkpoint, manager)
        hours[0] += 1
    # What TensorFlow 2.21 keeps when its clock is moved in the same way.
    assert names(tmp_path) == ["checkpoint", "ckpt-3", "ckpt-5", "ckpt-7"]
    assert manager.checkpoints == [str(tmp_path / "ckpt-7")]


def test_a_damaged_checkpoint_is_passed_over_with_a_warning(tmp_path):
    checkpoint, manager = make(tmp_path)
    save(checkpoint, manager, 3)
    cut(tmp_path / "ckpt-3")
    with pytest.warns(UserWarning, match="ckpt-3: expected a whole.*ckpt-2, saved before, is used"):
        assert gm.train.latest_checkpoint(tmp_path) == str(tmp_path / "ckpt-2")
    # The manager that is at work finds it when it restores, a new one at once.
    with pytest.warns(UserWarning, match="ckpt-3"):
        assert manager.restore_or_initialize() == str(tmp_path / "ckpt-2")
    assert int(checkpoint.step) == 2
    with pytest.warns(UserWarning, match="ckpt-3"):
        again, second = make(tmp_path)
    again.restore(second.latest_checkpoint).assert_consumed()
    assert save(again, second) == str(tmp_path / "ckpt-3")
    assert gm.train.latest_checkpoint(tmp_path) == str(tmp_path / "ckpt-3")
    assert len(second.checkpoints) == 3
    state = gm.train.get_checkpoint_state(tmp_path)
    assert state.model_checkpoint_path == state.all_model_checkpoint_paths[-1] == str(tmp_path / "ckpt-3")


def test_where_all_are_damaged_nothing_begins_anew_by_itself(tmp_path):
    checkpoint, manager = make(tmp_path, 2)
    save(checkpoint, manager, 2)
    for number in (1, 2):
        cut(tmp_path / f"ckpt-{number}")
    for begin in (lambda: make(tmp_path), lambda: gm.train.latest_checkpoint(tmp_path)):
        with pytest.raises(gm.errors.DamagedFileError, match="2 damaged ones.*ckpt-2.*start anew"):
            begin()
    with pytest.warns(UserWarning, match="ckpt-2"):
        with pytest.raises(gm.errors.DamagedFileError, match="2 damaged ones"):
            manager.restore_or_initialize()


def test_a_lost_or_damaged_list(tmp_path):
    checkpoint, manager = make(tmp_path)
    path = save(checkpoint, manager, 2)
    (tmp_path / "checkpoint").write_text("model_checkpoint_path: 'ckpt-1'")
    with pytest.warns(UserWarning, match="list of checkpoints.*ckpt-1, ckpt-2"):
        assert gm.train.latest_checkpoint(tmp_path) == path
    (tmp_path / "checkpoint").write_text(json.dumps({"checkpoints": [["gone-1", 3.0]], "last_preserved": 1.0}))
    assert gm.train.latest_checkpoint(tmp_path) is None
    assert gm.train.latest_checkpoint(tmp_path / "nowhere") is None


def test_what_a_killed_process_left_is_cleared_away(tmp_path):
    checkpoint, manager = make(tmp_path)
    save(checkpoint, manager)
    for name in (".ckpt-2.abc.part", ".checkpoint.abc.part", ".notes.abc.part"):
        (tmp_path / name).write_bytes(b"half")
    make(tmp_path)
    assert names(tmp_path) == [".notes.abc.part", "checkpoint", "ckpt-1"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_to_keep": 0}, "max_to_keep"),
        ({"max_to_keep": -1}, "max_to_keep"),
        ({"max_to_keep": 1, "checkpoint_interval": 3}, "step_counter"),
    ],
)
def test_bad_arguments(tmp_path, options, words):
    with pytest.raises(gm.errors.ArgumentError, match=words):
        make(tmp_path, **options)
    with pytest.raises(gm.errors.ArgumentError, match="must be a Checkpoint"):
        gm.train.CheckpointManager(gm.Variable(1), tmp_path, 1)
