"""Worker processes in which media is opened: a crash, a hang or a memory bomb costs one video, never the batch.

Each job has limits of its own (:mod:`video_assets.media.limits`): the kernel keeps it within its memory, and the watch
(:mod:`video_assets.media.watch`) within its CPU time.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, as_completed
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pebble import ProcessExpired, ProcessPool

from video_assets.media.containers import MediaError
from video_assets.media.limits import Limits, out_of_memory
from video_assets.media.watch import Desks, Stopped, watching
from video_assets.reasons import Reason
from video_assets.settings import WorkerSettings

Result = TypeVar("Result")

Jobs = Mapping[str, tuple[Any, Limits]]
"""By key, the job (picklable) and how far it may go."""

_FIRST_WAIT_S = 1.0
_FIRST = "video_assets.media.arrow_memory"
"""Imported before any other module that may load Arrow."""
_PRELOADED = (
    "onnxruntime",
    "video_assets.measure.scorer_task",
    "video_assets.scorers.built_in",
    __name__,
    "video_assets.media.loaded",
)
"""Imported once, where each family of models has workers of its own that would. This module brings what the workers' own loop is of."""
# What a decoder's own fault looks like. A worker that got SIGKILL or SIGTERM was ended from outside.
_CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP}


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What became of one job: a value, or a reason with a message for a person.

    ``limited_by`` are the settings of the limit that stopped it, or may have.
    """

    value: Result | None
    reason: Reason | None = None
    message: str | None = None
    limited_by: str | None = None

    def failure(self, *, by_a_model: bool = False) -> dict[str, Any]:
        """What a row says of a job that failed, of a decoder's or of a model's."""
        reason = self.reason.by_a_model if self.reason and by_a_model else self.reason
        return {"reason": reason, "message": self.message, "limited_by": self.limited_by}


_desks: Desks
"""In a worker: where it says at which job it is."""


def _prepare(desks: Desks, environment: Mapping[str, str]) -> None:
    """Runs first in every worker: die with the run, decode on one core, leave interrupts to the parent."""
    global _desks
    _desks = desks
    # S3 keys may have come, changed or gone since the server that forks the workers was started.
    for gone in os.environ.keys() - environment.keys():
        del os.environ[gone]
    os.environ.update(environment)
    threading.Thread(target=_die_with_the_run, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import av.logging
    import cv2

    cv2.setNumThreads(1)
    av.logging.set_level(None)


def _die_with_the_run() -> None:
    """A worker whose run was killed must not write on beside the next run's."""
    if run := multiprocessing.parent_process():
        run.join()
    os.kill(os.getpid(), signal.SIGKILL)


def process_count(settings: WorkerSettings) -> int:
    """Worker processes to use: the setting, or the CPU cores this process may use."""
    return settings.processes or len(os.sched_getaffinity(0))


def at_most(settings: WorkerSettings, processes: int) -> WorkerSettings:
    """The same settings with at most so many processes, and at least one."""
    return settings.model_copy(update={"processes": max(1, min(process_count(settings), processes))})


def run_guarded(
    function: Callable[[Any], Result],
    jobs: Jobs,
    settings: WorkerSettings,
    on_done: Callable[[str, Outcome[Result]], None],
) -> dict[str, Outcome[Result]]:
    """Run ``function(job)`` for every job in worker processes.

    Args:
        function: importable by name; raises :class:`MediaError` for what it cannot measure.
        jobs: started in this order.
        settings: number of processes, attempts for transient failures.
        on_done: called in this process as each job ends for good.

    Returns:
        An outcome for every key.
    """
    outcomes: dict[str, Outcome[Result]] = {}
    left = dict(jobs)
    for attempt in range(settings.attempts):
        if not left:
            break
        last = attempt + 1 == settings.attempts
        storage_failed = False
        for key, outcome in _run_once(function, left, settings):
            storage_failed |= outcome.reason is Reason.READ_ERROR
            if last or outcome.reason is None or not outcome.reason.transient:
                outcomes[key] = outcome
                on_done(key, outcome)
        left = {key: job for key, job in left.items() if key not in outcomes}
        if storage_failed and left:
            # A disk or a network that is in trouble needs a moment, and not the same question at once.
            time.sleep(_FIRST_WAIT_S * 3**attempt)
    return outcomes


def _run_once(function: Callable[[Any], Result], jobs: Jobs, settings: WorkerSettings) -> Any:
    with _Pool(function.__module__, max(1, min(process_count(settings), len(jobs))), len(jobs)) as pool:
        yield from pool.run(function, jobs)


