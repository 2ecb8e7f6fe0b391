"""Intervals contain the truth as often as they say, and verdicts follow from them."""

import re

import numpy as np
import pytest

from gradmill.benchmark.intervals import Interval, interval_of, ratio_of, verdict
from gradmill.benchmark.tables import ends


@pytest.mark.parametrize("repeats", [3, 5, 12])
def test_intervals_contain_the_true_median(repeats):
    generator = np.random.default_rng(repeats)
    draws = 1000 * np.exp(generator.normal(0, 0.05, (300, repeats)))
    inside = [found.low <= 1000 <= found.high for found in map(interval_of, draws)]
    assert np.mean(inside) > 0.9


def test_more_repeats_and_less_spread_make_intervals_narrow():
    generator = np.random.default_rng(0)
    wide, narrow = (interval_of(100 * np.exp(generator.normal(0, spread, 8))) for spread in (0.1, 0.01))
    assert narrow.width < wide.width / 3
    assert interval_of(100 * np.exp(generator.normal(0, 0.1, 60))).width < wide.width


def test_one_measurement_says_nothing_about_the_spread():
    found = interval_of([7.0])
    assert found == (7.0, 7.0, 7.0, 1) and found.width == float("inf")
    assert verdict(Interval(2.0, 2.0, 2.0, 1)) == "cannot tell" and verdict(None) == "cannot tell"


def test_what_slows_both_down_cancels():
    slowness = np.array([1.0, 2.0, 4.0, 1.5, 3.0])
    ours, theirs = 300 / slowness, 100 / slowness * np.array([1.0, 1.01, 0.99, 1.0, 1.02])
    ratio = ratio_of(ours, theirs)
    assert 2.9 < ratio.low < 3 < ratio.high < 3.1
    assert interval_of(ours).width > 0.5
    assert verdict(ratio) == "faster" and verdict(ratio_of(theirs, ours)) == "slower"


def test_equal_speeds_cannot_be_told_apart():
    generator = np.random.default_rng(1)
    ours, theirs = np.exp(generator.normal(0, 0.05, (2, 10)))
    assert verdict(ratio_of(ours, theirs)) == "cannot tell"


def test_few_runs_are_counted_rather_than_given_ends_that_say_nothing():
    shown = [ends(interval_of([100.0, 101.0, 99.0][:count])) for count in (1, 2, 3)]
    assert shown[:2] == ["one run", "two runs"] and re.fullmatch(r"\d+(\.\d+)? to \d+", shown[2])
