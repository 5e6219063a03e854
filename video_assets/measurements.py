"""What the platform makes of a batch, in order: every asset's table, version and inputs.

An asset's version is its code number, its parameters and its models' weights. Raise the code number when the code would
write other numbers for the same input; parameters take care of themselves. The same version is Dagster's code version,
the ``version`` column of the rows and the key of the work plan.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from graphlib import TopologicalSorter

from video_assets.curate.candidates import root_tiers
from video_assets.curate.draws import Draw
from video_assets.curate.tiers import Tier
from video_assets.describe.judge_work import JudgeWork, chain, judged_tier
from video_assets.describe.work import CaptionWork, captioner_version
from video_assets.lake import schemas
from video_assets.lake.plan import FILE, REVIEWED, SOURCE_FILES, Measurement
from video_assets.lake.sheet import SHEET, best_of_group, sheet_of, sheet_sql
from video_assets.lake.sql_text import bare
from video_assets.lake.versions import code_version
from video_assets.measure.models import image_text, require_packages
from video_assets.media import limits
from video_assets.rights.content_credentials import PACKAGE, reader_version
from video_assets.scorer import Asked, Frames, Pairs, Scorer, Tables, minor
from video_assets.scorers import BUILT_IN
from video_assets.scorers import made as made_scorers
from video_assets.scorers.models import models_by, models_of
from video_assets.settings import Settings

# Raised by hand, one line each, when results change for the same input and parameters. A scorer's stands in its module.
CODE: dict[str, str] = {
    "raw_videos": "4",
    "rights_signals": "1",
    "decode": "13",
    "transition_scores": "2",
    "shots": "9",
    "clips": "4",
    "copy_checks": "2",
    "candidates": "2",
    "flow_frames": "1",
    "near_duplicates": "6",
    "duplicate_groups": "3",
    "contamination": "1",
    "concept_model": "1",
    "concepts": "1",
    "captions": "1",
    # What each kind of captioner makes of the same settings.
    "captions/measured": "3",
    "captions/endpoint": "1",
    "captions/local": "1",
    "caption_findings": "1",
}

# What every clip has, and what is measured in any profile of the pictures of those that are worth it.
CHEAP = tuple(scorer.name for scorer in BUILT_IN if not scorer.reads_pictures)
MODELLED = tuple(
    scorer.name
    for scorer in BUILT_IN
    if scorer.reads_pictures and not (scorer.models and not scorer.models.get("embedded"))
)
# What follows from the vectors of all batches.
CONTENT = ("near_duplicates", "duplicate_groups", "contamination", "concept_model", "concepts")
FLOW_FRAMES = "flow_frames"
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
    decode = code_version(CODE["decode"], settings.decode.model_dump(exclude={"max_pixels"}) | {"av": minor("av")})
    shots = code_version(CODE["shots"], settings.shots.model_dump() | {"scenedetect": minor("scenedetect-headless")})
    measuring = made_scorers(settings)
    # Their version is not the decode's: asking for them changes nothing that the decode gives already.
    pairs = code_version(CODE[FLOW_FRAMES], {"decode": decode})
    candidates = code_version(
        CODE["candidates"],
        # What one's own scorers measure is not known yet where candidates are chosen, whatever it is.
        {"sheet": bare(sheet_sql(settings, ours_alone=True)), "share": settings.models.sampled_share},
    )
    refused_tiers = [name.removeprefix(_TIERS) for name in sorted(refused) if name.startswith(_TIERS)]
    there = [*tiers, *refused_tiers]
    # Of a file that cannot be used nobody knows whether it has a parent.
    loosest: dict[str, str | None] = {f"{tier_asset(t)}{FILE}": None for t in refused_tiers if t not in tiers}
    loosest |= {f"{tier_asset(name)}{FILE}": tier.version for name, tier in root_tiers(tiers).items()}
    drawn = {*(draws or {}), *(name.removeprefix(_DRAWS) for name in refused if name.startswith(_DRAWS))}
    needing = captioned(settings, there, drawn & {*there})
    captions = caption_work(settings, decode, needing)
    asked = [scorer for scorer in measuring if isinstance(scorer.reads, Asked)]
    others = [scorer for scorer in measuring if not isinstance(scorer.reads, Asked)]
    scored = {scorer.name: _scored(scorer, settings, decode, pairs) for scorer in in_order(others)}
    joined = (
        *_BASIS, "candidates", *(name for name in scored if name not in CHEAP), "duplicate_groups", "contamination", "concepts",
    )  # fmt: skip
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
            [Measurement(FLOW_FRAMES, schemas.FLOW_FRAMES, pairs, ("raw_videos",), "video")]
            if any(isinstance(scorer.reads, Pairs) for scorer in measuring)
            else ()
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
        *(scored[name] for name in CHEAP),
        Measurement(
            "copy_checks", schemas.COPY_CHECKS,
            code_version(
                CODE["copy_checks"],
                {**settings.duplicates.model_dump(), "frames": settings.embedding.frames_per_clip},
            ),
            ("decoded_videos", "keyframes", "clips", "motion_scores"), "video",
        ),
        Measurement("candidates", schemas.CANDIDATES, candidates, (*_BASIS, "copy_checks"), "clip", files=loosest),
        *(m for name, m in scored.items() if name not in CHEAP),
        Measurement(
            "near_duplicates", schemas.NEAR_DUPLICATES,
            code_version(
                CODE["near_duplicates"],
                {**settings.duplicates.model_dump(), "signatures": scored["clip_embeddings"].version, "courses": scored["motion_scores"].version},
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
            code_version(CODE["concept_model"], {**settings.concepts.model_dump(), "embeddings": scored["clip_embeddings"].version}),
            ("clip_embeddings",), "clip", growth=settings.concepts.growth,
        ),
        Measurement(
            "concepts", schemas.CONCEPTS, code_version(CODE["concepts"], {}), ("clip_embeddings", "concept_model"),
            "clip",
        ),
        *(_judged(scorer, settings, decode, tiers, there, joined) for scorer in asked),
        Measurement(
            SHEET, sheet_of(settings), code_version("table", {"sql": bare(sheet_sql(settings))}),
            (*joined, *(scorer.name for scorer in asked), REVIEWED), "clip",
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
            ("decoded_videos", "keyframes", "clips", SHEET, REVIEWED, *map(tier_asset, captions.tiers)), "clip",
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


def in_order(measuring: Sequence[Scorer]) -> list[Scorer]:
    """Scorers, those that others read before them.

    Raises:
        graphlib.CycleError: two read each other.
    """
    by_name = {scorer.name: scorer for scorer in measuring}
    reads = {
        s.name: [n for n in s.reads.names if n in by_name] if isinstance(s.reads, Tables) else [] for s in measuring
    }
    return [by_name[name] for name in TopologicalSorter(reads).static_order()]


def _scored(scorer: Scorer, settings: Settings, decode: str, pairs: str) -> Measurement:
    """A scorer as the plan sees it. The keyframes' version is part of its own: other pictures of the same clip are measured anew."""
    parameters, reads = scorer.depends_on(settings), scorer.reads
    if isinstance(reads, Tables):
        inputs: tuple[str, ...] = (*reads.names, "clips")
    elif isinstance(reads, Frames):
        inputs = ("raw_videos", "decoded_videos", "clips", "candidates")
        parameters |= {"short_side": reads.short_side, "av": minor("av")}
    else:
        inputs = _PICTURES
        parameters |= {"keyframes": decode}
    if isinstance(reads, Pairs):
        inputs = (*inputs, FLOW_FRAMES)
        parameters |= {FLOW_FRAMES: pairs}
    weights = {model.name: model.version for model in models_by(scorer, settings.models)}
    return Measurement(
        scorer.name,
        scorer.table,
        code_version(scorer.code, parameters, weights),
        inputs,
        scorer.subject,
        usual=scorer.usual,
    )


