from __future__ import annotations

import pytest
from landfuse.core.training.plan import PRESETS, TrainingPlan, training_plan


def test_few_samples_get_more_epochs_and_many_fewer():
    plan = TrainingPlan(epochs=100, batch_size=50, min_steps=300, max_steps=1000)
    assert plan.for_samples(250).epochs == 100
    assert plan.for_samples(60).epochs == 150  # two steps each
    assert plan.for_samples(5000).epochs == 10


def test_fitted_plans_keep_their_epochs_for_another_number_of_samples():
    fitted = training_plan("mibf_net").for_samples(300)
    assert fitted.for_samples(4000).epochs == fitted.epochs


def test_what_the_user_fixed_replaces_the_preset():
    plan = training_plan("mibf_net", epochs=7, batch_size=32, learning_rate=1e-4, seed=3)
    assert (plan.epochs, plan.batch_size, plan.learning_rate, plan.seed) == (7, 32, 1e-4, 3)
    assert plan.for_samples(10).epochs == 7


def test_the_paper_preset_is_the_published_protocol():
    plan = training_plan("mibf_net", "paper").for_samples(300)
    assert (plan.epochs, plan.batch_size, plan.optimiser, plan.weight_decay) == (300, 64, "adam", 5e-4)
    assert plan.learning_rate_at(10 / 300) == pytest.approx(2.5e-4)  # the peak, after ten epochs
    assert plan.learning_rate_at(5 / 300) == pytest.approx(1.25e-4)
    assert plan.learning_rate_at(1.0) == pytest.approx(2.5e-7)
    assert plan.label_smoothing == 0
    assert not plan.augment
    assert plan.jitter == 0
    assert not plan.weighted


@pytest.mark.parametrize("method", sorted(PRESETS))
@pytest.mark.parametrize("n_per_epoch", [250, 2000])
def test_the_small_preset_looks_at_two_thirds_of_the_samples_at_most(method, n_per_epoch):
    default, small = (
        training_plan(method, preset).for_samples(n_per_epoch) for preset in ("default", "small")
    )
    assert small.epochs * small.batch_size <= 0.67 * default.epochs * default.batch_size


def test_one_cycle_rises_to_the_peak_and_ends_near_zero():
    plan = TrainingPlan(learning_rate=1.0, warmup=0.25)
    assert plan.learning_rate_at(0.0) == pytest.approx(0.04)
    assert plan.learning_rate_at(0.25) == pytest.approx(1.0)
    assert plan.learning_rate_at(1.0) == pytest.approx(1e-4)
    rates = [plan.learning_rate_at(i / 100) for i in range(101)]
    assert rates[:26] == sorted(rates[:26])
    assert rates[25:] == sorted(rates[25:], reverse=True)


def test_an_unknown_preset_is_a_key_error():
    with pytest.raises(KeyError):
        training_plan("mibf_net", "fast")


def test_the_paper_preset_of_ncglf2_lowers_the_rate_by_a_tenth_every_sixteen_epochs():
    plan = training_plan("ncglf2", "paper").for_samples(300)
    assert (plan.epochs, plan.batch_size, plan.optimiser, plan.weight_decay) == (80, 64, "adam", 0.0)
    rates = [plan.learning_rate_at(epoch / 80) for epoch in range(80)]
    assert rates == pytest.approx([1e-4 * 0.9 ** (epoch // 16) for epoch in range(80)])


def test_the_paper_preset_of_gihcn_falls_along_a_cosine():
    plan = training_plan("gihcn", "paper").for_samples(300)
    assert (plan.epochs, plan.batch_size, plan.optimiser, plan.weight_decay) == (100, 64, "adam", 0.0)
    rates = [plan.learning_rate_at(part) for part in (0.0, 0.5, 1.0)]
    assert rates == pytest.approx([1e-3, 0.5e-3, 0.0], abs=2e-6)
