"""Clips that look like what a text says, or like another clip, by the vectors of a model that knows pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from video_assets.batches.search import NEAREST, NO_VECTORS, Search
from video_assets.measure.models import ModelNotReadyError
from video_assets.review.recent import Recent
from video_assets.review.where import RefusedError

_FOUND, _KEPT = 300, 20
_OF_CLIP = (
    "SELECT embedding, embedding_model, dimensions FROM clip_embeddings WHERE clip_id = $clip AND embedding IS NOT NULL"
)


class Likeness:
    """Answers which clips are nearest, and keeps the last answers. Safe for several threads at once.

    Args:
        search: knows what a text looks like.
        rows: asks the lake, within the page's limits of time and memory.
    """

    def __init__(self, search: Search, rows: Callable[[str, Mapping[str, object]], list[dict[str, Any]]]) -> None:
        self._search, self._rows = search, rows
        self._answers: Recent[list[str]] = Recent(_KEPT)

    @property
    def by_words(self) -> bool:
        """Whether the settings name a model that knows texts too."""
        return self._search.possible

    def to_text(self, text: str) -> list[str]:
        """The clips that show most nearly what a text says, at most 300, the nearest first.

        Raises:
            RefusedError: the lake has no model for it, or no vectors.
            TooLongError: see :meth:`video_assets.review.asking.Asking.look`.
        """

        def make() -> list[str]:
            try:
                vector = self._search.encoded(text)
            except (ValueError, ModelNotReadyError) as error:
                raise RefusedError(str(error)) from error
            found = self._nearest(vector.tolist(), self._search.model, len(vector))
            if not found:
                raise RefusedError(NO_VECTORS)
            return found

        return self._answers.get(f"text {text}", make) or []

    def to_clip(self, clip_id: str) -> list[str]:
        """The clips that look most like one, at most 300: itself, then the nearest.

        Raises:
            RefusedError: no model has looked at the clip.
            TooLongError: as :meth:`to_text`.
        """

        def make() -> list[str]:
            own = self._rows(_OF_CLIP, {"clip": clip_id})
            if not own:
                raise RefusedError(
                    f"No model has looked at the clip {clip_id}: no tier may keep it, or there is no such clip."
                )
            near = self._nearest(own[0]["embedding"], own[0]["embedding_model"], own[0]["dimensions"])
            return [clip_id, *(other for other in near if other != clip_id)]

        return self._answers.get(f"clip {clip_id}", make) or []

    def _nearest(self, vector: list[float], model: str, dimensions: int) -> list[str]:
        asked = {"vector": vector, "model": model, "dimensions": dimensions, "most": _FOUND}
        return [
            row["clip_id"]
            for row in self._rows(f"SELECT clip_id FROM ({NEAREST}) ORDER BY cosine DESC, clip_id", asked)
        ]