class _Pool:
    """Worker processes, forked from a clean server process that has the decoders loaded: quick, and free of this process's threads.

    Args:
        module: of the function that is run first; it is loaded once.
        processes: how many.
        desks: most jobs of one :meth:`run`.
    """

    def __init__(self, module: str, processes: int, desks: int) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([_FIRST, module, *_PRELOADED])
        self._desks: Any = context.RawArray("i", desks)
        given = (self._desks, dict(os.environ))
        self._pool = ProcessPool(processes, context=context, initializer=_prepare, initargs=given)

    def run(self, function: Callable[[Any], Result], jobs: Jobs) -> Iterator[tuple[str, Outcome[Result]]]:
        """Run some jobs; give each one's outcome as it ends. One such run at a time."""
        limits = [limit for _, limit in jobs.values()]
        futures: list[Any] = [
            self._pool.schedule(_measured, (function, job, number, limit))
            for number, (job, limit) in enumerate(jobs.values())
        ]
        stopped: dict[Any, Stopped] = {}

        def stop(number: int, why: Stopped) -> None:
            stopped.setdefault(futures[number], why)
            futures[number].cancel()

        keys = dict(zip(futures, jobs, strict=True))
        with watching(self._desks, limits, stop):
            for future in as_completed(futures):
                yield keys[future], _outcome(future, stopped, jobs[keys[future]][1])

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._pool.close()  # type: ignore[no-untyped-call]
        else:
            self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


class WarmWorker:
    """One worker process that stays between jobs, with whatever the function keeps loaded there.

    Where a job ends it, the next job gets another. Its limits are those of :func:`run_guarded`.

    Args:
        function: importable by name; every job is given to it.
        module: which module is loaded before it is first called; by default its own.
    """

    def __init__(self, function: Callable[[Any], Any], module: str | None = None) -> None:
        self._function = function
        self._pool = _Pool(module or function.__module__, 1, 1)

    def run(self, job: Any, limits: Limits, attempts: int) -> Outcome[Any]:
        """Run one job, and again where it fails in passing, so many times at most."""
        for attempt in range(attempts):
            [(_, outcome)] = self._pool.run(self._function, {"": (job, limits)})
            if outcome.reason is None or not outcome.reason.transient or attempt + 1 == attempts:
                break
            if outcome.reason is Reason.READ_ERROR:
                time.sleep(_FIRST_WAIT_S * 3**attempt)
        return outcome

    def close(self) -> None:
        """End the process."""
        self._pool.__exit__(KeyboardInterrupt)


def _measured(function: Callable[[Any], Result], job: Any, number: int, limits: Limits) -> Outcome[Result]:
    """Runs in the worker. An error becomes an outcome there: one that cannot be unpickled would break the pool."""
    _bound_memory(limits.memory_mib.most)
    _desks[number] = os.getpid()
    try:
        return Outcome(function(job))
    except MediaError as error:
        return Outcome(None, error.reason, error.message)
    except BaseException as error:  # one video's surprise, be it a panic in Rust, must not stop the others
        if out_of_memory(error):
            said = f"Stopped at its limit of {limits.memory_mib.most:.0f} MiB of memory."
            return Outcome(None, Reason.OUT_OF_MEMORY, said, limits.memory_mib.by)
        if isinstance(error, OSError):
            return Outcome(None, Reason.READ_ERROR, str(error))
        return Outcome(None, Reason.UNEXPECTED_ERROR, f"{type(error).__name__}: {error}")
    finally:
        _desks[number] = 0


def _bound_memory(mib: float) -> None:
    """Let this process have so much memory, whatever the job before was allowed."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = round(mib * 2**20)
    resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def _outcome(future: Any, stopped: Mapping[Any, Stopped], limits: Limits) -> Outcome[Any]:
    try:
        outcome: Outcome[Any] = future.result()
    except CancelledError:
        why = stopped[future]
        return Outcome(None, why.reason, why.message, why.limited_by)
    except ProcessExpired as error:
        number = -error.exitcode if error.exitcode and error.exitcode < 0 else None
        if number in _CRASHES:
            said = f"The worker died of {signal.Signals(number).name}."
            # Much code dies so where it gets no memory.
            return Outcome(None, Reason.DECODER_CRASHED, said, limits.memory_mib.by)
        return Outcome(None, Reason.WORKER_LOST, f"The worker ended with exit code {error.exitcode}.")
    return outcome
