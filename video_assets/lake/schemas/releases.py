"""Releases: what was frozen, clip by clip, and the files that hold it."""

from __future__ import annotations

from video_assets.lake.schemas.table import (
    BOOL,
    CLIP,
    DOUBLE,
    INT,
    LONG,
    MESSAGE,
    TEXT,
    TIME,
    VIDEO,
    Column,
    Table,
)

_RELEASE = Column("release", TEXT, "The release's name: its partition.")

RELEASES = Table(
    "releases",
    "A release: clips of a tier that were frozen with their texts and rights under a policy. Its files lie under releases/<name>/ of the lake.",
    ("release",),
    (
        _RELEASE,
        Column(
            "release_id",
            TEXT,
            "SHA-256 of the lines of manifest.jsonl.gz: what was selected and how it is to be cut. The same on every machine and in every run; a takedown leaves it as it was.",
        ),
        Column("media_id", TEXT, "SHA-256 over the clips' media, id and hash of each; NULL without media."),
        Column("state",
            TEXT,
            "frozen: without media; built: with them; incomplete: some clips could not be cut; withdrawn_in_part: clips were taken down since, and its files and counts are without them; withdrawn: all were.",
        ),
        Column("tier", TEXT, "Tier whose clips they are: recipe/stage."),
        Column("tier_version", TEXT, "Version of the tier's file."),
        Column("drawn", BOOL, "Whether they are the draw's, and not all that the tier keeps."),
        Column("policy", TEXT, "Rights policy under which they were chosen."),
        Column("policy_version", TEXT, "Version of the policy's file."),
        Column("clips", LONG, "Clips in the release."),
        Column("hours", DOUBLE, "Duration of its clips, in h."),
        Column("taken_down", LONG, "Clips that were taken down since; nothing else is known of them. NULL where none were."),
        Column("taken_down_hours", DOUBLE, "Their duration, in h; NULL where none were."),
        Column("refused", LONG, "Clips that the policy kept out."),
        Column("refused_hours", DOUBLE, "Duration of the clips that the policy kept out, in h."),
        Column("without_caption", LONG, "Clips that have no caption."),
        Column("not_cut", LONG, "Clips that could not be cut, with a reason in release_clips; NULL without media."),
        Column("shards", INT, "Shards; NULL without media."),
        Column("media_bytes", LONG, "Bytes of all shards; NULL without media."),
        Column("header", TEXT, "The manifest's first line: versions of tier, policy, draw and measurements, and the settings."),
        Column("snapshot", LONG, "The lake's version from which it was frozen.", volatile=True),
        Column("made_by", TEXT, "Version of this package.", volatile=True),
        Column("run_id", TEXT, "Dagster run that made it.", volatile=True),
        Column("made_at", TIME, "When it was frozen.", volatile=True),
    ),
)  # fmt: skip

RELEASE_CLIPS = Table(
    "release_clips",
    "A clip in a release, and where its media are.",
    ("release", "clip_id"),
    (
        _RELEASE,
        CLIP,
        VIDEO,
        Column("split", TEXT, "train, or evaluation: of a source video that is held out of training, every clip."),
        Column("bucket", TEXT, "Clips of one picture size and like duration."),
        Column("line_sha256", TEXT, "SHA-256 of the clip's line in the manifest: another one is another clip to a trainer."),
        Column("licence", TEXT, "The source's licence when it was frozen."),
        Column("holder", TEXT, "Who held the rights then."),
        Column("caption_sha256", TEXT, "SHA-256 of the caption's fields; NULL without a caption."),
        Column("shard", TEXT, "Shard that holds it, from the release's folder on; NULL without media."),
        Column("media_offset", LONG, "First byte of its media file in the shard; NULL without media."),
        Column("media_bytes", LONG, "Bytes of its media file; NULL without media."),
        Column("media_sha256", TEXT, "SHA-256 of its media file; NULL without media."),
        Column("media_frames", INT, "Frames of its media file; NULL without media."),
        Column("copied", BOOL, "Whether its stream was copied and not encoded; NULL without media."),
        Column("sound", TEXT, "kept, or why there is none; NULL without media."),
        Column("reason", TEXT, "Why it could not be cut (see reasons.Reason); NULL where it was, or nobody tried."),
        MESSAGE,
    ),
)  # fmt: skip

RELEASE_FILES = Table(
    "release_files",
    "A file of a release.",
    ("release", "path"),
    (
        _RELEASE,
        Column("path", TEXT, "From the release's folder on, which is releases/<name> of the lake."),
        Column("bytes", LONG, "Its size."),
        Column("sha256", TEXT, "SHA-256 of its bytes."),
    ),
)
