from __future__ import annotations

import math

import numpy as np
import pytest
from landfuse.core.comparison.design import Cell, Design, Row
from landfuse.core.comparison.outputs import csv_text, html_text, latex_text, runs_text
from landfuse.core.comparison.records import Finished
from landfuse.core.comparison.summary import Published, spread_of, summarise
from landfuse.core.data.classes import class_list
from landfuse.core.evaluation.confusion import ConfusionMatrix

ROW, EMPTY = Row("mibf_net", ("hsi", "lidar")), Row("svm", ("hsi",))
FACTS = {
    "split": "50 % held back & more",
    "gap": "gap 4 m",
    "seeds": "1, 2",
    "preset": "paper",
    "spread": "sd",
}


def summary(**changes):
    design = Design((ROW, EMPTY), (1, 2), 1)
    cells = design.cells([1])
    counts = ([[8, 2], [0, 10]], [[6, 4], [0, 10]])
    finished = {
        Cell(ROW, seed, 1): Finished(ConfusionMatrix(np.array(c), class_list([1, 2])), 3.0, {}, 7)
        for seed, c in zip((1, 2), counts)
    }
    errors = {Cell(EMPTY, 1, 1): "It <failed>."}
    return summarise(design, cells, finished, errors, FACTS, changes.get("published", ()))


def test_mean_and_sample_deviation():
    found = spread_of([0.9, 0.8, 0.7])
    assert (found.mean, found.deviation) == (pytest.approx(0.8), pytest.approx(0.1))
    assert spread_of([0.5]).mean == 0.5
    assert math.isnan(spread_of([0.5]).deviation)
    assert math.isnan(spread_of([]).mean)


def test_latex_escapes_what_it_would_read_as_commands():
    text = latex_text(summary())
    assert r"50 \% held back \& more" in text
    assert r"MIBF-Net & hsi + lidar & $85.0 \pm 7.1$ & $85.0 \pm 7.1$ & $0.700 \pm 0.141$" in text
    assert r"Support vector machine & hsi & -- & -- & -- & -- \\" in text
    assert text.count("{") == text.count("}")


def test_a_line_without_runs_is_empty_and_its_error_is_told():
    found = summary()
    assert "Unfinished: 2 of 4 runs." in found.caption
    page = html_text(found)
    assert "It &lt;failed&gt;." in page
    assert "svm,hsi,0,,,,,,,,," in csv_text(found)
    assert "svm,hsi,1,1,failed,,,,,,,,,It <failed>." in runs_text(found)
    assert "svm,hsi,2,1,not run," in runs_text(found)


def test_the_best_mean_stands_out_only_among_results():
    better = Published(ROW, {"OA": 0.99}, "Doe 2020")
    page = html_text(summary(published=(better,)))
    assert "99.0 %" in page
    assert "<strong>" not in page  # a single line has nothing to be better than
