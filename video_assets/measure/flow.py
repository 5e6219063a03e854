"""Optical flow between a keyframe and the frame after it, by RAFT (Teed and Deng, ECCV 2020, arXiv 2003.12039).

Goku (arXiv 2502.04896) and LVD-2M keep clips by RAFT's mean flow. Their thresholds are reported without the size of the
pictures and the time between them; here both are fixed: the clip's own picture at a short side of 360 px, adjacent frames.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from video_assets.measure.types import Crop, Picture

SHORT_SIDE = 360
"""Pixels are counted as though the clip's picture had this short side."""
MOVES = 0.5
"""Length of the flow from which a pixel counts as moving, in such pixels per frame."""

_MULTIPLE, _MOST = 8, 4 * SHORT_SIDE  # RAFT takes multiples of 8, of at least 128 px.
_UPDATES = 12  # torchvision's default number of refinements.

Lengths: TypeAlias = NDArray[np.float32]
Flow: TypeAlias = Callable[[Picture, Picture], NDArray[np.float32]]
"""From two pictures, uint8 (h, w, 3) in B, G, R order, to displacements x, y in their pixels, float32 (h, w, 2)."""


@dataclass(frozen=True)
class FlowModel:
    """RAFT's weights, of torchvision's ``raft_large``: what :meth:`open` loads in a worker."""

    weights: Path

    def open(self) -> OpenFlowModel:
        return OpenFlowModel(raft(self.weights))


@dataclass(frozen=True)
class OpenFlowModel:
    """A loaded network."""

    flow: Flow

    def measure(self, pictures: Sequence[Picture], _crop: Crop) -> dict[str, object]:
        """The columns of ``flow_scores`` of a clip's pictures: a keyframe and the frame after it, and so on."""
        pairs = zip(pictures[::2], pictures[1::2], strict=True)
        return flow_scores([flow_lengths(before, after, self.flow) for before, after in pairs])


def flow_lengths(before: Picture, after: Picture, flow: Flow) -> Lengths:
    """How far each pixel goes from one frame to the next.

    Args:
        before: uint8 (h, w, 3) in B, G, R order.
        after: the next frame, of the same size.
        flow: is given them at :func:`network_size`.

    Returns:
        Lengths, float32, at the network's size, in pixels of a picture whose short side is 360.
    """
    height, width = before.shape[:2]
    size = network_size(width, height)
    moved = flow(*(cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in (before, after)))
    scale = SHORT_SIDE / min(width, height)
    across, down = moved[..., 0] * (scale * width / size[0]), moved[..., 1] * (scale * height / size[1])
    return np.asarray(np.hypot(across, down), np.float32)


def network_size(width: int, height: int) -> tuple[int, int]:
    """The (width, height) that a network is given: a short side of 360 px, the other the nearest multiple of 8 to 1440."""
    scale = SHORT_SIDE / min(width, height)
    across, down = (min(_MOST, _MULTIPLE * round(side * scale / _MULTIPLE)) for side in (width, height))
    return across, down


def flow_scores(pairs: Sequence[Lengths]) -> dict[str, object]:
    """The columns of ``flow_scores``: means over the pairs of each one's mean, 95th percentile and share that moves."""
    return {
        "flow_pairs": len(pairs),
        "flow_mean": _mean([lengths.mean(dtype=np.float64) for lengths in pairs]),
        "flow_p95": _mean([np.percentile(lengths, 95) for lengths in pairs]),
        "flow_moving_share": _mean([(lengths >= MOVES).mean() for lengths in pairs]),
    }


def _mean(values: Sequence[np.floating]) -> float:
    return float(np.mean(values))


def raft(weights: Path) -> Flow:
    """RAFT with these weights, a state dict of torchvision's ``raft_large``; on a GPU where there is one.

    Raises:
        RuntimeError: the weights are of another network.
    """
    import torch
    from torchvision.models.optical_flow import raft_large

    torch.set_num_threads(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = raft_large(weights=None)
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    network = network.to(device).eval()

    def tensor(picture: Picture) -> torch.Tensor:
        rgb = np.ascontiguousarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).transpose(2, 0, 1))
        return torch.from_numpy(rgb).to(device).float().div(127.5).sub(1.0).unsqueeze(0)

    def flow(before: Picture, after: Picture) -> NDArray[np.float32]:
        with torch.inference_mode():
            moved = network(tensor(before), tensor(after), num_flow_updates=_UPDATES)[-1]
        return np.asarray(moved[0].permute(1, 2, 0).cpu().numpy(), np.float32)

    return flow
