from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from landfuse.core.models.ncglf2_encoder import (  # noqa: E402
    Attention,
    Dropout,
    EncoderWithStructure,
    PatchEmbedding,
    StructureLearning,
    read_structure,
)
from torch.nn import functional  # noqa: E402


def attention(values):
    """(1, heads, 9): a patch of 3 x 3 pixels that all four heads see alike."""
    return torch.tensor(values, dtype=torch.float32).flatten().expand(1, 4, 9)


def full_graph(module, structure, keep=None):
    """Structure learning as the paper writes it, with the whole matrix."""
    weights = structure.weights
    matrix = weights[:, :, None] * weights[:, None]
    hidden = functional.relu(functional.leaky_relu(matrix @ (structure.coordinates @ module.first), 0.2))
    if keep is not None:
        hidden = hidden * keep / 0.8
    rows = functional.leaky_relu(matrix @ (hidden @ module.second), 0.2)
    return rows[torch.arange(len(weights)), structure.anchor]


def test_only_pixels_above_the_mean_attention_belong_to_the_structure():
    found = read_structure(attention([[0.1, 0.1, 0.1], [0.1, 0.5, 0.1], [0.1, 0.1, 0.4]]))
    expected = torch.zeros(9)
    expected[4], expected[8] = 0.5, 0.4
    torch.testing.assert_close(found.weights[0], expected)
    assert found.anchor.tolist() == [4]


def test_coordinates_are_distance_and_direction_from_the_anchor():
    found = read_structure(attention([[0.0, 0.4, 0.0], [0.4, 0.5, 0.4], [0.0, 0.4, 0.0]]))
    directions = {"up": 1, "left": 3, "right": 5, "down": 7}
    at = {name: found.coordinates[0, n].tolist() for name, n in directions.items()}
    # Rows count down, columns right; the angle is measured from "down" towards "right".
    assert at["down"] == pytest.approx([1 / 3, 0.5])
    assert at["right"] == pytest.approx([1 / 3, 0.75])
    assert at["left"] == pytest.approx([1 / 3, 0.25])
    assert at["up"] == pytest.approx([1 / 3, 1.0])
    assert found.coordinates[0, 4].tolist() == pytest.approx([0.0, 0.5])
    assert found.coordinates[0, 0].tolist() == [0.0, 0.0]


def test_even_attention_has_no_structure_and_no_nan():
    found = read_structure(torch.full((2, 4, 9), 0.1))
    assert not found.weights.any()
    module = StructureLearning(8, dropout_at_prediction=False).eval()
    assert not module(found).any()


@pytest.mark.parametrize("masked", [False, True])
def test_the_rank_one_form_equals_the_whole_graph_in_values_and_gradients(masked):
    torch.manual_seed(0)
    module = StructureLearning(8, dropout_at_prediction=False).double().eval()
    keep = (torch.rand(5, 49, 32) > 0.2).double() if masked else None

    def run(form):
        module.zero_grad()
        probabilities = torch.rand(
            5, 4, 49, generator=torch.Generator().manual_seed(3), dtype=torch.float64
        ).requires_grad_()
        result = form(read_structure(probabilities))
        (result * torch.arange(8)).sum().backward()
        return result, probabilities.grad, module.first.grad.clone(), module.second.grad.clone()

    short = run(lambda structure: module(structure, keep))
    whole = run(lambda structure: full_graph(module, structure, keep))
    for found, expected in zip(short, whole):
        assert expected.abs().max() > 0
        torch.testing.assert_close(found, expected)


def test_the_gradient_reaches_the_attention_through_the_weights_alone():
    probabilities = torch.rand(2, 4, 9, requires_grad=True)
    structure = read_structure(probabilities)
    assert structure.weights.requires_grad
    assert not structure.coordinates.requires_grad


