"""Files of records and examples: those that TensorFlow 2.21 wrote (records_side.py), and ours read by TensorFlow."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm
import gradmill.tensorflow as tf
from keras_interpreter import run_with_keras

GOLDEN = Path(__file__).parents[1] / "golden" / "tensorflow"
SIDE = Path(__file__).with_name("records_side.py")
FILES = {"": "examples.tfrecord", "GZIP": "examples_gzip.tfrecord", "ZLIB": "examples_zlib.tfrecord"}


@pytest.fixture(scope="module")
def side():
    """The script, with this package in TensorFlow's place."""
    before = sys.modules.get("tensorflow")
    sys.modules["tensorflow"] = tf
    try:
        spec = importlib.util.spec_from_file_location("records_side", SIDE)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        del sys.modules["tensorflow"]
        if before is not None:
            sys.modules["tensorflow"] = before


@pytest.mark.parametrize("compression", FILES)
def test_files_of_tensorflow(side, compression):
    contents = list(tf.data.TFRecordDataset(str(GOLDEN / FILES[compression]), compression))
    assert len(contents) == len(side.VALUES)
    for content, values in zip(contents, side.VALUES):
        feature = tf.train.Example.FromString(content.numpy()).features.feature
        assert feature["text"].bytes_list.value == values["text"]
        assert feature["float"].float_list.value == values["float"]
        assert feature["whole"].int64_list.value == values["whole"]


@pytest.mark.slow
@pytest.mark.parametrize("compression", FILES)
def test_tensorflow_reads_ours(side, compression, tmp_path):
    side.main("write", str(tmp_path / "x.tfrecord"), compression)
    run_with_keras(SIDE, "read", tmp_path / "x.tfrecord", compression, tmp_path / "found", timeout=300)
    expected = [[[t.decode("latin-1") for t in v["text"]], v["float"], v["whole"]] for v in side.VALUES]
    assert json.loads((tmp_path / "found").read_text()) == expected


def test_parsed_in_a_pipeline(side):
    spec = {
        "whole": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),
        "text": tf.io.FixedLenSequenceFeature([], tf.string, allow_missing=True),
        "other": tf.io.FixedLenFeature([2], tf.float32, default_value=0.5),
    }
    data = tf.data.TFRecordDataset([GOLDEN / FILES[""]]).map(lambda each: tf.io.parse_single_example(each, spec))
    for found, values in zip(data, side.VALUES):
        assert found["whole"].numpy().tolist() == values["whole"]
        assert [each.numpy() for each in found["text"]] == values["text"]
        assert found["other"].numpy().tolist() == [0.5, 0.5]
    serialized = [side.example(values).SerializeToString() for values in side.VALUES[1:] * 2]
    batch = tf.io.parse_example(serialized, {"whole": tf.io.FixedLenFeature([], tf.int64)})
    assert batch["whole"].numpy().tolist() == [7, 7]


@pytest.mark.parametrize(
    "spec, message",
    [
        (lambda: {"none": tf.io.FixedLenFeature([], tf.int64)}, "feature 'none' is required"),
        (lambda: {"whole": tf.io.FixedLenFeature([2], tf.int64)}, r"'whole' is to have shape \(2,\)"),
        (lambda: {"whole": tf.io.FixedLenFeature([3], tf.float32)}, "'whole' is to be float32"),
    ],
)
def test_features_that_do_not_fit(side, spec, message):
    with pytest.raises(gm.errors.GradMillError, match=message):
        tf.io.parse_single_example(side.example(side.VALUES[0]).SerializeToString(), spec())


def test_every_damaged_byte_is_found(tmp_path):
    whole = (GOLDEN / FILES[""]).read_bytes()
    path = tmp_path / "damaged.tfrecord"
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with pytest.raises(gm.errors.DamagedFileError, match="damaged.tfrecord: record [12] is (damaged|cut off)"):
            list(tf.data.TFRecordDataset(str(path)))
    for end in range(1, len(whole) - 1, 11):
        path.write_bytes(whole[:end])
        if end != len(whole) and end not in _ends(whole):
            with pytest.raises(gm.errors.DamagedFileError, match="record"):
                list(tf.data.TFRecordDataset(str(path)))


def _ends(data):
    """Where records end."""
    ends, place = [], 0
    while place < len(data):
        place += 16 + int.from_bytes(data[place : place + 8], "little")
        ends.append(place)
    return ends


@pytest.mark.parametrize("wrong", [b"\x0a\xff", b"\x0a\x05\x01", b"\x00", b"\xff" * 11, b"\x0c"])
def test_what_is_no_example(wrong):
    with pytest.raises(gm.errors.DamagedFileError, match="protocol buffer"):
        tf.train.Example.FromString(wrong)


def test_lines_and_columns(tmp_path):
    (tmp_path / "t.csv").write_text('a,b,c\r\n1,2.5,"x,y"\n,3,z\n')
    lines = list(tf.data.TextLineDataset(str(tmp_path / "t.csv")).skip(1))
    assert lines == [b'1,2.5,"x,y"', b",3,z"]
    whole, real, text = tf.io.decode_csv(lines, [[7], tf.float32, [""]])
    assert (whole.numpy().tolist(), whole.dtype) == ([1, 7], "int32")
    assert (real.numpy().tolist(), real.dtype) == ([2.5, 3.0], "float32")
    assert [each.numpy() for each in text] == [b"x,y", b"z"]
    with pytest.raises(gm.errors.ArgumentError, match="field 1 of line 0 is empty"):
        tf.io.decode_csv("1,", [0, tf.float32])
    with pytest.raises(gm.errors.ArgumentError, match="field 0 of line 0 is to be int32; received 'x'"):
        tf.io.decode_csv("x,1", [0, 0])
    with pytest.raises(gm.errors.ArgumentError, match="line 0 is to have 2 fields; received 3"):
        tf.io.decode_csv("1,2,3", [0, 0])


def test_text_compared_with_arrays_of_text():
    names = np.array(["daisy", "rose"])
    parts = tf.strings.split("photos/rose/1.jpg", "/")
    for equal in (parts[-2] == names, names == parts[-2]):
        assert equal.tolist() == [False, True]
    assert (parts[-2] != names).tolist() == [True, False]
    assert parts[0] == "photos" and parts[0] != b"photo" and not parts[0] == 3
    assert (parts == "rose").tolist() == [False, True, False]


def test_nested_structures():
    assert tf.nest.map_structure(lambda a, b: a + b, [1, (2, 3)], [10, (20, 30)]) == [11, (22, 33)]
    assert tf.nest.flatten({"b": 1, "a": [2, 3]}) == [2, 3, 1]
    with pytest.raises(gm.errors.ArgumentError, match="one nesting"):
        tf.nest.map_structure(max, [1, 2], [1, (2,)])
