"""What a run that ends early cancels, without a cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from video_assets.cluster.node import Origin
from video_assets.cluster.places import Tasks
from video_assets.settings.clustering import RayShare


class _Ray:
    """Takes tasks and does none; of some the results are there."""

    def __init__(self, *done: str) -> None:
        self.done, self.cancelled = set(done), list[str]()

    def remote(self, **_: Any) -> Callable[[Any], Any]:
        class Task:
            @staticmethod
            def remote(_origin: Origin, parcel: str) -> str:
                return parcel

        return lambda _function: Task

    def wait(self, references: list[str], **_: Any) -> tuple[list[str], list[str]]:
        return [r for r in references if r in self.done], [r for r in references if r not in self.done]

    def cancel(self, reference: str, *, force: bool) -> None:
        assert force
        self.cancelled.append(reference)


def test_only_what_is_at_work_is_cancelled() -> None:
    ray = _Ray("answered")
    tasks = Tasks(ray, Origin("version", "folder"), RayShare())
    for parcel in ("answered", "at work", "ended"):
        tasks.submit(parcel, ())  # type: ignore[arg-type]
    tasks.ended("ended", lost=False)
    tasks.cancel()
    assert ray.cancelled == ["at work"]
