from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from landfuse.core.models.layers.resnet import (  # noqa: E402
    ResNetEncoder,
    first_kernels,
    load_published,
    published_size,
)


def weights_of(name, n_bands=3):
    """A state dict as published: with a classifier, and random statistics."""
    torch.manual_seed(0)
    state = {k: v.numpy().copy() for k, v in ResNetEncoder(n_bands, name).state_dict().items()}
    return {**state, "fc.weight": torch.zeros(1000, 512).numpy(), "fc.bias": torch.zeros(1000).numpy()}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("resnet18", 11_176_512), ("resnet34", 21_284_672), ("resnet50", 23_508_032)],
)
def test_the_number_of_parameters_is_that_of_the_published_network(name, parameters):
    assert sum(value.numel() for value in ResNetEncoder(3, name).parameters()) == parameters


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("resnet18", (64, 64, 128, 256, 512)),
        ("resnet50", (64, 256, 512, 1024, 2048)),
        ("resnet10_half", (32, 32, 64, 128, 256)),
    ],
)
def test_five_maps_each_half_as_large(name, channels):
    encoder = ResNetEncoder(2, name).eval()
    assert encoder.channels == channels
    with torch.no_grad():
        maps = encoder(torch.randn(1, 2, 64, 96))
    assert [tuple(m.shape[1:]) for m in maps] == [(c, 64 >> i, 96 >> i) for i, c in enumerate(channels, 1)]


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50"])
def test_published_weights_tell_which_network_they_belong_to(name):
    assert published_size(weights_of(name)) == name


def test_other_weights_are_refused():
    with pytest.raises(ValueError, match="ResNet-18"):
        published_size(weights_of("resnet10"))
    with pytest.raises(ValueError, match="ResNet-18"):
        published_size({"weight": torch.zeros(3).numpy()})
    weights = weights_of("resnet18")
    with pytest.raises(ValueError, match="64, 32"):
        load_published(
            ResNetEncoder(3, "resnet18"), {**weights, "layer1.0.conv1.weight": weights["fc.weight"][:64, :32]}
        )
    del weights["layer4.1.bn2.running_var"]
    with pytest.raises(ValueError, match=r"layer4\.1\.bn2\.running_var"):
        load_published(ResNetEncoder(3, "resnet18"), weights)
    with pytest.raises(ValueError, match="takes"):
        load_published(ResNetEncoder(3, "resnet18"), weights_of("resnet18", 4))


@pytest.mark.parametrize("n_bands", [1, 6])
def test_equal_bands_give_the_response_that_three_equal_bands_gave(n_bands):
    weights = weights_of("resnet18")
    rgb, encoder = ResNetEncoder(3, "resnet18").eval(), ResNetEncoder(n_bands, "resnet18").eval()
    load_published(rgb, weights)
    load_published(encoder, weights)
    grey = torch.randn(1, 1, 32, 32)
    found, expected = (e(grey.expand(-1, n, -1, -1))[4] for e, n in ((encoder, n_bands), (rgb, 3)))
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_kernels_of_one_two_and_many_bands_are_those_of_the_specification():
    rgb = torch.randn(4, 3, 7, 7)
    torch.testing.assert_close(first_kernels(rgb, 1)[:, 0], rgb.sum(dim=1))
    assert torch.equal(first_kernels(rgb, 2), rgb[:, :2] * 1.5)
    assert torch.equal(first_kernels(rgb, 3), rgb)
    assert torch.equal(first_kernels(rgb, 4)[:, 3], rgb[:, 0] * 0.75)


def test_as_published_the_first_layer_of_many_bands_is_not_taken_over():
    encoder = ResNetEncoder(5, "resnet18")
    before = encoder.conv1.weight.clone()
    load_published(encoder, weights_of("resnet18"), keep_many_bands=False)
    assert torch.equal(encoder.conv1.weight, before)
