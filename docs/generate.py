"""Write the pages of docs/reference: every table and column, measurement and setting, as the code describes them.

python docs/generate.py           # write them
python docs/generate.py --check   # end with 1 where one is not what the code says
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from video_assets.lake.lake import Lake
from video_assets.lake.sql_text import sql_type
from video_assets.scorer import Scorer, Tables
from video_assets.scorers import BUILT_IN
from video_assets.settings import LakeSettings, Settings
from video_assets.settings.reading import section_of

REFERENCE = Path(__file__).parent / "reference"
_NOTE = "<!-- Written by docs/generate.py from the code; 'make docs' writes it anew. -->\n\n"


def cell(text: str) -> str:
    """Text that stays in its cell of a Markdown table."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def tables() -> str:
    """A part a table or view: what a row is, and what each column means."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Settings(lake=LakeSettings(root=f"{folder}/lake")))
        rows = lake.query(
            "SELECT table_name AS name, comment, FALSE AS is_view FROM duckdb_tables() WHERE database_name = 'lake' AND NOT internal"
            " UNION ALL SELECT view_name, comment, TRUE FROM duckdb_views() WHERE database_name = 'lake' AND NOT internal"
            " ORDER BY name"
        ).rows()
        columns = lake.query("SELECT * FROM data_dictionary")
        lake.close()
    lines = [
        "# Tables and columns\n",
        "Every table and view of a lake, by name. The same stands in the table `data_dictionary` of a lake, and each asset's page in",
        "Dagster's UI has its own columns. Times are exact presentation timestamps (`*_pts`, in the stream's time base) with seconds",
        "beside them. A measurement that failed is NULL, and a `reason` says why.\n",
    ]
    for name, comment, is_view in rows:
        lines += [
            f"## {name}\n",
            f"{'View. ' if is_view else ''}{comment}\n",
            "| column | type | |",
            "| --- | --- | --- |",
        ]
        lines += [
            f"| `{row['column_name']}` | {cell(row['column_type'])} | {cell(row['description'])} |"
            for row in columns.filter(columns["table_name"] == name).iter_rows(named=True)
        ]
        lines.append("")
    return "\n".join(lines)


def measurements() -> str:
    """A part a scorer: what it reads, measures and is measured with."""
    lines = [
        "# Measurements of a clip\n",
        "Each is one module of `video_assets/scorers`, from which its table, asset, check, columns of `clip_sheet`, models and this page",
        "follow. [Add a measurement](../add/measurement.md) says how a team adds its own. A measurement that failed is NULL, and",
        "`reason` says why.\n",
    ]
    for scorer in BUILT_IN:
        section = f"Settings: [`{scorer.section}`](settings.md#{scorer.section}). " if scorer.section else ""
        lines += [
            f"## {scorer.name}\n",
            f"{scorer.says}\n",
            f"Reads {_reads(scorer)}. {section}Code number {scorer.code}.\n",
        ]
        for profile in ("embedded", "full"):
            if models := scorer.models.get(profile):
                named = "; ".join(f"{m.name} ({m.task}; {m.licence}; from {m.source.origin})" for m in models)
                asked = ", where `models.accept` names it" if scorer.on_request else ""
                lines.append(f"Models of the profile `{profile}`{asked}: {named}.\n")
        lines += ["| column | type | good | |", "| --- | --- | --- | --- |"]
        lines += [
            f"| `{c.name}` | {sql_type(c.dtype)} | {scorer.good.get(c.name, '')} | {cell(c.description)} |"
            for c in scorer.columns
        ]
        lines.append("")
    return "\n".join(lines)


def _reads(scorer: Scorer) -> str:
    reads = scorer.reads
    if isinstance(reads, Tables):
        return f"the tables {', '.join(f'`{name}`' for name in reads.names)}"
    most = reads.most if isinstance(reads.most, int) else f"`{scorer.section}.{reads.most}`"
    of = {"Keyframes": "keyframes", "Pairs": "keyframes with the frame after them", "Frames": "frames, decoded again"}
    return f"up to {most} {of[type(reads).__name__]} of each clip" + (
        ", the larger image where there is one" * getattr(reads, "large", False)
    )


def settings() -> str:
    """A part a section: each setting with its default and what it is."""
    lines = [
        "# Settings\n",
        "They come from `VIDEO_ASSETS_<SECTION>__<NAME>` in the environment, then from `video_assets.toml` (or the file that",
        "`VIDEO_ASSETS_CONFIG` names), then from the defaults below. `video-assets settings` shows each with its value and whence;",
        "what is wrong with one is said with its file and line.\n",
        "| setting | default | |", "| --- | --- | --- |",
    ]  # fmt: skip
    lines += _rows(Settings, "", sections=False)
    for name, field in Settings.model_fields.items():
        if section := section_of(field.annotation):
            lines += [f"\n## {name}\n", f"{field.description}\n"]
            if rows := list(_rows(section, f"{name}.", sections=True)):
                lines += ["| setting | default | |", "| --- | --- | --- |", *rows]
    return "\n".join(lines) + "\n"


def _rows(section: type[BaseModel], before: str, *, sections: bool) -> Iterator[str]:
    for name, field in section.model_fields.items():
        inner = section_of(field.annotation)
        if inner and sections:
            yield from _rows(inner, f"{before}{name}.", sections=True)
        elif not inner:
            default = field.get_default(call_default_factory=True, validated_data={})
            shown = to_jsonable_python(default, exclude_none=True)
            yield f"| `{before}{name}` | {f'`{cell(json.dumps(shown))}`' if shown is not None else ''} | {cell(field.description or '')} |"


def main() -> None:
    """Write, or look."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument(
        "--check", action="store_true", help="write nothing, and say whether there would be anything to write"
    )
    check = options.parse_args().check
    stale = []
    for name, text in {"tables.md": tables(), "measurements.md": measurements(), "settings.md": settings()}.items():
        page = REFERENCE / name
        if not page.exists() or page.read_text() != _NOTE + text:
            stale.append(name)
            if not check:
                page.write_text(_NOTE + text)
    if check and stale:
        raise SystemExit(f"Not what the code says: {', '.join(stale)}; run 'make docs'.")


if __name__ == "__main__":
    main()
