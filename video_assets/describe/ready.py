"""Whether the captioners of the settings, and the judge, can be used, before any work starts."""

from __future__ import annotations

from video_assets.describe.endpoint import captioner as name_of
from video_assets.describe.endpoint import key_of
from video_assets.describe.weights import folder_of
from video_assets.measure.models import OF_LOCAL_CAPTIONERS, ModelNotReadyError, packages_problem
from video_assets.settings import CaptionerSettings, Settings

JUDGE = "the judge"


def require_judge(settings: Settings) -> None:
    """Stop before work starts when the judge cannot be asked; where there is none, all is well.

    Raises:
        ValueError: the endpoint's key is not in the environment.
    """
    if settings.judge.questions is not None:
        key_of(settings.judge.endpoint, JUDGE)


def require_captioners(settings: Settings) -> None:
    """Stop before work starts when a captioner of the settings cannot be used.

    Raises:
        ValueError: see :func:`require_captioner`.
        ModelNotReadyError: see :func:`require_captioner`.
    """
    for captioner in settings.captions.captioners:
        require_captioner(captioner, settings.models.profile)


def require_captioner(captioner: CaptionerSettings, profile: str) -> None:
    """The same for one.

    Raises:
        ValueError: an endpoint's key is not in the environment, or a local model is asked for outside the profile 'full'.
        ModelNotReadyError: a local model, or a package that it needs, is not on this machine.
    """
    if captioner.kind == "endpoint":
        key_of(captioner, name_of(captioner))
    if captioner.kind == "local":
        if profile != "full":
            raise ValueError(f"The captioner {captioner.name} runs a local model; set models.profile to 'full'.")
        if problem := packages_problem(OF_LOCAL_CAPTIONERS, f"The captioner {captioner.name}"):
            raise ModelNotReadyError(problem)
        folder_of(captioner.model)
