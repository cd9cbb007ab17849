"""The global branch of NCGLF2: patch embedding and the transformer that learns structure (SIL-Trans).

Tokens are (B, S, d) with the class token first and S = P * P + 1; token 1 + row * P + col is a patch pixel.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

N_HEADS = 4
HIDDEN = 32  # of the graph network
NORM_EPS = 1e-6
SLOPE = 0.2  # of the leaky ReLU in the graph network


class Structure(NamedTuple):
    """The graph of a patch, read from the class token's attention.

    `weights` (B, N): of the pixels that get more attention than the mean, else 0. `anchor` (B,): the pixel
    with the largest weight. `coordinates` (B, N, 2): distance from the anchor in patch sides and direction
    as a share of the full circle; 0 where the weight is.
    """

    weights: Tensor
    anchor: Tensor
    coordinates: Tensor


def read_structure(attention: Tensor) -> Structure:
    """Read the graph from attention (B, heads, N = P * P). The gradient flows through the weights alone."""
    side = math.isqrt(attention.shape[2])
    total = attention.sum(dim=1)
    mask = (total > total.mean(dim=1, keepdim=True)).to(total)
    weights = mask * attention.mean(dim=1)
    with torch.no_grad():
        anchor = weights.argmax(dim=1)
        index = torch.arange(side * side, device=attention.device)
        down = (index // side - anchor[:, None] // side) / side
        right = (index % side - anchor[:, None] % side) / side
        direction = (torch.atan2(right, down) / math.pi + 1) / 2
        coordinates = mask[:, :, None] * torch.stack([torch.hypot(down, right), direction], dim=2)
    return Structure(weights, anchor, coordinates.to(weights))


class Dropout(nn.Dropout):
    """torch's dropout; on a CPU from uniform numbers, as its own way takes a third of a training step."""

    def forward(self, values: Tensor) -> Tensor:
        if not self.training or values.is_cuda:
            return super().forward(values)
        return values * keep_factors(values, self.p)


def keep_factors(like: Tensor, share: float) -> Tensor:
    """Draw what dropout multiplies by, of the shape of `like`: 0 for a `share`, else 1 / (1 - share)."""
    return (torch.rand_like(like) >= share).to(like) / (1 - share)


class StructureLearning(nn.Module):
    """Two graph convolutions on a patch's structure; the anchor's row of the result. Structure -> (B, d).

    The adjacency matrix is w w^T, so M X W1 = w (w^T X W1), and as no weight is negative the ReLU and the
    dropout factors can be taken out of the sums: the hidden layer is never built without dropout.
    """

    def __init__(self, dim: int, dropout_at_prediction: bool) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.empty(2, HIDDEN).uniform_(-1, 1) / math.sqrt(HIDDEN))
        self.second = nn.Parameter(torch.empty(HIDDEN, dim).uniform_(-1, 1) / math.sqrt(dim))
        self.drop = Dropout(0.1)
        self.drop_hidden = Dropout(0.2)
        self.dropout_at_prediction = dropout_at_prediction

    def forward(self, structure: Structure, keep: Tensor | None = None) -> Tensor:
        """`keep` (B, N, 32), 0 or 1, replaces the draw of the hidden layer's dropout."""
        weights = structure.weights
        features = torch.bmm(weights[:, None], structure.coordinates)[:, 0]
        factors = self._dropout_factors(weights, keep)
        if factors is None:
            sums = weights.square().sum(dim=1, keepdim=True)
        else:
            sums = torch.bmm(weights.square()[:, None], factors)[:, 0]
        hidden = functional.relu(features @ self.first) * sums
        at_anchor = weights.gather(1, structure.anchor[:, None])
        return self.drop(functional.leaky_relu(at_anchor * (hidden @ self.second), SLOPE))

    def _dropout_factors(self, weights: Tensor, keep: Tensor | None) -> Tensor | None:
        """Return what the values of the hidden layer are multiplied by (B, N, 32); None for 1."""
        share = self.drop_hidden.p
        if keep is not None:
            return self.drop(keep.to(weights) / (1 - share))
        if not self.training and not self.dropout_at_prediction:
            return None
        return self.drop(keep_factors(weights[:, :, None].expand(-1, -1, HIDDEN), share))