def _judged(
    scorer: Scorer, settings: Settings, decode: str, tiers: Mapping[str, Tier], there: Collection[str], joined: Sequence[str]
) -> Measurement:  # fmt: skip
    """The judge as the plan sees it: it is asked about the clips that a tier may keep, by all that is measured without it.

    Which clips these are is not its version: an answer is the same for whatever reason it was asked for.

    Args:
        scorer: the judge.
        settings: all of them.
        decode: version of the keyframes.
        tiers: those that can be used.
        there: those that have a file.
        joined: what the sheet is joined from without it.
    """
    version = code_version(scorer.code, scorer.depends_on(settings) | {"keyframes": decode})
    name = judged_tier(settings.judge.tier, there)
    files: dict[str, str | None] = {}
    above: tuple[Tier, ...] | None = ()
    inputs: tuple[str, ...] = _PICTURES
    if name is not None:
        above = chain(tiers, name) if name in tiers else None
        files = {f"{tier_asset(t.name)}{FILE}": t.version for t in above or ()} or {f"{tier_asset(name)}{FILE}": None}
        inputs = tuple(dict.fromkeys((*_PICTURES, *joined)))
    work = JudgeWork(scorer, version, above)
    return Measurement(
        scorer.name, scorer.table, version, inputs, "clip", files=files, expects=work.expected, wants=work.wanted
    )


def _limits(settings: Settings) -> dict[str, limits.Limits]:
    """Limits of what is made in worker processes; which settings set them is the same for every job of an asset."""
    by_models = limits.looking(settings, 1)
    return {
        "raw_videos": limits.reading(settings.workers, 0),
        "rights_signals": limits.reading(settings.workers, 0),
        "decoded_videos": limits.decoding(settings.workers, 0, limits.Declared(0, None, None)),
        "transition_scores": limits.scoring(settings, 1),
        "copy_checks": by_models,
        **{
            s.name: by_models
            for s in made_scorers(settings)
            if (s.reads_pictures or not s.ours) and not isinstance(s.reads, Asked)
        },
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
        CODE["transition_scores"], {**parameters, "onnxruntime": minor("onnxruntime"), "shot_frames": decode}, weights
    )


def _audit_version(settings: Settings) -> str:
    """Version of the audit; in the profile 'full' the text tower reads the captions too."""
    libraries = {package: minor(package) for package in ("datasketch", "py3langid")}
    parameters = settings.audit.model_dump(exclude={"tolerated_share"}) | libraries
    if settings.models.profile != "full":
        return code_version(CODE[FINDINGS], parameters)
    tower = image_text(settings.models)
    read_by = {"architecture": settings.models.image_text.architecture, "open_clip": minor("open_clip_torch")}
    return code_version(CODE[FINDINGS], parameters | read_by, {tower.name: tower.version})


def _of_full(settings: Settings, *assets: str) -> tuple[str, ...]:
    """Assets that are read in the profile 'full' alone."""
    return assets if settings.models.profile == "full" else ()
