"""What the platform makes of a batch, in order: every asset's table, version and inputs.

An asset's version is its code number, its parameters and its models' weights. Raise the code number when the code would
write other numbers for the same input; parameters take care of themselves. The same version is Dagster's code version,
the ``version`` column of the rows and the key of the work plan.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from importlib.metadata import version as installed

from video_assets.curate.candidates import root_tiers
from video_assets.curate.draws import Draw
from video_assets.curate.tiers import Tier
from video_assets.describe.work import CaptionWork, captioner_version
from video_assets.lake import schemas
from video_assets.lake.plan import FILE, SOURCE_FILES, Measurement
from video_assets.lake.sheet import SHEET, best_of_group, sheet_sql, sheet_table
from video_assets.lake.sql_text import bare
from video_assets.lake.versions import code_version
from video_assets.measure.models import image_text, models_of, require_packages
from video_assets.media import limits
from video_assets.rights.content_credentials import PACKAGE, reader_version
from video_assets.settings import Settings

# Raised by hand, one line each, when results change for the same input and parameters.
CODE: dict[str, str] = {
    "raw_videos": "3",
    "rights_signals": "1",
    "decode": "8",
    "transition_scores": "2",
    "shots": "6",
    "clips": "4",
    "visual_scores": "3",
    "motion_scores": "6",
    "copy_checks": "1",
    "candidates": "2",
    "text_scores": "4",
    "people_scores": "2",
    "safety_scores": "2",
    "overlay_scores": "2",
    "quality_scores": "1",
    "clip_embeddings": "1",
    "laion_scores": "1",
    "flow_frames": "1",
    "flow_scores": "1",
    "near_duplicates": "4",
    "duplicate_groups": "3",
    "contamination": "1",
    "concept_model": "1",
    "concepts": "1",
    "captions": "1",
    # What each kind of captioner makes of the same settings.
    "captions/measured": "2",
    "captions/endpoint": "1",
    "captions/local": "1",
    "caption_findings": "1",
}

CHEAP = ("visual_scores", "motion_scores")
MODELLED = (
    "text_scores", "people_scores", "safety_scores", "overlay_scores", "quality_scores", "clip_embeddings",
)  # fmt: skip
# What follows from the vectors of all batches.
CONTENT = ("near_duplicates", "duplicate_groups", "contamination", "concept_model", "concepts")
LAION = "laion_scores"
FLOW_FRAMES, FLOW = "flow_frames", "flow_scores"
CAPTIONS, FINDINGS = "captions", "caption_findings"
# What the sheet joins before any model has looked.
_BASIS = ("raw_videos", "rights_signals", "decoded_videos", "shots", "clips", *CHEAP)
# A model looks at a candidate's keyframes, cut to its crop in the picture as displayed.
_PICTURES = ("decoded_videos", "keyframes", "clips", "candidates")


_TIERS, _DRAWS = "tiers/", "draws/"


def tier_asset(tier: str) -> str:
    """A tier's asset, as the ledger and Dagster name it."""
    return f"{_TIERS}{tier}"


def draw_asset(tier: str) -> str:
    """The draw from a tier, as the ledger and Dagster name it."""
    return f"{_DRAWS}{tier}"


def tier_inputs(tier: Tier) -> tuple[str, ...]:
    """What a tier's verdicts depend on: the sheet, and the parent tier."""
    return (SHEET, *((tier_asset(tier.parent),) if tier.parent else ()))


def captioned(settings: Settings, tiers: Collection[str], drawn: Collection[str]) -> tuple[str, ...]:
    """The tiers whose clips need captions.

    Args:
        settings: for which tiers captions are wanted.
        tiers: all that have a file.
        drawn: those from which a draw is made, which need captions unless the settings name others.

    Raises:
        ValueError: the settings name a tier that there is not.
    """
    chosen = settings.captions.tiers
    needing = chosen if chosen is not None else tuple(sorted(drawn))
    if unknown := sorted({*needing} - {*tiers}) if tiers else []:
        raise ValueError(f"captions.tiers names {unknown[0]}, which is no tier; there are {', '.join(tiers)}.")
    return tuple(t for t in needing if t in tiers)


def caption_work(settings: Settings, keyframes: str, tiers: tuple[str, ...]) -> CaptionWork:
    """Which captions are wanted.

    Args:
        settings: who captions.
        keyframes: version of the decode.
        tiers: those whose clips need captions.
    """
    chosen = settings.captions
    versions = {c.name: captioner_version(c, CODE[f"captions/{c.kind}"], keyframes) for c in chosen.captioners}
    local = [c for c in chosen.captioners if c.kind == "local"]
    by = dict.fromkeys(name for c in local for name in limits.captioning(c, settings.workers, 1).by)
    return CaptionWork(chosen, versions, tiers, tuple(by))


