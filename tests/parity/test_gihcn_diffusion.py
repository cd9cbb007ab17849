from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")


@pytest.fixture
def fixture(check, recorded):
    return check.read_fixture(recorded("gihcn_diffusion_a.npz"))


def failed(check, fixture):
    return {r.key for r in check.run("gihcn_diffusion", fixture) if not r.passed}


@pytest.mark.shared_data
def test_every_recorded_value_of_the_release_is_reproduced(check, fixture):
    results = check.run("gihcn_diffusion", fixture)
    assert [str(r) for r in results if not r.passed] == []
    assert {r.key for r in results} == {key for key in fixture if key.startswith(("y:", "i:", "s:"))}


@pytest.mark.shared_data
def test_weights_of_another_phase_fail(check, fixture):
    fixture["cfg:phase"] = np.array(0.6)
    assert {"y:eps_hat", "y:feat0", "y:feat1", "y:feat2", "i:time_emb"} <= failed(check, fixture)


@pytest.mark.shared_data
def test_another_step_fails(check, fixture):
    fixture["x:t"] = fixture["x:t"] + 1
    assert {"y:xt", "y:eps_hat", "y:reverse_mean", "i:time_emb"} <= failed(check, fixture)
