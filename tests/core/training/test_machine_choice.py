from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.models.svm import Machine
from landfuse.core.progress import Progress, silent
from landfuse.core.training.machine_choice import USUAL, choose_machine, folds_of

pytest.importorskip("sklearn.svm")


def rings(n_places=30, per_place=10, seed=0):
    """Two classes at different distances from a centre, in places; a wide kernel cannot part them."""
    rng = np.random.default_rng(seed)
    places = np.repeat(np.arange(n_places), per_place)
    labels = places % 2
    angle = rng.uniform(0, 2 * np.pi, len(places))
    radius = 1 + 0.5 * labels + rng.normal(0, 0.05, len(places))
    features = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return features.astype(np.float32), labels, places


def test_places_stay_whole_and_every_class_is_in_every_fold():
    labels = np.repeat([0, 1, 0, 1, 0, 1, 2], [40, 3, 8, 9, 5, 7, 6])
    places = np.repeat([10, 11, 12, 13, 14, 15, 16], [40, 3, 8, 9, 5, 7, 6])
    folds = folds_of(labels, places, seed=4)
    assert all(len(np.unique(folds[places == place])) == 1 for place in np.unique(places))
    for label in (0, 1):
        assert set(folds[labels == label].tolist()) == {0, 1, 2}


def test_the_best_candidate_is_chosen_and_told():
    events = []
    chosen = choose_machine(*rings(), 0.0, 0.0, 1, Progress(events.append))
    by_hand = {
        gamma: choose_machine(*rings(), chosen.cost, gamma, 1, silent) for gamma in (0.25, chosen.gamma)
    }
    assert by_hand[chosen.gamma] == chosen
    assert chosen.gamma > 0.25  # the widest kernel underfits the rings
    assert any(f"C {chosen.cost:g}" in str(event.get("text", event)) for event in events)


def test_a_given_value_is_kept_and_two_need_no_comparison():
    assert choose_machine(*rings(), 3.0, 0.0, 1, silent).cost == 3.0
    nothing = np.zeros((0, 2), np.float32), np.zeros(0, int), np.zeros(0, int)
    assert choose_machine(*nothing, 3.0, 0.5, 1, silent) == Machine(3.0, 0.5)


def test_with_a_single_place_of_each_class_the_usual_settings_hold():
    features, labels, _ = rings()
    assert choose_machine(features, labels, labels, 0.0, 0.0, 1, silent) == USUAL
    assert choose_machine(features, labels, labels, 5.0, 0.0, 1, silent) == Machine(5.0, USUAL.gamma)