def caption_work_of(settings: Settings, order: Mapping[str, Measurement]) -> CaptionWork:
    """The same, of what is measured as a whole."""
    tiers = tuple(i.removeprefix(_TIERS) for i in order[CAPTIONS].inputs if i.startswith(_TIERS))
    return caption_work(settings, order["keyframes"].version, tiers)


def measurements(
    settings: Settings,
    tiers: Mapping[str, Tier],
    draws: Mapping[str, Draw] | None = None,
    refused: Collection[str] = (),
) -> dict[str, Measurement]:
    """Every asset by name, inputs before what reads them.

    Args:
        settings: what is measured, and how.
        tiers: those that can be used, parents before children.
        draws: those that can be used, by their tier's name.
        refused: assets of the files of tiers and draws that cannot be used. They are not made; what captions wait for them
            stays as it is until they are mended.

    Raises:
        ModelNotReadyError: the profile's packages are not installed.
    """
    require_packages(settings.models)
    decode = code_version(CODE["decode"], settings.decode.model_dump(exclude={"max_pixels"}) | {"av": _minor("av")})
    shots = code_version(CODE["shots"], settings.shots.model_dump() | {"scenedetect": _minor("scenedetect-headless")})
    visual = code_version(
        CODE["visual_scores"],
        {"min_bar_share": settings.clips.min_bar_share, "sample_hz": settings.decode.sample_hz},
    )
    motion = code_version(CODE["motion_scores"], {})
    embeddings = _embeddings_version(settings, decode)
    # Their version is not the decode's: asking for them changes nothing that the decode gives already.
    pairs = code_version(CODE[FLOW_FRAMES], {"decode": decode})
    candidates = code_version(
        CODE["candidates"],
        {"sheet": bare(sheet_sql(settings)), "share": settings.models.sampled_share},
    )
    refused_tiers = [name.removeprefix(_TIERS) for name in sorted(refused) if name.startswith(_TIERS)]
    there = [*tiers, *refused_tiers]
    # Of a file that cannot be used nobody knows whether it has a parent.
    loosest: dict[str, str | None] = {f"{tier_asset(t)}{FILE}": None for t in refused_tiers if t not in tiers}
    loosest |= {f"{tier_asset(name)}{FILE}": tier.version for name, tier in root_tiers(tiers).items()}
    drawn = {*(draws or {}), *(name.removeprefix(_DRAWS) for name in refused if name.startswith(_DRAWS))}
    needing = captioned(settings, there, drawn & {*there})
    captions = caption_work(settings, decode, needing)
    made = [
        Measurement(
            "raw_videos", schemas.RAW_VIDEOS,
            code_version(CODE["raw_videos"], {"max_pixels": settings.decode.max_pixels}), (SOURCE_FILES,), "video",
            stops=True,
        ),
        Measurement("rights_signals", schemas.RIGHTS_SIGNALS, _signals(), ("raw_videos",), "video"),
        Measurement("decoded_videos", schemas.DECODED_VIDEOS, decode, ("raw_videos",), "video"),
        Measurement("frame_signals", schemas.FRAME_SIGNALS, decode, ("raw_videos",), "video"),
        Measurement("keyframes", schemas.KEYFRAMES, decode, ("raw_videos",), "video"),
        Measurement("shot_frames", schemas.SHOT_FRAMES, decode, ("raw_videos",), "video"),
        *(
            Measurement(FLOW_FRAMES, schemas.FLOW_FRAMES, pairs, ("raw_videos",), "video")
            for _ in models_of(FLOW, settings.models)[:1]
        ),
        Measurement(
            "transition_scores", schemas.TRANSITION_SCORES, _transitions(settings, decode),
            ("decoded_videos", "shot_frames"), "video",
        ),
        Measurement(
            "shots", schemas.SHOTS, shots, ("decoded_videos", "frame_signals", "transition_scores"), "video"
        ),
        Measurement(
            "clips", schemas.CLIPS, code_version(CODE["clips"], settings.clips.model_dump()),
            ("decoded_videos", "frame_signals", "shots"), "video",
        ),
        Measurement("visual_scores", schemas.VISUAL_SCORES, visual, ("frame_signals", "clips"), "clip"),
        Measurement(
            "motion_scores", schemas.MOTION_SCORES, motion, ("frame_signals", "clips"), "clip",
        ),
        Measurement(
            "copy_checks", schemas.COPY_CHECKS,
            code_version(
                CODE["copy_checks"],
                {**settings.duplicates.model_dump(), "frames": settings.embedding.frames_per_clip},
            ),
            ("decoded_videos", "keyframes", "clips", "motion_scores"), "video",
        ),
        Measurement("candidates", schemas.CANDIDATES, candidates, (*_BASIS, "copy_checks"), "clip", files=loosest),
        Measurement(
            "text_scores", schemas.TEXT_SCORES,
            _by_models("text_scores", settings, decode, settings.text.model_dump() | {"rapidocr": installed("rapidocr")}),
            _PICTURES, "candidate",
        ),
        Measurement(
            "people_scores", schemas.PEOPLE_SCORES,
            _by_models("people_scores", settings, decode, settings.people.model_dump()), _PICTURES, "candidate",
        ),
        Measurement(
            "safety_scores", schemas.SAFETY_SCORES,
            _by_models("safety_scores", settings, decode, settings.safety.model_dump()), _PICTURES, "candidate",
        ),
        Measurement("clip_embeddings", schemas.CLIP_EMBEDDINGS, embeddings, _PICTURES, "compared"),
        *(
            Measurement(
                LAION, schemas.LAION_SCORES,
                _by_models(LAION, settings, decode, {"open_clip": _minor("open_clip_torch")}, "torch"), _PICTURES,
                "candidate",
            )
            for _ in models_of(LAION, settings.models)[:1]
        ),
        *(
            Measurement(
                FLOW, schemas.FLOW_SCORES,
                _by_models(
                    FLOW, settings, decode,
                    settings.flow.model_dump() | {"torchvision": _minor("torchvision"), FLOW_FRAMES: pairs}, "torch",
                ),
                (*_PICTURES, FLOW_FRAMES), "candidate",
            )
            for _ in models_of(FLOW, settings.models)[:1]
        ),
        Measurement(
            "overlay_scores", schemas.OVERLAY_SCORES,
            code_version(CODE["overlay_scores"], settings.overlays.model_dump() | {"keyframes": decode}), _PICTURES, "candidate",
        ),
        Measurement(
            "quality_scores", schemas.QUALITY_SCORES,
            code_version(CODE["quality_scores"], settings.quality.model_dump() | {"keyframes": decode}), _PICTURES, "candidate",
        ),
        Measurement(
            "near_duplicates", schemas.NEAR_DUPLICATES,
            code_version(
                CODE["near_duplicates"],
                {**settings.duplicates.model_dump(), "signatures": embeddings, "courses": motion},
            ),
            ("clip_embeddings", "motion_scores"), "clip",
        ),
        Measurement(
            "duplicate_groups", schemas.DUPLICATE_GROUPS,
            code_version(
                CODE["duplicate_groups"], settings.duplicates.model_dump() | {"best": bare(best_of_group(settings))}
            ),
            (
                "near_duplicates", "clip_embeddings", "raw_videos", "clips", "visual_scores", "text_scores", "overlay_scores",
                "quality_scores",
            ), "clip",
        ),
        Measurement(
            "contamination", schemas.CONTAMINATION,
            code_version(CODE["contamination"], settings.duplicates.model_dump()),
            ("near_duplicates", "duplicate_groups", "clip_embeddings", "raw_videos", "clips"), "clip",
        ),
        Measurement(
            "concept_model", schemas.CONCEPT_MODEL,
            code_version(CODE["concept_model"], {**settings.concepts.model_dump(), "embeddings": embeddings}),
            ("clip_embeddings",), "clip", growth=settings.concepts.growth,
        ),
        Measurement(
            "concepts", schemas.CONCEPTS, code_version(CODE["concepts"], {}), ("clip_embeddings", "concept_model"),
            "clip",
        ),
        Measurement(
            SHEET, sheet_table(sheet_sql(settings)), code_version("table", {"sql": bare(sheet_sql(settings))}),
            (
                *_BASIS, "candidates", *MODELLED, "duplicate_groups", "contamination", "concepts",
                *(asset for asset in (LAION, FLOW) if models_of(asset, settings.models)),
            ), "clip",
        ),
        *(
            Measurement(tier_asset(name), schemas.TIER_OUTCOMES, tier.version, tier_inputs(tier), "clip", {"tier": name})
            for name, tier in tiers.items()
        ),
        *(
            Measurement(
                draw_asset(name), schemas.DRAWS_HISTORY, draw.version, (tier_asset(name),), "clip", {"tier": name}, over_all=True
            )
            for name, draw in (draws or {}).items()
        ),
        Measurement(
            CAPTIONS, schemas.CAPTIONS, code_version(CODE[CAPTIONS], captions.parameters),
            ("decoded_videos", "keyframes", "clips", SHEET, *map(tier_asset, captions.tiers)), "clip",
            expects=captions.expected,
        ),
        Measurement(
            FINDINGS, schemas.CAPTION_FINDINGS, _audit_version(settings),
            (CAPTIONS, "clips", "text_scores", "duplicate_groups", *_of_full(settings, "clip_embeddings")), "clip",
        ),
    ]  # fmt: skip
    by = {asset: found.by for asset, found in _limits(settings).items()} | {CAPTIONS: captions.limits}
    return {
        m.asset: replace(
            m, limits=by.get(m.asset, ()), light=_light(settings, m.asset), at_once=m.asset.startswith("tiers/")
        )
        for m in made
    }


