from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

BLOCK, SMALL, PUBLISHED = "ref_net_mdf_vss_a.npz", "ref_net_a.npz", "ref_net_dfc2020.npz"


@pytest.fixture
def parity(check):
    check.register_package()
    return check._module_from(check.HERE / "ref_net.py", "parity_ref_net")


@pytest.fixture
def block_parity(check):
    check.register_package()
    return check._module_from(check.HERE / "ref_net_mdf_vss.py", "parity_ref_net_mdf_vss")


def failed(check, name, fixture):
    return {r.key for r in check.run(name, fixture) if not r.passed}


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "file"), [("ref_net_mdf_vss", BLOCK), ("ref_net", SMALL), ("ref_net", PUBLISHED)]
)
def test_every_recorded_value_of_the_release_is_reproduced(check, recorded, name, file):
    fixture = check.read_fixture(recorded(file))
    results = check.run(name, fixture)
    assert [str(r) for r in results if not r.passed] == []
    assert {r.key for r in results} == {k for k in fixture if k != "meta" and not k.startswith(("x:", "w:"))}


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "key",
    [
        "w:share_st_block.1.norm.weight",
        "w:share_conv.1.running_var",
        "w:diff_st_block.1.op.conv2d.weight",
        "w:diff_st_block.1.mlp.fc2.bias",
        "w:smooth_layer.bn2.running_mean",
    ],
)
def test_a_slightly_changed_weight_of_the_block_fails(check, recorded, key):
    fixture = check.read_fixture(recorded(BLOCK))
    fixture[key] = fixture[key] * np.float32(1.01) + np.float32(0.01)
    assert {"y:fuse", "g:m1"} <= failed(check, "ref_net_mdf_vss", fixture)


@pytest.mark.shared_data
def test_other_weights_or_other_labels_fail(check, recorded):
    fixture = check.read_fixture(recorded(SMALL))
    meta = json.loads(bytes(fixture["meta"]).decode())
    other = json.dumps({**meta, "seed": meta["seed"] + 1}).encode()
    changed = {**fixture, "meta": np.frombuffer(other, np.uint8)}
    assert {"y:logits", "i:sar_encoder_feats.1", "meta:weights_sum"} <= failed(check, "ref_net", changed)
    fixture["x:labels"][:, :3] = 0
    assert {"y:loss_main", "y:loss_total", "y:metric_OA"} <= failed(check, "ref_net", fixture)


@pytest.mark.shared_data
def test_a_value_of_the_fixture_that_is_not_computed_fails(check, recorded):
    fixture = check.read_fixture(recorded(BLOCK))
    fixture["y:something_new"] = np.zeros(3)
    assert failed(check, "ref_net_mdf_vss", fixture) == {"y:something_new"}


def test_the_formula_of_the_weights_gives_the_values_in_the_specification(parity):
    assert parity.hashed("101:opt_encoder.conv1.weight") == 2006692954
    drawn = parity.uniform("101:opt_encoder.conv1.weight", 3)
    np.testing.assert_allclose(drawn, [0.7269818267, 0.8813309890, 0.8942809551], atol=1e-9)
    first = parity.draw("opt_encoder.conv1.weight", (64, 3, 7, 7), 101).ravel()[:3]
    np.testing.assert_allclose(first, [0.06953643, 0.11363620, 0.11733618], atol=1e-8)
    logs = parity.draw("decoder.st_block_1.1.op.A_logs", (256, 1), 101).ravel()[:2]
    np.testing.assert_allclose(logs, [-0.32786360, 0.09522598], atol=1e-8)


def test_a_network_of_another_configuration_is_read_from_the_fixture(parity):
    meta = {
        "encoder": "resnet34", "opt_in_channels": 4, "sar_in_channels": 1, "decoder_channels": 24,
        "classes": 7, "upsampling": 2,
    }  # fmt: skip
    config = parity.config_of(meta)
    assert (dict(config.bands), config.n_classes) == ({"optical": 4, "sar": 1}, 7)
    assert (config.options["encoder"], config.options["width"]) == ("resnet34", 24)
    with pytest.raises(ValueError, match="4"):
        parity.config_of({**meta, "upsampling": 4})


def test_a_block_of_another_configuration_is_read_from_the_fixture(block_parity):
    block = {
        "ssm_d_state": 3, "ssm_ratio": 1.5, "ssm_dt_rank": 5, "ssm_conv": 5, "ssm_conv_bias": True,
        "mlp_ratio": 2.0, "gmlp": False, "forward_type": "v3noz",
    }  # fmt: skip
    settings = block_parity.settings_of(block)
    assert (settings.n_states, settings.ratio, settings.rank) == (3, 1.5, 5)
    assert (settings.kernel, settings.conv_bias, settings.mlp_ratio) == (5, True, 2.0)
    with pytest.raises(ValueError, match="gate"):
        block_parity.settings_of({**block, "forward_type": "v3"})


def test_scores_are_those_of_the_authors_program(parity):
    truth = np.array([0, 1, 1, 2, 2, 2])
    found = np.array([1, 1, 2, 2, 2, 0])
    scores = parity.metrics(truth, found, 4)  # class 3 is absent and counts as 0
    assert scores["OA"] == pytest.approx(0.75, abs=1e-5)  # the prediction of class 0 vanishes
    assert scores["mOA"] == pytest.approx((0.5 + 1 + 0) / 3, abs=1e-5)
    assert scores["mIoU"] == pytest.approx((1 / 2 + 2 / 3 + 0) / 3, abs=1e-5)


@pytest.mark.shared_data
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("file", [SMALL, PUBLISHED])
def test_a_gpu_gives_the_recorded_logits(check, parity, recorded, file):
    fixture = check.read_fixture(recorded(file))
    network = parity.load(fixture).to("cuda")
    with torch.no_grad(), torch.backends.cudnn.flags(allow_tf32=False):
        outputs = network.outputs({key: tile.to("cuda") for key, tile in parity.inputs(fixture).items()})
    for key, logits in zip(
        ("y:logits", "y:opt_logits", "y:sar_logits"), (outputs.logits, *outputs.auxiliary)
    ):
        np.testing.assert_allclose(logits.cpu().numpy(), fixture[key], atol=1e-4, rtol=0)
