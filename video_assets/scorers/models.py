"""Which models measure what, by profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from video_assets.measure.models import CLIP_B_32, TRANSNET_V2, Model, image_text
from video_assets.scorer import Scorer
from video_assets.scorers.built_in import BUILT_IN
from video_assets.settings import ModelSettings

MODELS: dict[str, Mapping[str, tuple[Model, ...]]] = {
    "transition_scores": {"embedded": (TRANSNET_V2,), "full": (TRANSNET_V2,)},
    **{scorer.name: scorer.models for scorer in BUILT_IN if scorer.models},
}
"""The models of each of the project's assets that has any, by profile."""

ON_REQUEST = frozenset(scorer.name for scorer in BUILT_IN if scorer.on_request)
"""Assets that are made only when ``models.accept`` names their models."""


def declared(asset: str, settings: ModelSettings, profile: str | None = None) -> tuple[Model, ...]:
    """The models that an asset has in a profile, by default the chosen one, whether it is asked for or not."""
    return _in(MODELS.get(asset, {}), settings, profile)


def _in(models: Mapping[str, tuple[Model, ...]], settings: ModelSettings, profile: str | None) -> tuple[Model, ...]:
    found = models.get(profile or settings.profile, ())
    return tuple(image_text(settings) if model is CLIP_B_32 else model for model in found)


def models_of(asset: str, settings: ModelSettings) -> tuple[Model, ...]:
    """The models that one of the project's assets uses; none where it is not made."""
    found = declared(asset, settings)
    if asset in ON_REQUEST and not all(model.name in settings.accept for model in found):
        return ()
    return found


def models_by(scorer: Scorer, settings: ModelSettings) -> tuple[Model, ...]:
    """The models that any scorer uses; none where it is not made."""
    found = _in(scorer.models, settings, None)
    if scorer.on_request and not all(model.name in settings.accept for model in found):
        return ()
    return found


def is_made(scorer: Scorer, settings: ModelSettings) -> bool:
    """Whether a scorer is used in the chosen profile: it has models there, or never any."""
    return not scorer.models or bool(models_by(scorer, settings))


def chosen(settings: ModelSettings, others: Iterable[Scorer] = ()) -> list[Model]:
    """Every model of the chosen profile, once; ``others`` are scorers beside the project's."""
    found = [model for asset in MODELS for model in models_of(asset, settings)]
    return list(dict.fromkeys([*found, *(m for s in others for m in models_by(s, settings))]))


@dataclass(frozen=True)
class Listed:
    """A model as people see it.

    Attributes:
        model: the model.
        assets: what is measured with it.
        profiles: those that have it, of those that were asked for.
        size_bytes: of its weights; None where they are not there.
        problem: why it cannot be used and what to do; None when it is ready.
    """

    model: Model
    assets: tuple[str, ...]
    profiles: tuple[str, ...]
    size_bytes: int | None
    problem: str | None


def listed(settings: ModelSettings, profile: str | None = None, others: Iterable[Scorer] = ()) -> list[Listed]:
    """Every model of a profile, by default of all of them, whether it is asked for or not."""
    used: dict[Model, tuple[set[str], set[str]]] = {}
    for asset, profiles in {**MODELS, **{s.name: s.models for s in others}}.items():
        for name in profiles if profile is None else [profile]:
            for model in _in(profiles, settings, name):
                assets, names = used.setdefault(model, (set(), set()))
                assets.add(asset)
                names.add(name)
    return [
        Listed(model, tuple(sorted(assets)), tuple(sorted(names)), _size(model, settings), model.problem(settings))
        for model, (assets, names) in used.items()
    ]


def _size(model: Model, settings: ModelSettings) -> int | None:
    path = model.source.path(settings.folder)
    return path.stat().st_size if path and path.is_file() else None
