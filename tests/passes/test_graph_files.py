"""Graphs as text: what each pass makes of the files in graphs/, and what the parser takes and refuses.

A file says which passes run, and gives the graph before and after them. After the text is compared, both graphs are
compiled and run on the same numbers.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm
from gradmill import _core, ops
from gradmill.errors import ArgumentError, UnsupportedError

FILES = sorted((Path(__file__).parent / "graphs").glob("*.graph"))


def read(path: Path) -> tuple:
    """(passes, before, after) of a file."""
    match = re.fullmatch(r"# .+?\npasses: (.+?)\n\nbefore:\n(.+?)\nafter:\n(.+)", path.read_text("utf-8"), re.DOTALL)
    assert match, f"{path.name}: expected '# what', 'passes:', 'before:' and 'after:'"
    return [name.strip() for name in match[1].split(",")], match[2], match[3]


def run(text: str) -> list:
    """Outputs and new states of a graph on numbers that depend on shapes alone."""
    plan = _core.parse_graph(text).compile()
    generator = np.random.default_rng(5)
    inputs = [_core.tensor(np.asarray(generator.normal(size=shape) * 3), dtype) for shape, dtype in plan.inputs]
    for variable in plan.variables:
        variable._assign(generator.normal(size=variable.shape))
    outputs = [output.numpy() for output in plan.run(inputs)]
    return [*outputs, *(variable.numpy() for variable in plan.variables)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_pass_makes_what_the_file_says(path: Path) -> None:
    passes, before, after = read(path)
    graph = _core.parse_graph(before)
    graph.run_passes(passes)
    assert str(graph) == after
    for found, wanted in zip(run(after), run(before)):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)


def test_every_pass_has_a_file() -> None:
    covered = {name for path in FILES for name in read(path)[0]}
    assert covered == set(_core.pass_names())


def test_printing_and_parsing_are_inverse_on_compiled_plans() -> None:
    weights = [gm.Variable(np.ones((4, 3), "float32"), name='a "name"\\ of\ntwo lines')]

    def step(x, labels):
        with gm.GradientTape() as tape, gm.tracing.name_scope("layer"):
            logits = ops.matmul(x, weights[0]) + _core.tensor([1 / 3, -np.inf, np.nan])
            loss = ops.sum(ops.sparse_categorical_crossentropy(labels, logits, from_logits=True))
        weights[0].assign_sub(0.1 * tape.gradient(loss, weights[0]) * gm.random.uniform((4, 3), seed=3))
        return loss, ops.cast(logits, "bfloat16") * 2.0, ops.cast(x, "int64") + 2**40

    x, labels = np.ones((5, 4), "float32"), np.array([0, 1, 2, 0, 1], "int32")
    plan = gm.function(step).plan_for(x, labels)
    text = str(_core.parse_graph(str(plan)))
    assert str(_core.parse_graph(text)) == text
    assert text == str(plan)
    for part in ("tile(", '# "layer"', "s0 := ", "[0.33333334, -inf, nan]"):
        assert part in text, text


def test_a_parsed_graph_computes_what_was_traced() -> None:
    def function(x, y):
        return ops.softmax(ops.tanh(ops.matmul(x, y) * 0.5 + y) - ops.mean(x, axis=0))

    x = np.random.default_rng(0).normal(size=(4, 4)).astype("float32")
    plan = _core.parse_graph(str(gm.function(function).plan_for(x, x))).compile()
    found = plan.run([_core.tensor(x), _core.tensor(x)])[0]
    np.testing.assert_array_equal(found.numpy(), gm.function(function)(x, x).numpy())


GOOD = "in0: input float32(2, 3)\n"
TILE = "tile(2, 3) [%0: float32(2, 3)] (%0) {%1: float32(2, 3) = exp(%0)} -> (%1)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("in0 input float32(2)", "line 1: expected '='"),
        ("in0: input flot32(2)", "float32"),
        ("in0: input float32(2", "expected ','"),
        ("in0: input float32(-2)", "negative"),
        ("in0: input float32(1, 1, 1, 1, 1, 1, 1, 1, 1)", "8 axes"),
        ("in0: input float32(1000000000, 1000000000)", "elements"),
        ("in0: input float32(99999999999999999999)", "whole number"),
        ("s0: state float32(100000000)", "more than"),
        ("c0: constant float32(2) [1]", "expected ','"),
        ("c0: constant float32(2) [1, 2, 3]", "expected ']'"),
        ("c0: constant float32(20) [...]", "a number"),
        ("c0: constant int8() 300", "does not fit"),
        ("c0: constant bool() 2", "'false'"),
        ('s0: state float32() "open', "closing quote"),
        (GOOD + GOOD, "line 2: 'in0' is defined twice"),
        ("v0 = exp(in0)", "'in0' is not defined"),
        (GOOD + "v0 = expp(in0)", "exp"),
        (GOOD + "v0 = exp(in0, in0)", "expected 1 inputs"),
        (GOOD + "v0 = add(in0)", "expected 2 inputs"),
        (GOOD + "v0 = matmul(in0, in0)", "inner sizes"),
        (GOOD + "v0 = softmax(in0) {axes=1}", "axis"),
        (GOOD + "v0 = softmax(in0) {axis=7}", "out of range"),
        (GOOD + "v0 = softmax(in0) {axis=x}", "whole number"),
        (GOOD + "v0 = exp(in0) {axis=1}", "no attributes"),
        (GOOD + "v0: float32(3, 2) = exp(in0)", "gives float32(2, 3)"),
        (GOOD + "v0, v1 = exp(in0)", "1 outputs"),
        (GOOD + "v0 = exp(in0) trailing", "the end of the line"),
        (GOOD + "in0 := in0", "not a state"),
        ("s0: state float32(2)\nin0: input float32(3)\ns0 := in0", "is updated with"),
        ("s0: state float32(2)\ns0 := s0\ns0 := s0", "twice"),
        (GOOD + "return v9", "not defined"),
        (GOOD + "v0 = fused_tile(in0)", "group"),
        (GOOD + "v0 = fused_tile(in0) {group=none}", "group"),
        (GOOD + f"v0 = fused_tile() {{group={TILE}}}", "the node gives 0"),
        (GOOD + f"v0 = fused_tile(in0, in0) {{group={TILE}}}", "reads 1 values"),
        (GOOD + f"v0 = fused_tile(in0) {{group={TILE.replace('(%1)', '(%9)')}}}", "not computed"),
        (GOOD + f"v0 = fused_tile(in0) {{group={TILE.replace('exp(%0)', 'exp(%5)')}}}", "read before"),
        (GOOD + f"v0 = fused_tile(in0) {{group={TILE.replace('exp(%0)', 'sum(%0)')}}}", "cannot stand"),
        (GOOD + f"v0 = fused_tile(in0) {{group={TILE.replace('%1', '%99999')}}}", "below"),
        (GOOD + f"v0 = fused_tile(in0) {{group={TILE.replace('%0: float32(2, 3)', '%0: float32(7)')}}}", ""),
        (GOOD + f"v0 = matmul(in0, in0) {{transpose_b=true, epilogue={TILE}}}", "shape (2, 2)"),
    ],
)
def test_malformed_text_is_refused(text: str, message: str) -> None:
    with pytest.raises(ArgumentError, match="graph text, line") as caught:
        _core.parse_graph(text)
    assert message in str(caught.value)


def test_damaged_text_never_crashes() -> None:
    """Letters of good graphs are dropped, doubled and exchanged: each text is refused, or runs through all passes."""
    generator = random.Random(1)
    good = [read(path)[1] for path in FILES] + [read(path)[2] for path in FILES]
    for number in range(3000):
        text = list(good[number % len(good)])
        for _ in range(generator.randint(1, 4)):
            place = generator.randrange(len(text))
            kind = generator.randrange(4)
            if kind == 0:
                del text[place]
            elif kind == 1:
                text.insert(place, generator.choice('0123456789-,()[]{}%=:;"\n abcxv_'))
            elif kind == 2:
                other = generator.randrange(len(text))
                text[place], text[other] = text[other], text[place]
            else:
                end = place + generator.randint(1, 20)
                text[place:place] = text[place:end]
        try:
            graph = _core.parse_graph("".join(text))
        except ArgumentError:
            continue
        assert str(_core.parse_graph(str(graph))) == str(graph)
        graph.run_passes(_core.pass_names())
        str(graph)


def test_unknown_passes_and_used_graphs_are_named() -> None:
    graph = _core.parse_graph(GOOD + "return in0")
    with pytest.raises(ArgumentError, match="fuse_tiles"):
        graph.run_passes(["fuse_tile"])
    graph.compile()
    with pytest.raises(UnsupportedError, match="parse the text again"):
        str(graph)
