from __future__ import annotations

import csv
import io

import pytest
from landfuse.core.data.classes import LandClass
from landfuse.core.evaluation.confusion import ConfusionMatrix
from landfuse.core.evaluation.table import table_text, write_table

CLASSES = (
    LandClass(1, "Wasserfläche", "#0000ff"),
    LandClass(2, "Roof, red", "#ff0000"),
    LandClass(7, "Trees", "#00ff00"),
)


@pytest.fixture
def matrix():
    return ConfusionMatrix.from_labels([0, 0, 0, 1], [0, 0, 1, 1], CLASSES)


def test_the_table_names_both_axes_and_holds_the_counts(matrix):
    rows = list(csv.reader(io.StringIO(table_text(matrix, "points").lstrip("\ufeff"))))
    assert rows[0] == ["reference (rows) / map (columns)", "Wasserfläche", "Roof, red", "Trees", "total"]
    assert rows[1] == ["Wasserfläche", "2", "1", "0", "3"]
    assert rows[4] == ["total", "2", "2", "0", "4"]


def test_undefined_figures_are_empty_and_never_zero(matrix):
    rows = list(csv.reader(io.StringIO(table_text(matrix, "points").lstrip("\ufeff"))))
    per_class = {row[0]: row for row in rows[7:10]}
    assert per_class["Trees"] == ["Trees", "7", "0", "0", "", "", ""]
    assert per_class["Wasserfläche"][4:] == ["1.000000", "0.666667", "0.800000"]


def test_the_table_says_what_was_measured(matrix):
    rows = list(csv.reader(io.StringIO(table_text(matrix, "the points of july", ["3 left out"]))))
    assert ["measured_on", "the points of july"] in rows
    assert ["note", "3 left out"] in rows
    assert ["overall_accuracy", "0.750000"] in rows


def test_the_file_opens_in_spreadsheets_with_its_umlauts(matrix, tmp_path):
    write_table(tmp_path / "t.csv", matrix, "points")
    data = (tmp_path / "t.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == data.count(b"\n")


def test_classes_of_one_name_are_told_apart():
    twins = (LandClass(1, "Roof", "#0000ff"), LandClass(2, "Roof", "#ff0000"))
    head = table_text(ConfusionMatrix.from_labels([0], [1], twins), "x").splitlines()[0]
    assert "Roof (1),Roof (2)" in head
