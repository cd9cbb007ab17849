from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

CHECK = Path(__file__).resolve().with_name("check.py")
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


def released_weights(network, name_here):
    """The state of a network here under the names of the release, its unused layers included."""
    from landfuse.core.models.ncglf2_release import our_name

    state, found = network.state_dict(), {}
    for theirs in name_here:
        ours = our_name(theirs)
        found[f"w:{theirs}"] = np.zeros(1, np.float32) if ours is None else state[ours].numpy().copy()
    return found


def test_a_fixture_of_another_configuration_is_read_from_its_shapes(check):
    check.register_package()
    parity = check._module_from(CHECK.with_name("ncglf2.py"), "parity_ncglf2")
    from landfuse.core.models.config import ModelConfig
    from landfuse.core.models.ncglf2 import build

    torch.manual_seed(0)
    bands = {"hsi": 7, "lidar": 3}
    network = build(ModelConfig(bands, 9, 7, {"depth": 3})).eval()
    names = [theirs for theirs in release_names(depth=3) if theirs]
    fixture = released_weights(network, names)
    fixture["meta:config"] = np.array(json.dumps({"c2": 3}))
    data = torch.randn(3, 10, 7, 7)
    fixture |= {"x:data": data.numpy(), "x:labels": np.array([0, 4, 8])}
    with torch.no_grad():
        logits = network({"hsi": data[:, :7], "lidar": data[:, 7:]})
    fixture["y:logits_nodrop"] = logits.numpy()
    assert parity.load(fixture).config == network.config
    assert not failed(check, fixture)


def release_names(depth):
    """Every name of the release's state dict (models/ncglf2.md, section 5)."""
    norm = ("weight", "bias")
    batch_norm = (*norm, "running_mean", "running_var", "num_batches_tracked")
    for i in (1, 2):
        for j in (1, 2, 3):
            yield from (f"CNN_Encoder{i}.conv1{j}.0.{n}" for n in norm)
            yield from (f"CNN_Encoder{i}.conv1{j}.1.{n}" for n in batch_norm)
        yield f"CNN_Encoder{i}.conv.weight"
        yield from (f"feature_extract_{i}.0.{n}" for n in norm)
    yield from ("embeddings.position_embeddings", "embeddings.cls_token")
    yield from (f"embeddings.patch_embeddings.{n}" for n in norm)
    for encoder, layers in (("BaseFuseLayer", depth), ("BaseFuseLayer1", 1)):
        for block in (*(f"layer.{i}" for i in range(layers)), "part_layer"):
            parts = ("attention_norm", "ffn_norm", "ffn.fc1", *(f"attn.{q}" for q in QKVO))
            yield from (f"{encoder}.encoder.{block}.{part}.{n}" for part in parts for n in norm)
        yield from (f"{encoder}.encoder.{part}.{n}" for part in ("attention_norm", "part_norm") for n in norm)
        yield from (f"{encoder}.encoder.part_structure.gcn.gc{i}.weight" for i in (1, 2))
    for net, nodes in (("detailFeature", depth), ("detailFeature1", 1)):
        for node in range(nodes):
            for part in ("phi", "rho", "eta"):
                blocks = f"{net}.net.{node}.theta_{part}.bottleneckBlock"
                yield from (f"{blocks}.{i}.weight" for i in (0, 3, 5))
            yield from (f"{net}.net.{node}.shffleconv.{n}" for n in norm)
    for layer in ("conv_cls_head", "trans_norm", "trans_cls_head", "Classifier.0", "eca.conv"):
        yield from (f"{layer}.{n}" for n in norm)
    yield from (f"Classifier.2.{n}" for n in batch_norm)


QKVO = ("query", "key", "value", "out")
