"""Runs beside TensorFlow: writes a file of examples, and reads one back as JSON.

    python records_side.py write FILE COMPRESSION
    python records_side.py read FILE COMPRESSION JSON
"""

import json
import sys
from pathlib import Path

import tensorflow as tf

VALUES = [
    {"text": [b"", b"caf\xc3\xa9"], "float": [1.5, -2.25], "whole": [0, -1, 2**40]},
    {"text": [b"\x00\xff" * 200], "float": [], "whole": [7]},
]


def example(values):
    features = {
        "text": tf.train.Feature(bytes_list=tf.train.BytesList(value=values["text"])),
        "float": tf.train.Feature(float_list=tf.train.FloatList(value=values["float"])),
        "whole": tf.train.Feature(int64_list=tf.train.Int64List(value=values["whole"])),
    }
    return tf.train.Example(features=tf.train.Features(feature=features))


def main(what, path, compression, target=None):
    if what == "write":
        with tf.io.TFRecordWriter(path, compression or None) as writer:
            for values in VALUES:
                writer.write(example(values).SerializeToString())
        return
    found = []
    for content in tf.data.TFRecordDataset([path], compression):
        feature = tf.train.Example.FromString(content.numpy()).features.feature
        text = [each.decode("latin-1") for each in feature["text"].bytes_list.value]
        numbers = [list(feature["float"].float_list.value), list(feature["whole"].int64_list.value)]
        found.append([text, *numbers])
    Path(target).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