def _limits(settings: Settings) -> dict[str, limits.Limits]:
    """Limits of what is made in worker processes; which settings set them is the same for every job of an asset."""
    by_models = limits.looking(settings, 1)
    return {
        "raw_videos": limits.reading(settings.workers, 0),
        "rights_signals": limits.reading(settings.workers, 0),
        "decoded_videos": limits.decoding(settings.workers, 0, limits.Declared(0, None, None)),
        "transition_scores": limits.scoring(settings, 1),
        **dict.fromkeys((*MODELLED, LAION, FLOW, "copy_checks"), by_models),
    }


def _light(settings: Settings, asset: str) -> bool:
    """Whether an asset takes about a second a batch: it reads tables, opens no video and asks no model."""
    if asset == CAPTIONS:
        return all(captioner.kind == "measured" for captioner in settings.captions.captioners)
    if asset == FINDINGS:
        return settings.models.profile != "full"
    looked_up = ("copy_checks", "candidates", "duplicate_groups", "contamination", "concepts", SHEET)
    return asset in looked_up or asset.startswith(("tiers/", "draws/"))


def _signals() -> str:
    """Version of what manifests say: where the reader comes or goes, or is another, files are looked into again."""
    reader = reader_version()
    minor = ".".join(reader.split(".")[:2]) if reader else "not installed"
    return code_version(CODE["rights_signals"], {PACKAGE: minor})


