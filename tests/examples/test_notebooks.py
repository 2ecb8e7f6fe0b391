"""The notebooks: stored without outputs, and executed from beginning to end at their small sizes."""

import copy
import importlib.util
import json
import os
import re
from pathlib import Path

import pytest

from gradmill.benchmark.publish import missing_packages

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
SYSTEM_FASHION = "/usr/share/datasets/fashion-mnist"
# What must hold when all cells have run.
CHECKS = {
    "getting_started": "assert accuracy > 0.9 and own_accuracy > 0.9, (accuracy, own_accuracy)",
    "train_fashion_mnist": "assert accuracy > 0.8 and counts.sum() == 10_000, accuracy",
    "benchmark_your_machine": """
        assert status == 0 and results.complete and [row.cell.name for row in rows] == ["fashion_mlp", "lstm"]
        for row in rows:
            assert row.speed.value > 0 and row.share_of_peak > 0
        for end in (".html", "-roofline.png", "-throughput.png", "-layers-fashion_mlp.png"):
            assert (folder / f"{tag}{end}").exists(), end
        """,
    "reading_a_plan": """
        assert used.max() * 1e6 <= plan.arena_bytes and len(used) == plan.kernel_calls
        assert direct > carried_out > 0 and len(layers) == 5 and profiled > 0
        """,
}


def content_of(name):
    return json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))


def code_of(content):
    return [cell for cell in content["cells"] if cell["cell_type"] == "code"]


def test_every_notebook_has_a_check():
    assert sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")) == sorted(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_stored_without_outputs_and_places(name):
    content = content_of(name)
    for cell in code_of(content):
        assert cell["outputs"] == [] and cell["execution_count"] is None, "clear the outputs before storing"
    assert set(content["metadata"]) == {"kernelspec", "language_info"}
    assert content["metadata"]["kernelspec"]["name"] == "python3"
    text = "\n".join("".join(cell["source"]) for cell in content["cells"])
    assert not re.search(r"/(home|root|Users|tmp|work|opt)/", text), "a path of one machine"
    assert content["cells"][0]["cell_type"] == "markdown" and text.startswith("# ")


def for_a_test(name):
    """The notebook with its small sizes, and with a cell at its end that checks what came out."""
    content = copy.deepcopy(content_of(name))
    (parameters,) = [cell for cell in code_of(content) if "parameters" in cell["metadata"].get("tags", ())]
    assert "".join(parameters["source"]).startswith("quick = False")
    parameters["source"] = "quick = True"
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"])
    check = re.sub(r"^ {8}", "", CHECKS[name], flags=re.MULTILINE).strip()
    content["cells"].append({**parameters, "id": "check", "metadata": {}, "source": check})
    return content


def reason_to_skip(name):
    for package in ("nbclient", "ipykernel"):
        if importlib.util.find_spec(package) is None:
            return f"needs {package}"
    missing = missing_packages()
    if missing:
        return f"needs {', '.join(missing)}"
    if name == "train_fashion_mnist" and not os.path.isdir(SYSTEM_FASHION):
        return "Debian's package dataset-fashion-mnist is not installed"
    return ""


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # what Jupyter's packages tell each other is not ours
@pytest.mark.parametrize("name", CHECKS)
def test_runs_from_beginning_to_end(name, tmp_path, monkeypatch):
    reason = reason_to_skip(name)
    if reason:
        pytest.skip(reason)
    nbformat, nbclient = importlib.import_module("nbformat"), importlib.import_module("nbclient")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.from_dict(for_a_test(name))
    nbformat.validate(notebook)
    done = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    complaints = "".join(output.text for output in outputs if output.get("name") == "stderr")
    assert "Warning" not in complaints and "Error" not in complaints, complaints
    if name != "benchmark_your_machine":
        assert any("image/png" in output.get("data", {}) for output in outputs)
