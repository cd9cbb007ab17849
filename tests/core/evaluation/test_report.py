from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from landfuse.core.data.classes import LandClass
from landfuse.core.evaluation.confusion import ConfusionMatrix
from landfuse.core.evaluation.figures import confusion_figure, curve_figure, nice_ticks
from landfuse.core.evaluation.html import decimal, percent, table
from landfuse.core.evaluation.report import (
    AssessmentReport,
    ComparisonRow,
    TrainingReport,
    assessment_html,
    training_html,
    write_training_report,
)

CLASSES = (
    LandClass(1, "Water", "#0000ff"),
    LandClass(2, "Roof <&> 'tile'", "#ff0000"),
    LandClass(3, "Moor", "#00ff00"),
)
VOID = {"meta", "img", "br"}


class _Balance(HTMLParser):
    """Fails on a tag that is closed in the wrong order."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def check_page(text):
    """A page is well formed, self-contained and free of scripts and unset values."""
    parser = _Balance()
    parser.feed(text)
    assert parser.open == []
    assert not re.search(r"<script|<link|@import|url\(", text)
    assert not re.search(r'(src|href)="(?!data:)', text)
    assert "nan" not in re.sub(r"data:[^\"]*", "", text).lower().replace("finan", "")
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport"' in text


@pytest.fixture
def matrix():
    return ConfusionMatrix(np.array([[90, 10, 0], [5, 45, 0], [0, 0, 0]]), CLASSES)


@pytest.fixture
def training(matrix):
    return TrainingReport(
        "Demo",
        "MIBF-Net",
        "Geng et al.",
        settings=[("Epochs", "3")],
        sources=[("hsi", "a.tif")],
        grid_text="EPSG:32633",
        classes=CLASSES,
        matrix=matrix,
        measured_on="held-back areas",
        not_assessed=["Moor"],
        curves={"train_loss": [(1, 2.0), (2, 1.0), (3, float("nan"))]},
        n_places=12,
    )


def test_a_training_report_shows_its_figures_and_says_what_they_were_measured_on(training):
    text = training_html(training)
    check_page(text)
    for expected in (
        "90.0 %",
        "held-back areas",
        "12 separate places",
        "Not assessed: Moor",
        "EPSG:32633",
    ):
        assert expected in text
    assert "reference (rows)" in text
    assert "map (columns)" in text


def test_text_from_outside_is_escaped(training):
    assert "Roof &lt;&amp;&gt;" in training_html(training)
    assert "Roof <&>" not in training_html(training)


def test_a_model_without_scores_says_so(training):
    unscored = TrainingReport("Demo", "MIBF-Net")
    text = training_html(unscored)
    check_page(text)
    assert "has not been scored" in text
    assert "Overall accuracy" not in text


def test_a_random_split_is_marked_optimistic(training, matrix):
    from dataclasses import replace

    text = training_html(replace(training, random_split=matrix))
    check_page(text)
    assert "optimistic</span>" in text
    assert "Optimistic: training and test pixels" in text


def test_an_optimistic_row_is_never_the_best(matrix):
    rows = [
        ComparisonRow.of("fused", matrix),
        ComparisonRow("forest", 0.5, 0.4, 0.45),
        ComparisonRow("random", 0.99, 0.99, 0.99, optimistic=True),
    ]
    text = assessment_html(AssessmentReport("A", matrix, "points", comparison=rows))
    assert "<strong>90.0 %</strong>" in text
    assert "<strong>99.0 %</strong>" not in text


def test_an_assessment_shows_warnings_first(matrix):
    text = assessment_html(AssessmentReport("A", matrix, "12 points", warnings=["Moor is missing."]))
    check_page(text)
    assert text.index("Moor is missing.") < text.index("Overall accuracy")


def test_the_report_is_written_to_its_file(training, tmp_path):
    write_training_report(tmp_path / "r.html", training)
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == training_html(training)


def test_undefined_is_a_dash_and_rounding_never_reaches_a_bound():
    assert percent(float("nan")) == "-"
    assert decimal(float("nan")) == "-"
    assert percent(0.99999) == "99.9 %"
    assert percent(1.0) == "100.0 %"
    assert percent(0.00001) == "0.1 %"
    assert decimal(0.99999) == "0.999"
    assert decimal(-0.2) == "-0.200"


def test_a_table_aligns_its_numbers_and_escapes_its_cells():
    text = table(["a", "b"], [["<x>", "1"]], numeric=[1])
    assert "&lt;x&gt;" in text
    assert '<td class="number">1</td>' in text


def test_the_heat_map_tells_reference_and_map_of_each_cell(matrix):
    text = confusion_figure(matrix)
    assert (
        "reference Water, map Roof &lt;&amp;&gt; &#x27;tile&#x27;: 10 (10.0 % of the reference class)" in text
    )


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.2, 0.2), (-3, 7.5), (1e-9, 2e-9), (0, 0), (17, 123456)])
def test_ticks_are_few_and_span_the_values(low, high):
    ticks = nice_ticks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 2 <= len(ticks) <= 8
    assert np.allclose(np.diff(ticks), ticks[1] - ticks[0])


def test_curves_leave_out_what_is_not_finite_and_survive_a_single_epoch():
    assert curve_figure({"loss": [(1, float("inf"))]}, "Loss") == ""
    assert "<circle" in curve_figure({"loss": [(1, 0.5)]}, "Loss")
