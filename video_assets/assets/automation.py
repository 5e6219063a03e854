"""What the daemon asks for: exactly what the plan says is due, once.

Dagster's automation conditions would derive it again from events, less exactly: they see neither which run is about to
make a partition nor what failed before with the same version and inputs, and look at each asset and batch by itself. The
command line and the daemon follow the one plan instead (:mod:`video_assets.lake.plan`), which is tested as such.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)
from pydantic import BaseModel, ValidationError

from video_assets.assets.common import BATCHES
from video_assets.assets.run import JOB, selection, tags
from video_assets.batches.attempts import as_text, failed_attempts
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import told
from video_assets.lake.plan import SHARED, Due, Measurement, Why, ledger_key, plan
from video_assets.lake.schemas import CONTAMINATION, DUPLICATE_GROUPS, RAW_VIDEOS
from video_assets.lake.versions import short_hash
from video_assets.lake.work import Key, Work, ready, stopped, works

_MOST_ASKS = 3
"""So often the same is asked for when a run vanishes without a word, as when the machine goes down."""
_LONGEST_WAIT = timedelta(days=1)
_SETTLED = timedelta(minutes=10)
"""For this long an old batch waits for the runs that may change it again."""


class Memory(BaseModel):
    """What one tick hands to the next, as the sensor's cursor. To lose it costs some runs that fail as they did before."""

    times: dict[str, int] = {}
    """How often each thing that is still due was asked for."""
    reloaded: str = ""
    """The fingerprint of the files for which the definitions were last loaded anew."""

    @classmethod
    def parse(cls, cursor: str | None) -> Memory:
        try:
            return cls.model_validate_json(cursor or "{}")
        except ValidationError:
            return cls()


@dataclass(frozen=True)
class Asked:
    """What one tick asks for."""

    works: tuple[Work, ...]
    keys: tuple[str, ...]
    """A run key for each: the same work is not asked for twice at the same."""
    times: dict[str, int]
    """See :attr:`Memory.times`."""
    said: str
    """What is due, what is at work and what is left alone, in a sentence."""


def asked(
    lake: Lake,
    instance: dg.DagsterInstance,
    order: Mapping[str, Measurement],
    before: Mapping[str, int],
    now: datetime,
) -> Asked:
    """Decide what to ask for.

    Nothing that an unfinished run makes already, nothing that failed in this version with these inputs, what failed for
    a passing reason after ``automation.retry_minutes`` and then twice as long each time, and no batch that the sensor
    ``new_footage`` has yet to start.
    """
    with lake.at_one_look():
        due, ledger = plan(lake, order), lake.entries()
    known = instance.get_dynamic_partitions(str(BATCHES.name))
    times = Counter(before)
    working = at_work(instance, order, known)
    identities = _identities(lake, order, ledger, due)
    attempts = failed_attempts(lake)
    begun = {*ledger.batches_of(RAW_VIDEOS.name)} | {batch for _, batch in working}
    begun |= _finished(instance, {d.batch for d in due} - begun)
    held = set(working) | _changing(working, ledger, now)
    resting = 0
    for d in due:
        key, identity = ledger_key(order[d.asset], d.asset, d.batch), identities[d]
        if key in held or d.why is Why.FOLLOWS:
            continue
        if key[1] != SHARED and (key[1] not in begun or key[1] not in known):
            held.add(key)
        elif not _may_ask(lake, d, ledger.get(key), attempts.get(key), identity, times[identity.name], now):
            held.add(key)
            resting += 1
    certain = ready(due, order, held)
    found = works(due, certain, order, known, stopped(order, ledger), held)
    for d in (d for work in found for d in work.certain):
        times[identities[d].name] += 1
    return Asked(
        works=tuple(found),
        keys=tuple(_run_key(work, identities, times) for work in found),
        times={i.name: times[i.name] for i in identities.values() if times[i.name]},
        said=f"{len(due)} partitions are due or may follow, {len(working)} are at work, "
        f"{resting} are left alone since they failed and nothing has changed.",
    )


