"""A measurement of clips, declared once. The platform's own and a team's are the same thing: a module with a :class:`Scorer`.

From the declaration follow the table, the asset with its page, version, plan and price, the workers' jobs with their limits
and failure rows, the asset check, the columns of ``clip_sheet``, the models and the reference in the docs. A team's own module
lies in the folder ``scorers/`` of the working directory, or in an installed package with an entry point of the group
``video_assets.measurements``; ``video-assets scorer new NAME`` writes one that runs.

Importing this loads nothing but polars: what a measurement needs, such as OpenCV or torch, it imports where it measures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import polars as pl
from pydantic import BaseModel

from video_assets.lake.schemas.table import (
    BATCH,
    BOOL,
    CLIP,
    DOUBLE,
    GPU_SECONDS,
    INT,
    LIMITED_BY,
    MESSAGE,
    REASON,
    SECONDS,
    TEXT,
    VERSION,
    VIDEO,
    Column,
    Table,
)  # fmt: skip
from video_assets.measure.models import Model
from video_assets.settings import Settings

if TYPE_CHECKING:
    from video_assets.describe.questions import Question
    from video_assets.measure.types import Crop, Picture

FLOAT, WHOLE, YES_NO = DOUBLE, INT, BOOL

Row: TypeAlias = "Mapping[str, object]"
Measure: TypeAlias = "Callable[[Sequence[Picture], Crop], Row]"
"""From a clip's pictures, uint8 (h, w, 3) in B, G, R order in order of time, each cut to the clip's crop, and that crop in
pixels of the picture as displayed, to the clip's columns. A column that is left out is NULL."""
MeasureTables: TypeAlias = Callable[..., pl.DataFrame]
"""From clips, rows of the table ``clips``, and rows of each table that is read, of the same videos, to a row for each clip:
``clip_id`` and the columns."""


@dataclass(frozen=True)
class Keyframes:
    """Reads keyframes of each clip, spread over it; no video is opened.

    Attributes:
        most: most of a clip, or the name of the setting in the scorer's section that says so.
        large: the larger image of a keyframe where there is one, for what is small in a large picture.
    """

    most: int | str = 4
    large: bool = False


@dataclass(frozen=True)
class Pairs:
    """Reads keyframes, each with the frame after it. ``most`` is the most pairs of a clip, as in :class:`Keyframes`."""

    most: int | str = 4


@dataclass(frozen=True)
class Frames:
    """Reads the clip's own frames, decoded again: the last resort, as it costs what the decode has cost.

    Attributes:
        most: most frames of a clip, spread evenly over its time; as in :class:`Keyframes`.
        short_side: of the pictures, in pixels; 0: as large as the source's.
    """

    most: int | str = 16
    short_side: int = 0


