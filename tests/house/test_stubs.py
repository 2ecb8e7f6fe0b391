"""The type stubs of the compiled modules say what the modules say."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "gradmill"


def test_the_stubs_are_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "make_stubs.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_stubs_are_python_and_name_no_c_type() -> None:
    for path in PACKAGE.glob("*.pyi"):
        text = path.read_text(encoding="utf-8")
        ast.parse(text)
        assert "::" not in text


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()
    assert {path.name for path in PACKAGE.glob("*.pyi")} == {"_core.pyi", "_hdf5.pyi"}