def requests(found: Asked, graph: dg.AssetGraph) -> list[dg.RunRequest]:
    """The same as Dagster takes it."""
    return [
        dg.RunRequest(
            run_key=key,
            partition_key=work.batches[0] if len(work.batches) == 1 else None,
            tags=tags(work),
            asset_selection=selection(graph, work.assets),
        )
        for work, key in zip(found.works, found.keys, strict=True)
    ]


@dataclass(frozen=True)
class _Identity:
    """What is asked for: an asset's batch by this version from these inputs."""

    name: str
    version: str
    inputs: str


def _identities(
    lake: Lake, order: Mapping[str, Measurement], ledger: Mapping[Key, Mapping[str, Any]], due: Sequence[Due]
) -> dict[Due, _Identity]:
    step, found = Step(lake, order), {}
    for d in due:
        inputs = as_text(step.inputs_by(ledger, d.asset, d.batch))
        key = ledger_key(order[d.asset], d.asset, d.batch)
        name = short_hash(" ".join((*key, step.version(d.asset), inputs)))
        found[d] = _Identity(name, step.version(d.asset), inputs)
    return found


def _may_ask(
    lake: Lake,
    due: Due,
    entry: Mapping[str, Any] | None,
    attempt: Mapping[str, Any] | None,
    identity: _Identity,
    times: int,
    now: datetime,
) -> bool:
    """Whether the same is to be asked for once more, after so many times."""
    since = entry["made_at"] if entry and due.why is Why.FAILED else None
    if attempt and (attempt["version"], attempt["inputs"]) == (identity.version, identity.inputs):
        if not attempt["passing"]:
            return False
        since = attempt["failed_at"]
    if since is None:
        return times < _MOST_ASKS
    wait = timedelta(minutes=lake.settings.automation.retry_minutes) * 2 ** min(max(times - 1, 0), 20)
    return bool(now >= since.replace(tzinfo=since.tzinfo or UTC) + min(wait, _LONGEST_WAIT))


def at_work(instance: dg.DagsterInstance, order: Mapping[str, Measurement], known: Sequence[str]) -> set[Key]:
    """What unfinished runs make, whoever started them, and will thus be there without being asked for."""
    found: set[Key] = set()
    place = {batch: number for number, batch in enumerate(known)}
    for run in instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES)):
        first = run.tags.get(ASSET_PARTITION_RANGE_START_TAG, run.tags.get(PARTITION_NAME_TAG, ""))
        last = run.tags.get(ASSET_PARTITION_RANGE_END_TAG, first)
        batches = known[place[first] : place[last] + 1] if first in place and last in place else [SHARED]
        # Without a selection a run makes its whole job, and the job of a release makes nothing of this.
        whole = {*order} if run.job_name == JOB else set()
        assets = {k.to_user_string() for k in run.asset_selection} if run.asset_selection else whole
        found |= {ledger_key(order[asset], asset, batch) for asset in assets & {*order} for batch in batches}
    return found


def _changing(working: Collection[Key], ledger: Mapping[Key, Mapping[str, Any]], now: datetime) -> set[Key]:
    """What runs of other batches may yet change: they write the duplicates and the contamination of every batch.

    It is left to them for a while, so that it is made once; not for ever, as where footage arrives all the time there
    always is such a run.
    """
    groups, contamination = DUPLICATE_GROUPS.name, CONTAMINATION.name
    if not {asset for asset, _ in working} & {groups, contamination}:
        return set()
    return {
        (contamination, batch)
        for batch, made_at in told(ledger, groups, "batch", "made_at")
        if now - made_at.replace(tzinfo=UTC) < _SETTLED
    }


def _finished(instance: dg.DagsterInstance, batches: Collection[str]) -> set[str]:
    """Those of some batches of which there was a run, which then ended before it had anything."""
    return {b for b in batches if instance.get_runs(dg.RunsFilter(tags={PARTITION_NAME_TAG: b}), limit=1)}


def _run_key(work: Work, identities: Mapping[Due, _Identity], times: Mapping[str, int]) -> str:
    names = sorted(f"{identities[d].name} {times[identities[d].name]}" for d in work.certain)
    return short_hash("\n".join(names))