def test_dropout_keeps_the_mean_of_the_hidden_layer():
    module = StructureLearning(8, dropout_at_prediction=True).eval()
    torch.manual_seed(0)
    factors = module._dropout_factors(torch.ones(50, 49), None)
    assert factors.mean().item() == pytest.approx(1.0, abs=0.01)
    assert sorted(factors.unique().tolist()) == pytest.approx([0.0, 1.25])


def test_dropout_drops_its_share_and_keeps_the_mean():
    torch.manual_seed(0)
    drop, values = Dropout(0.25), torch.full((400, 500), 3.0, requires_grad=True)
    found = drop(values)
    assert (found == 0).float().mean().item() == pytest.approx(0.25, abs=0.01)
    assert found.mean().item() == pytest.approx(3.0, abs=0.03)
    found.sum().backward()
    assert torch.equal(values.grad == 0, found == 0)
    assert torch.equal(drop.eval()(values), values)


@pytest.mark.parametrize("training", [False, True])
def test_attention_is_softmax_of_scaled_products(training):
    torch.manual_seed(0)
    module = Attention(8).train(training)
    module.drop_probabilities.p = module.drop_out.p = 0.0
    tokens = torch.randn(2, 5, 8)
    found, of_class = module(tokens)
    heads = [slice(2 * h, 2 * h + 2) for h in range(4)]
    for h, own in enumerate(heads):
        query, key = module.query(tokens)[:, :, own], module.key(tokens)[:, :, own]
        rows = (query @ key.transpose(1, 2) / 2**0.5).softmax(dim=2)
        torch.testing.assert_close(of_class[:, h], rows[:, 0])
        heads[h] = rows @ module.value(tokens)[:, :, own]
    torch.testing.assert_close(found, module.out(torch.cat(heads, dim=2)), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("depth", [1, 3])
def test_the_class_token_alone_equals_that_of_all_tokens(depth):
    torch.manual_seed(0)
    encoder = EncoderWithStructure(16, depth, dropout_at_prediction=False).eval()
    tokens = torch.randn(3, 26, 16)
    torch.testing.assert_close(encoder.class_token(tokens), encoder(tokens)[:, 0], atol=1e-6, rtol=0)


def test_the_class_token_alone_has_the_gradient_of_all_tokens():
    torch.manual_seed(0)
    encoder = EncoderWithStructure(16, 1, dropout_at_prediction=False).eval()
    grads = []
    for form in (encoder.class_token, lambda tokens: encoder(tokens)[:, 0]):
        tokens = torch.randn(3, 26, 16, generator=torch.Generator().manual_seed(1)).requires_grad_()
        (form(tokens) * torch.arange(16)).sum().backward()
        grads.append(tokens.grad)
    torch.testing.assert_close(*grads, atol=1e-5, rtol=1e-4)


def test_only_the_class_token_gets_what_the_structure_says():
    torch.manual_seed(0)
    encoder = EncoderWithStructure(16, 1, dropout_at_prediction=False).eval()
    tokens = torch.randn(2, 10, 16)
    before = encoder(tokens)
    encoder.structure.second.data.mul_(1e5)
    after = encoder(tokens)
    assert torch.equal(before[:, 1:], after[:, 1:])
    assert not torch.equal(before[:, 0], after[:, 0])


def test_tokens_are_the_pixels_row_by_row_after_the_class_token():
    embedding = PatchEmbedding(4, 3).eval()
    embedding.conv.weight.data.zero_()
    embedding.conv.weight.data[:, :, 1, 1] = torch.eye(4)
    embedding.conv.bias.data.zero_()
    embedding.class_token.data.fill_(-1.0)
    maps = torch.arange(9.0).view(1, 1, 3, 3).expand(1, 4, 3, 3)
    tokens = embedding(maps)
    assert tokens[0, :, 0].tolist() == [-1.0, *map(float, range(9))]


def test_the_weights_of_the_graph_start_within_their_bounds():
    module = StructureLearning(64, dropout_at_prediction=False)
    assert module.first.abs().max() <= 1 / math.sqrt(32)
    assert 0.9 / math.sqrt(64) < module.second.abs().max() <= 1 / math.sqrt(64)
