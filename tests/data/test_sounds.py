"""WAV files: as samples and as data sets."""

import io
import wave

import numpy as np
import pytest

import gradmill as gm
from gradmill.utils.wave_file import read_wave, write_wave

SOUND = np.array([[0.5, -0.25], [1.0, -1.0], [2.0, 0.0]], "float32")


@pytest.fixture
def folder(tmp_path):
    for kind, start in (("a", 0.0), ("b", 0.5)):
        (tmp_path / kind).mkdir()
        for number in range(3):
            samples = np.full((2 + number, 1), start + 0.125 * number, "float32")
            (tmp_path / kind / f"{number}.wav").write_bytes(write_wave(samples, 8000))
    return tmp_path


def test_file_as_the_standard_library_reads_it():
    contents = write_wave(SOUND, 44100)
    with wave.open(io.BytesIO(contents)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 44100, 2)
        values = np.frombuffer(file.readframes(3), "<i2").reshape(3, 2)
    assert values.tolist() == [[16384, -8192], [32767, -32768], [32767, 0]]
    samples, rate = read_wave(contents)
    assert rate == 44100 and samples.dtype == np.float32
    np.testing.assert_array_equal(samples, values / np.float32(32768))


def test_batches_are_filled_up(folder):
    data = gm.utils.audio_dataset_from_directory(folder, batch_size=3, shuffle=False, verbose=False)
    assert data.class_names == ["a", "b"] and len(data.file_paths) == 6
    (first, labels), (second, others) = data
    assert labels.numpy().tolist() == [0, 0, 0] and others.numpy().tolist() == [1, 1, 1]
    assert first.numpy()[..., 0].tolist() == [[0, 0, 0, 0], [0.125, 0.125, 0.125, 0], [0.25, 0.25, 0.25, 0.25]]
    assert second.shape == (3, 4, 1)


def test_given_length_and_split(folder):
    arguments = {"output_sequence_length": 3, "validation_split": 0.5, "seed": 1, "verbose": False}
    train, held_back = gm.utils.audio_dataset_from_directory(folder, subset="both", sampling_rate=8000, **arguments)
    assert [tuple(x.shape) for x, _ in (*train, *held_back)] == [(3, 3, 1)] * 2
    alone = gm.utils.audio_dataset_from_directory(folder, None, batch_size=None, shuffle=False, verbose=False)
    assert [tuple(each.shape) for each in alone] == [(2, 1), (3, 1), (4, 1)] * 2


def test_errors(folder, tmp_path):
    make = gm.utils.audio_dataset_from_directory
    with pytest.raises(gm.errors.UnsupportedError, match="ragged=False; received True"):
        make(folder, ragged=True)
    with pytest.raises(ValueError, match="output_sequence_length must be a positive integer or None; received 0"):
        make(folder, output_sequence_length=0)
    with pytest.raises(ValueError, match=r"expected 16000 samples in a second; received 8000 in .*0\.wav"):
        list(make(folder, sampling_rate=16000, shuffle=False, verbose=False))
    (folder / "a" / "0.wav").write_bytes(b"no sound")
    with pytest.raises(ValueError, match=r"0\.wav cannot be read as a WAV file"):
        list(make(folder, shuffle=False, verbose=False))
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"abc")
    with pytest.raises(ValueError, match="16-bit samples; received 8-bit"):
        read_wave(target.getvalue())
    for end in range(len(contents := write_wave(SOUND, 8000))):  # a file that was cut off
        try:
            read_wave(contents[:end])
        except ValueError as error:
            assert "cannot be read as a WAV file" in str(error)
    with pytest.raises(ValueError, match="no .*files that end in"):
        (tmp_path / "empty" / "c").mkdir(parents=True)
        make(tmp_path / "empty", verbose=False)
