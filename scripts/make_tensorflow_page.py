"""Write the list of names in python/docs/tensorflow.md anew, from gradmill.tensorflow."""

from pathlib import Path

import gradmill.tensorflow as tf
from gradmill.tensorflow import coverage_table

PAGE = Path(__file__).resolve().parents[1] / "python" / "docs" / "tensorflow.md"
MARK = "<!-- by scripts/make_tensorflow_page.py -->\n"


def main() -> None:
    """Replace what stands behind the mark."""
    text, mark, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    PAGE.write_text(text + mark + coverage_table.as_page(tf), encoding="utf-8")


if __name__ == "__main__":
    main()