@dataclass(frozen=True)
class Tables:
    """Reads rows that are there: frame_signals, or columns of other measurements, by the names of their tables."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """Asks an endpoint about keyframes of each clip: the judge, which is made by the settings.

    Attributes:
        most: most keyframes of a clip.
        questions: what is asked.
    """

    most: int
    questions: tuple[Question, ...]


Reads: TypeAlias = Keyframes | Pairs | Frames | Tables | Asked


@dataclass(frozen=True)
class Given:
    """What a measurement has at hand when it is opened in a worker process.

    Attributes:
        settings: all of them.
        section: the scorer's own; None where it has none.
        models: its models in the chosen profile.
        weights: a file for each of them, whose SHA-256 was looked at.
    """

    settings: Settings
    section: Any
    models: tuple[Model, ...] = ()
    weights: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Derived:
    """A column of ``clip_sheet`` that is computed from the table's.

    Attributes:
        name: the column's.
        sql: over the sheet's sources, each by its alias; ``{}`` stands for this table's.
        description: meaning, unit and range.
    """

    name: str
    sql: str
    description: str


@dataclass(frozen=True)
class Origin:
    """Where a scorer was found: ``video_assets``, the name of an entry point, a file, or the judge's file of questions."""

    kind: Literal["video_assets", "package", "file", "questions"] = "video_assets"
    place: str = ""
    path: Path | None = None
    line: int = 1


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """One family of measurements of a clip.

    Attributes:
        name: of its table and its asset.
        says: what a row of the table is.
        columns: what it measures: name, type, description, and unit and range where there are any.
        reads: what it is given.
        measure: measures a clip's pictures, or the clips by the tables that are read.
        open: in place of ``measure``: loads once in a worker process what measures, such as a network.
        code: raised by hand when the code would measure something else: the clips are measured anew.
        section: name of its section among the project's settings; a team's own has one in ``[scorers.NAME]``, of the type
            ``settings``.
        settings: a pydantic model of its own settings, each with a default.
        parameters: what decides on its numbers; default: its section.
        libraries: packages whose minor version decides on them too, by the name under which that enters the version.
        models: its models, with weights, hash and licence, by profile. One without any in a profile is not made there.
        on_request: it is made only where ``models.accept`` names its models.
        subject: which clips: ``candidate`` (those that some tier could keep), ``compared`` (and those of benchmarks) or
            ``clip`` (all; of what reads tables).
        pictures_per_worker: so many at least make another worker, which loads the models first, worth its while.
        histograms: the columns whose histograms its page shows, with their units; default: every number.
        sheet_by: the column that sorts its contact sheet.
        good: of which columns high or low values are good.
        shows: SELECTs by name whose rows its page shows; ``?`` is the batch.
        failed: what its check says that so many rows of are: "clips have no text scores".
        noun: what its reason's column in the sheet begins with, and what could not be measured.
        kinds: what it is made with, for the UI.
        alias: of its table in clip_measurements.
        in_sheet: the columns that ``clip_sheet`` has; default: all that are measured.
        usual: seconds to start the workers, and seconds of one core per hour of footage: its price until it is known.
        origin: where it was found; filled in.
    """

    name: str
    says: str
    columns: tuple[Column, ...]
    reads: Reads
    measure: Measure | MeasureTables | None = None
    open: Callable[[Given], Measure | MeasureTables] | None = None
    code: str = "1"
    section: str = ""
    settings: type[BaseModel] | None = None
    parameters: Callable[[Settings], Mapping[str, object]] | None = None
    libraries: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, tuple[Model, ...]] = field(default_factory=dict)
    on_request: bool = False
    subject: str = "candidate"
    pictures_per_worker: int = 1
    histograms: Mapping[str, str] | None = None
    sheet_by: str | None = None
    good: Mapping[str, Literal["high", "low"]] = field(default_factory=dict)
    shows: Mapping[str, str] = field(default_factory=dict)
    failed: str = ""
    noun: tuple[str, str] = ("", "")
    kinds: frozenset[str] = frozenset()
    alias: str = ""
    in_sheet: tuple[str | Derived, ...] | None = None
    usual: tuple[float, float] = (3.0, 100.0)
    origin: Origin = Origin()

    @cached_property
    def table(self) -> Table:
        """Its table: the measured columns between the usual ones. What is aggregated from other tables has no cost of a row."""
        costs = () if isinstance(self.reads, Tables) and self.ours else (LIMITED_BY, SECONDS, GPU_SECONDS)
        columns = (BATCH, CLIP, VIDEO, *self.columns, VERSION, REASON, MESSAGE, *costs)
        return Table(self.name, self.says, ("clip_id",), columns)

    @property
    def ours(self) -> bool:
        """Whether it is the project's own."""
        return self.origin.kind == "video_assets"

    @property
    def reads_pictures(self) -> bool:
        return not isinstance(self.reads, Tables)

    @property
    def reason_column(self) -> str:
        """Its reason's column in the sheet."""
        return f"{self.noun[0] or self.name}_reason"

    @property
    def what(self) -> str:
        """What could not be measured, where it failed."""
        return self.noun[1] or self.name

    @property
    def what_failed(self) -> str:
        return self.failed or f"clips have no {self.name}"

    @property
    def shown_histograms(self) -> Mapping[str, str]:
        if self.histograms is not None:
            return self.histograms
        return {c.name: c.unit or c.name for c in self.columns if c.dtype in (DOUBLE, INT)}

    def chosen(self, settings: Settings) -> BaseModel | None:
        """Its section of the settings.

        Raises:
            pydantic.ValidationError: ``[scorers.NAME]`` says what its own settings do not take.
        """
        if self.section:
            section: BaseModel = getattr(settings, self.section)
            return section
        if self.settings is None:
            return None
        return self.settings.model_validate(settings.scorers.of(self.name))

    def most(self, settings: Settings) -> int:
        """Most pictures, or pairs, of a clip that it is given."""
        if isinstance(self.reads, Tables):
            return 0
        most = self.reads.most
        return most if isinstance(most, int) else int(getattr(self.chosen(settings), most))

    def depends_on(self, settings: Settings) -> dict[str, object]:
        """What decides on its numbers beside its code, its weights and what it reads."""
        section = self.chosen(settings)
        own = self.parameters(settings) if self.parameters else section.model_dump() if section else {}
        return {**own, **{name: minor(package) for name, package in self.libraries.items()}}


def minor(package: str) -> str:
    """A library's major and minor version: a patch release is trusted to measure the same."""
    return ".".join(installed(package).split(".")[:2])


__all__ = [
    "FLOAT",
    "TEXT",
    "WHOLE",
    "YES_NO",
    "Asked",
    "Column",
    "Derived",
    "Frames",
    "Given",
    "Keyframes",
    "Measure",
    "MeasureTables",
    "Model",
    "Origin",
    "Pairs",
    "Reads",
    "Scorer",
    "Tables",
    "minor",
]
