from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from landfuse.core.errors import ModelFileError  # noqa: E402
from landfuse.core.models.config import ModelConfig  # noqa: E402
from landfuse.core.models.ncglf2 import build  # noqa: E402
from landfuse.core.models.ncglf2_release import our_name, published, release_names  # noqa: E402

KEYS = ("hsi", "lidar")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build(ModelConfig({"hsi": 7, "lidar": 3}, 4, 5, {"depth": 3})).eval()


@pytest.fixture
def weights(network):
    """The weights under the names of the release, its dead layers included."""
    state = network.state_dict()
    ours = {theirs: our_name(theirs) for theirs in release_names(3)}
    return {t: np.zeros(1, np.float32) if o is None else state[o].numpy().copy() for t, o in ours.items()}


def test_every_weight_here_has_a_name_in_the_release(network):
    names = [our_name(theirs) for theirs in release_names(3)]
    assert sorted(name for name in names if name) == sorted(network.state_dict())


@pytest.mark.shared_data
def test_the_names_are_those_of_the_released_checkpoint(shared):
    with np.load(shared / "fixtures" / "ncglf2_checkpoint_6class.npz") as archive:
        released = {name[2:] for name in archive.files if name.startswith("w:")}
    assert set(release_names(2)) == released
    assert len(released) == 182


def test_configuration_and_weights_come_back(network, weights):
    config, arrays = published(weights, KEYS)
    assert build(config).config == network.config
    twin = build(config).eval()
    twin.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in arrays.items()})
    patches = {"hsi": torch.randn(2, 7, 5, 5), "lidar": torch.randn(2, 3, 5, 5)}
    assert torch.equal(twin(patches), network(patches))


def test_a_checkpoint_without_the_dead_layers_is_as_good(weights):
    alive = {name: value for name, value in weights.items() if our_name(name)}
    assert published(alive, KEYS)[1].keys() == published(weights, KEYS)[1].keys()


def test_what_does_not_fit_is_told_key_by_key(weights):
    weights.pop("eca.conv.bias")
    weights["decoder.weight"] = np.zeros(3)
    with pytest.raises(ModelFileError) as caught:
        published(weights, KEYS, "best.pth")
    assert caught.value.where == "best.pth"
    assert "eca.conv.bias is missing; decoder.weight is not known" in caught.value.what


def test_a_weight_of_another_shape_is_named_with_both_shapes(weights):
    weights["trans_cls_head.weight"] = np.zeros((32, 192), np.float32)
    with pytest.raises(ModelFileError, match=r"trans_cls_head.weight has shape \(32, 192\), not \(32, 128\)"):
        published(weights, KEYS)


@pytest.mark.parametrize(("tokens", "words"), [(17, "odd"), (24, "square")])
def test_patches_without_a_centre_or_a_side_are_refused(weights, tokens, words):
    weights["embeddings.position_embeddings"] = np.zeros((1, tokens, 64), np.float32)
    with pytest.raises(ModelFileError, match=words):
        published(weights, KEYS)


def test_the_checkpoint_of_another_network_is_refused():
    with pytest.raises(ModelFileError, match=r"and \d+ more"):
        published({"net1.conv3x3_1.0.weight": np.zeros((128, 24, 3, 3))}, KEYS)
