"""Make grey pictures of one filled triangle each, with masks, and CSV lists of them to train and to validate on.

python examples/make_triangles.py                    600 pictures of 512x512 in the folder triangles
python examples/make_triangles.py --output DIR --images 60 --side 256

`training.csv` lists the first five sixths, `validation.csv` the others.
"""

import argparse

import gradmill as keras
from gradmill.benchmark.options import positive, run_script

parser = argparse.ArgumentParser(
    description="Make pictures of triangles with masks and CSV lists.",
    epilog="example: python examples/make_triangles.py --output triangles",
)
parser.add_argument("--output", metavar="DIR", default="triangles", help="new or empty folder (default %(default)s)")
parser.add_argument("--images", type=positive, default=600, help="pictures (default %(default)s)")
parser.add_argument("--side", type=positive, default=512, help="height and width (default %(default)s)")
parser.add_argument("--seed", type=int, default=42, help="seed of everything random (default %(default)s)")
options = parser.parse_args()
if options.images < 2:
    parser.error("--images: expected 2 or more, to train and to validate on; received 1")


def main():
    train = options.images * 5 // 6
    keras.datasets.shapes.write_triangles(options.output, options.images, options.side, options.seed, train)
    print(f"Pictures:          {options.images} of {options.side}x{options.side} in {options.output}")
    print(f"Lists:             training.csv ({train}), validation.csv ({options.images - train})")


run_script(main)