class Attention(nn.Module):
    """Multi-head self-attention. Tokens (B, S, d) -> (B, S, d), and the class token's row (B, heads, S)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(dim, dim) for _ in range(4))
        self.drop_probabilities = Dropout(0.1)
        self.drop_out = Dropout(0.1)

    def forward(self, tokens: Tensor, class_only: bool = False) -> tuple[Tensor, Tensor]:
        """`class_only`: let the class token alone ask; the result is (B, 1, d)."""
        asking = tokens[:, :1] if class_only else tokens
        query, key, value = (
            layer(values).unflatten(2, (N_HEADS, -1)).transpose(1, 2)
            for layer, values in ((self.query, asking), (self.key, tokens), (self.value, tokens))
        )
        if self.training:  # the fused kernel has no dropout on a CPU
            probabilities = _attention_of(query, key)
            found, of_class = self.drop_probabilities(probabilities) @ value, probabilities[:, :, 0]
        else:
            found = functional.scaled_dot_product_attention(query, key, value)
            of_class = _attention_of(query[:, :, :1], key)[:, :, 0]
        return self.drop_out(self.out(found.transpose(1, 2).flatten(2))), of_class


def _attention_of(query: Tensor, key: Tensor) -> Tensor:
    """Return the probabilities (B, heads, n, S) of n queries."""
    return (query / math.sqrt(query.shape[3]) @ key.transpose(2, 3)).softmax(dim=3)


class EncoderBlock(nn.Module):
    """Attention and one linear layer, each after a norm and around a skip. (B, S, d) -> same, attention."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(dim, NORM_EPS)
        self.attention = Attention(dim)
        self.norm_linear = nn.LayerNorm(dim, NORM_EPS)
        self.linear = nn.Linear(dim, dim)
        self.drop = Dropout(0.5)
        nn.init.xavier_uniform_(self.linear.weight)
        nn.init.normal_(self.linear.bias, std=1e-6)

    def forward(self, tokens: Tensor, class_only: bool = False) -> tuple[Tensor, Tensor]:
        """Return tokens, or with `class_only` the class token (B, 1, d), and its attention (B, heads, N)."""
        found, attention = self.attention(self.norm_attention(tokens), class_only)
        tokens = (tokens[:, :1] if class_only else tokens) + found
        tokens = tokens + self.drop(functional.gelu(self.linear(self.norm_linear(tokens))))
        return tokens, attention[:, :, 1:]


class EncoderWithStructure(nn.Module):
    """Encoder blocks; after each the class token gets what the graph of its attention says. (B, S, d)."""

    def __init__(self, dim: int, depth: int, dropout_at_prediction: bool) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(EncoderBlock(dim) for _ in range(depth))
        self.structure = StructureLearning(dim, dropout_at_prediction)
        self.norm = nn.LayerNorm(dim, NORM_EPS)

    def forward(self, tokens: Tensor, keep: Tensor | None = None) -> Tensor:
        """`keep` (L, B, N, 32): see `StructureLearning`."""
        for layer in range(len(self.blocks)):
            tokens = self._layer(layer, tokens, keep)
        return tokens

    def class_token(self, tokens: Tensor, keep: Tensor | None = None) -> Tensor:
        """Return the class token (B, d) of the result without computing the last layer's other tokens."""
        last = len(self.blocks) - 1
        for layer in range(last):
            tokens = self._layer(layer, tokens, keep)
        return self._layer(last, tokens, keep, class_only=True)[:, 0]

    def _layer(self, layer: int, tokens: Tensor, keep: Tensor | None, class_only: bool = False) -> Tensor:
        tokens, attention = self.blocks[layer](tokens, class_only)
        learnt = self.structure(read_structure(attention), None if keep is None else keep[layer])
        # Added to the class token alone; no token is written in place.
        tokens = torch.cat([tokens[:, :1] + learnt[:, None], tokens[:, 1:]], dim=1)
        return self.norm(tokens)


class PatchEmbedding(nn.Module):
    """Maps (B, D, P, P) -> tokens (B, P * P + 1, D) with positions, the class token first."""

    def __init__(self, dim: int, patch_size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(dim, dim, 3, padding=1)
        self.class_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.positions = nn.Parameter(torch.zeros(1, patch_size**2 + 1, dim))
        self.drop = Dropout(0.5)

    def forward(self, maps: Tensor) -> Tensor:
        tokens = self.conv(maps).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(maps), -1, -1), tokens], dim=1)
        return self.drop(tokens + self.positions)