def _transitions(settings: Settings, decode: str) -> str:
    """Version of the network's scores: of what it sees, which the decode decides on, and of how it runs."""
    parameters = settings.transitions.model_dump(exclude={"cpu_seconds_per_frame"}) | {
        "network": settings.shots.network
    }
    weights = {model.name: model.version for model in models_of("transition_scores", settings.models)}
    return code_version(
        CODE["transition_scores"], {**parameters, "onnxruntime": _minor("onnxruntime"), "shot_frames": decode}, weights
    )


def _audit_version(settings: Settings) -> str:
    """Version of the audit; in the profile 'full' the text tower reads the captions too."""
    libraries = {package: _minor(package) for package in ("datasketch", "py3langid")}
    parameters = settings.audit.model_dump(exclude={"tolerated_share"}) | libraries
    if settings.models.profile != "full":
        return code_version(CODE[FINDINGS], parameters)
    tower = image_text(settings.models)
    read_by = {"architecture": settings.models.image_text.architecture, "open_clip": _minor("open_clip_torch")}
    return code_version(CODE[FINDINGS], parameters | read_by, {tower.name: tower.version})


def _of_full(settings: Settings, *assets: str) -> tuple[str, ...]:
    """Assets that are read in the profile 'full' alone."""
    return assets if settings.models.profile == "full" else ()


def _embeddings_version(settings: Settings, decode: str) -> str:
    parameters = {**settings.embedding.model_dump(), "timm": _minor("timm")}
    if settings.models.profile == "full":
        parameters |= {"architecture": settings.models.image_text.architecture, "open_clip": _minor("open_clip_torch")}
        parameters |= {"torch": _minor("torch")}
    return _by_models("clip_embeddings", settings, decode, parameters)


def _by_models(
    asset: str, settings: Settings, decode: str, parameters: Mapping[str, object], runtime: str = "onnxruntime"
) -> str:
    """Version of what models measure. The keyframes' is part of it: other pictures of the same clip are measured anew."""
    weights = {model.name: model.version for model in models_of(asset, settings.models)}
    libraries = {runtime: _minor(runtime)}
    return code_version(CODE[asset], {**parameters, **libraries, "keyframes": decode}, weights)


def _minor(package: str) -> str:
    """A library's major and minor version: a patch release is trusted to measure the same."""
    return ".".join(installed(package).split(".")[:2])
