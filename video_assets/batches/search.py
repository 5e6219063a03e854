"""Asking for clips by text, in the profile 'full'."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

from video_assets.lake.lake import Lake
from video_assets.measure.models import image_text, require_packages
from video_assets.settings import ModelSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from video_assets.measure.image_text import Towers

NEAREST = """
SELECT batch, clip_id, subjects, list_inner_product(embedding, $vector::FLOAT[]) AS cosine FROM clip_embeddings
WHERE embedding_model = $model AND dimensions = $dimensions ORDER BY cosine DESC, clip_id LIMIT $most
"""
"""The clips whose vectors of a model are nearest to one, nearest first."""
NO_VECTORS = "No clip has a vector of this model yet; run 'video-assets curate' in the profile 'full' first."


def towers(settings: ModelSettings) -> Towers:
    """The image and text towers of the profile 'full'.

    Raises:
        ModelNotReadyError: the weights are missing, altered, or of a licence that nobody accepted.
    """
    from video_assets.measure.image_text import Towers, described

    return Towers(described(settings), image_text(settings).weights(settings))


class Search:
    """Asks for clips by text; the model is loaded at the first question and stays. Safe for several threads at once.

    Args:
        lake: the lake.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._loading = threading.Lock()
        self._encode: Callable[[str], NDArray[np.float32]] | None = None

    @property
    def possible(self) -> bool:
        """Whether the settings name a model that knows pictures and texts."""
        return self._lake.settings.models.profile == "full"

    def nearest(self, text: str, most: int) -> pl.DataFrame:
        """The clips that show most nearly what a text says: clip_id, file_name, player_start_s, player_end_s, cosine and subjects.

        Raises:
            ValueError: the profile is not 'full', or no clip has a vector of its model.
            ModelNotReadyError: see :func:`towers`.
        """
        vector = self.encoded(text)
        found = self._lake.query(
            "SELECT e.clip_id, s.file_name, s.player_start_s, s.player_end_s, e.cosine, "
            "list_transform(e.subjects, lambda x: x.subject) AS subjects "
            f"FROM ({NEAREST}) AS e JOIN clip_sheet AS s ON s.batch = e.batch AND s.clip_id = e.clip_id "
            "ORDER BY e.cosine DESC, e.clip_id",
            {"vector": vector.tolist(), "model": self.model, "dimensions": len(vector), "most": most},
        )
        if found.is_empty():
            raise ValueError(NO_VECTORS)
        return found

    @property
    def model(self) -> str:
        """The name of that model."""
        return image_text(self._lake.settings.models).name

    def encoded(self, text: str) -> NDArray[np.float32]:
        """A text's vector, float32 (n,), of length 1.

        Raises:
            ValueError: the profile is not 'full'.
            ModelNotReadyError: see :func:`towers`.
        """
        settings = self._lake.settings.models
        if not self.possible:
            raise ValueError(
                "Clips are asked for by text with a model that knows both: set models.profile = 'full'; "
                "'video-assets models' says how to fetch it."
            )
        with self._loading:
            if self._encode is None:
                require_packages(settings)
                self._encode = towers(settings).open().encode_text
            return self._encode(text)
