"""What encoding and optics have done to a picture: noise, blocks and blur, and one number for the three."""

from __future__ import annotations

from math import sqrt

import cv2
import numpy as np
import numpy.typing as npt

from video_assets.measure.types import Crop, Picture

_LAPLACIANS = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_PATCH = 16
_FLATTEST = 0.25
_BLOCK = 8
_LEAST_PERIOD = 3.9
"""Of the grid of blocks in the picture, in pixels: a finer one has too few pixels between its lines."""
_SEEN = 1.0
"""Luma levels: blocks in what is flatter than that are not seen, and the keyframe's own JPEG has some."""
_BLUR_LENGTH = 11
_NOISY, _BLOCKY, _CLEAR, _BLURRED = 12.0, 0.6, 0.25, 0.7
"""Noise and blockiness at which a picture is worth nothing, and the blur at which it begins to lose and has lost all."""


def noise(luma: Picture) -> float:
    """Standard deviation of noise, in luma levels.

    Immerkaer, Fast noise variance estimation (CVIU 64(2), 1996): the difference of two Laplacians does not answer to
    what is straight. Texture it does answer to, so only the quarter of the 16x16 patches with the least answer counts.

    Args:
        luma: float32 (h, w).
    """
    answer = np.abs(cv2.filter2D(luma, -1, _LAPLACIANS))
    patches = _patches(answer)
    flattest = np.sort(patches)[: max(1, round(_FLATTEST * patches.size))]
    return float(sqrt(np.pi / 2) / 6 * flattest.mean())


def blockiness(luma: Picture, crop: Crop) -> float | None:
    """How much larger luma steps are on the lines of the 8x8 blocks than beside them, as a share; 0 without blocks.

    The two terms of Wang, Sheikh and Bovik, No-reference perceptual quality assessment of JPEG compressed images (ICIP
    2002), as a ratio. The grid lies on the source's pixels; the picture is smaller.

    Args:
        luma: float32 (h, w).
        crop: what it shows, in display pixels.

    Returns:
        None when the picture is so much smaller that the blocks cannot be seen.
    """
    found = [
        _on_grid(np.abs(np.diff(luma, axis=1)), crop.x, crop.width),
        _on_grid(np.abs(np.diff(luma.T, axis=1)), crop.y, crop.height),
    ]
    seen = [f for f in found if f is not None]
    return max(0.0, sum(seen) / len(seen)) if seen else None


def blur(luma: Picture) -> float:
    """Blur, 0 (sharp) to 1.

    Crete et al., The blur effect: perception and estimation with a new no-reference perceptual blur metric (SPIE 6492,
    2007): how little of the steps between neighbouring pixels goes when the picture is blurred once more.

    Args:
        luma: float32 (h, w).
    """
    ratios = []
    for turned in (luma, luma.T):
        again = cv2.blur(turned, (_BLUR_LENGTH, 1))
        before, after = (np.abs(np.diff(p, axis=1)) for p in (turned, again))
        lost = np.maximum(0, before - after).sum()
        ratios.append(1 - lost / max(float(before.sum()), 1e-6))
    return float(max(ratios))


def technical_quality(noise: float, blockiness: float | None, blur: float) -> float:
    """Technical quality, 0-1: the product of what noise, blocks and blur each leave, falling in straight lines (ours)."""
    sharp = (_BLURRED - blur) / (_BLURRED - _CLEAR)
    parts = (1 - noise / _NOISY, 1 - (blockiness or 0.0) / _BLOCKY, sharp)
    return float(np.prod(np.clip(parts, 0, 1)))


def _patches(values: Picture) -> npt.NDArray[np.float64]:
    """Means over patches of 16x16 pixels; over all when there is no whole one."""
    rows, columns = (n // _PATCH for n in values.shape)
    if not rows or not columns:
        return np.array([values.mean()])
    whole = values[: rows * _PATCH, : columns * _PATCH]
    return np.asarray(whole.reshape(rows, _PATCH, columns, _PATCH).mean(axis=(1, 3)).ravel(), np.float64)


def _on_grid(steps: Picture, start: int, length: int) -> float | None:
    """Mean step on the grid less the mean step beside it, as a share of that; ``steps[:, i]`` is from i to i + 1."""
    scale = (steps.shape[1] + 1) / length
    if scale * _BLOCK < _LEAST_PERIOD:
        return None
    lines = (np.arange(start // _BLOCK + 1, (start + length) // _BLOCK + 1) * _BLOCK - start) * scale
    across = np.unique(lines.round().astype(int) - 1)
    across = across[(across >= 0) & (across < steps.shape[1])]
    if len(across) < 2:
        return None
    columns = steps.mean(axis=0)
    on, beside = columns[across].mean(), np.delete(columns, across).mean()
    return float((on - beside) / max(float(beside), _SEEN))
