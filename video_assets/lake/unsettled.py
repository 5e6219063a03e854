"""In which batches something may be due, told of all at once.

In a large lake nearly every batch is as it should be. To see that by the columns of the ledger takes a small part of what it
takes to go through every asset of every batch, which is then done of the others alone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from video_assets.lake.ledger import Entries
    from video_assets.lake.plan import Measurement


def unsettled(
    order: Mapping[str, Measurement],
    batches: Sequence[str],
    ledger: Entries,
    shared: Mapping[str, str],
    failed: Collection[str],
) -> list[str]:
    """Those of some batches of which one thing at least is not known to be as it should be. Pure.

    A batch is settled where each asset that is made for it has an entry of the version of now, whose inputs are, letter by
    letter, the versions that these have now. Others may turn out to have nothing due.

    Args:
        order: the assets; nothing that is made once for all batches and that batches read may be due.
        batches: which.
        ledger: of its rows are asked asset, batch, version, data_version and inputs.
        shared: data versions of what is made once for all batches, by asset.
        failed: batches of which failed rows are tried again.
    """
    each = [m for m in order.values() if not m.shared]
    wide = pl.DataFrame({"batch": list(batches)}, schema={"batch": pl.String})
    made = {m.asset for m in each}
    read = {i for m in each for i in m.inputs if not (i in order and order[i].shared)}
    for asset in sorted(made | read):
        part = ledger.of(asset).unique("batch", keep="last")
        told = ("version", "data_version", "inputs") if asset in made else ("data_version",)
        columns = part.select("batch", *(pl.col(name).alias(f"{name} {asset}") for name in told))
        wide = wide.join(columns, on="batch", how="left", maintain_order="left")
    settled = [~pl.col("batch").is_in(list(failed))]
    for m in each:
        settled.append(pl.col(f"version {m.asset}") == m.version)
        settled.append(pl.col(f"inputs {m.asset}") == _inputs(m, order, shared))
    return wide.filter(~pl.all_horizontal(settled).fill_null(value=False))["batch"].to_list()


def _inputs(measurement: Measurement, order: Mapping[str, Measurement], shared: Mapping[str, str]) -> pl.Expr:
    """What the ledger has of a measurement's inputs where it was made from what there is now: see ``ledger.note``."""
    now: dict[str, pl.Expr] = {}
    for i in measurement.inputs:
        if i in order and order[i].shared:
            now[i] = pl.lit(shared.get(i), dtype=pl.String)
        else:
            now[i] = pl.col(f"data_version {i}")
    now |= {
        name: pl.lit(version, dtype=pl.String) for name, version in measurement.files.items() if version is not None
    }
    # What has no version has no part in it.
    told = [pl.lit(f'{json.dumps(name)}: "') + version + '"' for name, version in sorted(now.items())]
    if not told:
        return pl.lit("{}")
    return pl.lit("{") + pl.concat_str(told, separator=", ", ignore_nulls=True) + "}"
