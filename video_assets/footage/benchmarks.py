"""Which videos are a benchmark's: said of a folder, kept in the ledger by content.

A content that was once named a benchmark's stays one wherever it turns up, until somebody says otherwise: a folder that
is looked at without a name says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from video_assets.footage.folders import address
from video_assets.settings import WatchedFolder

NOT_ONE = ""
"""The name that makes a benchmark's videos footage again."""


class Named:
    """The folders that somebody has named a benchmark's; of folders inside each other the inner one counts.

    Args:
        folders: of two with one address the last counts. Those without a name say nothing.
    """

    def __init__(self, folders: Iterable[WatchedFolder]) -> None:
        self._names = {address(f.uri): f.benchmark for f in folders if f.benchmark is not None}

    def of(self, uri: str) -> str | None:
        """What is said of a file: a benchmark's name, :data:`NOT_ONE`, or None for nothing."""
        holding = [folder for folder in self._names if uri.startswith(folder)]
        return self._names[max(holding, key=len)] if holding else None

    def said(self, files: Iterable[tuple[str, str]]) -> dict[str, str]:
        """What is said of contents, from their (uri, content): a name before :data:`NOT_ONE`, the first of several."""
        said: dict[str, str] = {}
        for uri, content in files if self._names else ():
            name = self.of(uri)
            if name is not None and not said.get(content):
                said[content] = name
        return said


def marked(ledger: pl.DataFrame, said: Mapping[str, str]) -> pl.DataFrame:
    """The ledger with what is said of contents; every place of a content says the same.

    Args:
        ledger: rows of SOURCE_FILES, in any order.
        said: by content, a benchmark's name or :data:`NOT_ONE`; what is not in it stays as it is.
    """
    names = pl.DataFrame(
        {"content": list(said), "said": list(said.values())}, {"content": pl.String, "said": pl.String}
    )
    held = pl.col("benchmark").drop_nulls().first().over("content")
    name = pl.coalesce("said", held)
    joined = ledger.join(names, on="content", how="left", maintain_order="left")
    return joined.with_columns(benchmark=pl.when(name != NOT_ONE).then(name)).drop("said")


def changed(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Contents of both ledgers that became a benchmark's or ceased to be, or are another's: batch and content."""
    keys: Sequence[str] = ("batch", "content")
    both = before.select(*keys, was="benchmark").unique().join(after.select(*keys, "benchmark").unique(), on=keys)
    return both.filter(pl.col("was").ne_missing(pl.col("benchmark"))).select(keys).unique().sort(keys)
