"""The report as a browser shows it: its elements are there, in light and in dark, and nothing is fetched."""

import re
import shutil
import subprocess

import pytest
from made_up import CELL, ROOF, layers, run, session, write

from gradmill.__main__ import main

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((path for path in map(shutil.which, NAMES) if path), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="needs Chromium (Debian: apt install chromium)"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report of two files with a peer, an invalid row and a failure."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    folder = tmp_path_factory.mktemp("report")
    speeds = (990.0, 1000.0, 1010.0)
    lines = [session(tag="one"), {"kind": "roof", **ROOF}, *(run(s, number=i) for i, s in enumerate(speeds)), layers()]
    lines += [run(s / 4, "torch", number=i) for i, s in enumerate(speeds)]
    lines += [run(engine="jax", error="exit code 1: ModuleNotFoundError"), run(900.0, "mlx", loss=None)]
    one = write(folder / "one.jsonl", *lines)
    two = write(folder / "two.jsonl", session(tag="two"), {"kind": "roof", **ROOF}, run(2000.0))
    assert main(["report", str(one), str(two), "--html", str(folder / "a.html")]) == 0
    return folder / "a.html"


def browse(page, *options):
    """What the browser prints when it opens the page."""
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += ["--virtual-time-budget=3000"]
    command += [f"--user-data-dir={page.parent / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND", *options]
    done = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_its_elements_are_there(page):
    text = browse(page, "--dump-dom")
    for name in ("throughput", "roofline", "memory"):
        assert re.search(rf'<figure id="{name}" role="img"[^>]*><svg', text), name
    assert text.count('<table class="results">') == 2 and '<table class="comparison">' in text
    assert '<table class="published">' in text and "M1" in text
    assert re.search(r"<td[^>]*>1,000</td>", text) and "faster, 4.00 times as fast" in text
    assert text.count('<tr class="invalid">') == 1 and text.count('<tr class="failed">') == 1
    assert "jax: exit code 1: ModuleNotFoundError" in text and "the last loss is no number" in text
    assert re.search(rf"<summary>{CELL.name}</summary>", text) and "sequential/dense" in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_screenshots(page, scheme, tmp_path):
    image = pytest.importorskip("PIL.Image")
    picture = tmp_path / f"{scheme}.png"
    preferred = "0" if scheme == "dark" else "1"
    browse(
        page,
        f"--screenshot={picture}",
        "--window-size=1200,2400",
        f"--blink-settings=preferredColorScheme={preferred}",
    )
    pixels = image.open(picture).convert("RGB")
    assert pixels.size == (1200, 2400)
    background = pixels.getpixel((3, 3))
    assert (sum(background) > 700) == (scheme == "light") and (sum(background) < 150) == (scheme == "dark")
    # Bars of GradMill and of a peer, in the colours of the scheme, and text that stands out.
    colours = {colour: count for count, colour in pixels.getcolors(2**24)}
    series = {"light": ((27, 108, 168), (217, 130, 43)), "dark": ((90, 169, 230), (240, 163, 94))}[scheme]
    assert all(colours.get(colour, 0) > 300 for colour in series)
    ink = {"light": (31, 36, 48), "dark": (230, 233, 239)}[scheme]
    assert colours.get(ink, 0) > 500
