from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

RANDOM, CHECKPOINT = "ncglf2_a.npz", "ncglf2_checkpoint_6class.npz"


@pytest.fixture
def fixture(check, recorded):
    return check.read_fixture(recorded(RANDOM))


def failed(check, fixture):
    return {r.key for r in check.run("ncglf2", fixture) if not r.passed}


@pytest.mark.shared_data
@pytest.mark.parametrize("name", [RANDOM, CHECKPOINT])
def test_every_recorded_value_of_the_release_is_reproduced(check, recorded, name):
    fixture = check.read_fixture(recorded(name))
    results = check.run("ncglf2", fixture)
    assert [str(r) for r in results if not r.passed] == []
    assert {r.key for r in results} == {key for key in fixture if key.startswith(("y:", "i:"))}


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "key",
    [
        "w:CNN_Encoder1.conv13.0.weight",
        "w:CNN_Encoder2.conv.weight",
        "w:embeddings.position_embeddings",
        "w:BaseFuseLayer.encoder.layer.1.attn.key.weight",
        "w:BaseFuseLayer1.encoder.part_structure.gcn.gc1.weight",
        "w:detailFeature.net.1.theta_eta.bottleneckBlock.3.weight",
        "w:Classifier.2.running_var",
        "w:eca.conv.bias",
    ],
)
def test_a_slightly_changed_weight_fails(check, fixture, key):
    fixture[key] = fixture[key] * np.float32(1.01) + np.float32(0.01)
    assert {"y:logits", "y:logits_nodrop", "y:train_nodrop_loss_total"} & failed(check, fixture)


@pytest.mark.shared_data
def test_another_draw_of_the_dropout_fails_where_it_is_recorded(check, fixture):
    fixture["x:gcn_keep_mask"] = np.roll(fixture["x:gcn_keep_mask"], 1, axis=2)
    found = failed(check, fixture)
    assert "y:logits" in found
    assert "y:logits_nodrop" not in found


@pytest.mark.shared_data
def test_the_unused_layers_of_the_release_change_nothing(check, fixture):
    dead = [
        k for k in fixture if "part_layer" in k or "feature_extract" in k or "encoder.attention_norm" in k
    ]
    assert len([k for k in dead if k.startswith("w:")]) == 36
    for key in dead:
        fixture[key] = fixture[key] + np.float32(1)
    assert not failed(check, fixture)


@pytest.mark.shared_data
def test_a_value_of_the_fixture_that_is_not_computed_fails(check, fixture):
    fixture["y:something_new"] = np.zeros(3)
    assert failed(check, fixture) == {"y:something_new"}


def test_a_fixture_of_another_configuration_is_read_from_its_shapes(check):
    check.register_package()
    from landfuse.core.models.config import ModelConfig
    from landfuse.core.models.ncglf2 import build
    from landfuse.core.models.ncglf2_release import our_name, release_names

    torch.manual_seed(0)
    network = build(ModelConfig({"hsi": 7, "lidar": 3}, 9, 7, {"depth": 3})).eval()
    state, fixture = network.state_dict(), {}
    for theirs in release_names(depth=3):
        ours = our_name(theirs)
        fixture[f"w:{theirs}"] = np.zeros(1, np.float32) if ours is None else state[ours].numpy()
    data = torch.randn(3, 10, 7, 7)
    fixture |= {"x:data": data.numpy(), "x:labels": np.array([0, 4, 8])}
    with torch.no_grad():
        fixture["y:logits_nodrop"] = network({"hsi": data[:, :7], "lidar": data[:, 7:]}).numpy()
    assert not failed(check, fixture)
