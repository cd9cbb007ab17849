from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.classes import class_list
from landfuse.core.evaluation.confusion import ConfusionMatrix

CLASSES = class_list([1, 2, 5])


def test_rows_are_the_reference_and_columns_the_map():
    matrix = ConfusionMatrix.from_labels([0, 0, 0, 2], [0, 1, 1, 0], CLASSES)
    assert matrix.counts.tolist() == [[1, 2, 0], [0, 0, 0], [1, 0, 0]]
    assert matrix.reference_totals.tolist() == [3, 0, 1]
    assert matrix.map_totals.tolist() == [2, 2, 0]
    assert matrix.total == 4


def test_the_matrix_equals_that_of_scikit_learn():
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    reference, mapped = random.integers(0, 3, 500), random.integers(0, 3, 500)
    ours = ConfusionMatrix.from_labels(reference, mapped, CLASSES).counts
    assert (ours == sklearn_metrics.confusion_matrix(reference, mapped, labels=[0, 1, 2])).all()


def test_matrices_of_folds_add_up():
    a = ConfusionMatrix.from_labels([0, 1], [0, 2], CLASSES)
    b = ConfusionMatrix.from_labels([1, 2], [1, 2], CLASSES)
    whole = ConfusionMatrix.from_labels([0, 1, 1, 2], [0, 2, 1, 2], CLASSES)
    assert (ConfusionMatrix.sum([a, b]).counts == whole.counts).all()


def test_matrices_of_other_classes_do_not_add_up():
    a = ConfusionMatrix.from_labels([0], [0], CLASSES)
    b = ConfusionMatrix.from_labels([0], [0], class_list([1, 2, 6]))
    with pytest.raises(ValueError, match="different classes"):
        a + b


@pytest.mark.parametrize(("reference", "mapped"), [([0], [3]), ([-1], [0]), ([0, 1], [0])])
def test_labels_outside_the_classes_or_of_other_length_are_refused(reference, mapped):
    with pytest.raises(ValueError, match=r"class indexes|one length"):
        ConfusionMatrix.from_labels(reference, mapped, CLASSES)


def test_no_samples_give_a_matrix_of_zeros():
    assert ConfusionMatrix.from_labels([], [], CLASSES).total == 0


def test_classes_that_occur_nowhere_can_be_left_out():
    matrix = ConfusionMatrix.from_labels([0, 2], [2, 2], CLASSES).without_empty_classes()
    assert [c.value for c in matrix.classes] == [1, 5]
    assert matrix.counts.tolist() == [[0, 1], [0, 1]]


def test_a_matrix_survives_the_model_file():
    matrix = ConfusionMatrix.from_labels([0, 2, 1], [2, 2, 1], CLASSES)
    again = ConfusionMatrix.from_json(matrix.to_json())
    assert again.classes == matrix.classes
    assert (again.counts == matrix.counts).all()
