"""Pictures and texts as vectors in one space: an open_clip model, from a local file of weights."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from video_assets.measure.types import Picture
from video_assets.settings import ModelSettings

# What an archive holds beside the weights: OpenAI's sizes, and the mask that open_clip makes itself.
_NOT_WEIGHTS = ("input_resolution", "context_length", "vocab_size", "attn_mask")


def described(settings: ModelSettings) -> str:
    """The architecture of the profile 'full': open_clip's name of it, or the path of the file that describes it."""
    name = settings.image_text.architecture
    return str(settings.folder.absolute() / name) if name.endswith(".json") else name


@dataclass(frozen=True)
class Towers:
    """An image and a text tower.

    Attributes:
        architecture: open_clip's name of it, or the path of a file that describes it in open_clip's form.
        weights: a state dict (.pt, .safetensors), or a TorchScript archive as OpenAI published.
    """

    architecture: str
    weights: Path

    def open(self) -> OpenTowers:
        return OpenTowers(self)


class OpenTowers:
    """The loaded towers, on a GPU where there is one."""

    def __init__(self, described: Towers) -> None:
        import open_clip
        import torch

        torch.set_num_threads(1)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        name = described.architecture
        if name.endswith(".json"):
            open_clip.add_model_config(name)
            name = Path(name).stem
        model, _, self._prepare = open_clip.create_model_and_transforms(name, pretrained=None)
        model.load_state_dict(_state(described.weights))
        self._model = model.to(self._device).eval()
        self._tokenize = open_clip.get_tokenizer(name)

    def encode_pictures(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Vectors of length 1, float32 (pictures, n), of uint8 (h, w, 3) in B, G, R order."""
        import torch
        from PIL import Image

        prepared = [self._prepare(Image.fromarray(cv2.cvtColor(p, cv2.COLOR_BGR2RGB))) for p in pictures]
        with torch.inference_mode():
            vectors = self._model.encode_image(torch.stack(prepared).to(self._device), normalize=True)
        return np.asarray(vectors.float().cpu().numpy(), np.float32)

    def encode_text(self, text: str) -> NDArray[np.float32]:
        """A vector of length 1, float32 (n,)."""
        import torch

        with torch.inference_mode():
            vectors = self._model.encode_text(self._tokenize([text]).to(self._device), normalize=True)
        return np.asarray(vectors[0].float().cpu().numpy(), np.float32)


def _state(weights: Path) -> dict[str, Any]:
    """The weights by name."""
    import torch
    from open_clip.factory import load_state_dict

    if not _is_torchscript(weights):
        return dict(load_state_dict(str(weights)))
    state = torch.jit.load(str(weights), map_location="cpu").state_dict()
    return {name: values for name, values in state.items() if name not in _NOT_WEIGHTS}


def _is_torchscript(weights: Path) -> bool:
    if not zipfile.is_zipfile(weights):
        return False
    with zipfile.ZipFile(weights) as archive:
        return any("/code/" in name for name in archive.namelist())
