"""Chunks solved by the workers of dask.distributed: processes of this machine, or of a cluster.

A worker that dies in the middle of a chunk costs that chunk's time: another takes it over.
"""

from __future__ import annotations

import logging
import queue
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING

from aeroforcing.core.errors import InputError
from aeroforcing.core.version import __version__
from aeroforcing.grids.domain import Chunk
from aeroforcing.runs.chunks import ChunkResult, Run

if TYPE_CHECKING:
    from distributed import Client, Future

_SECONDS_TO_CONNECT = 30
_RETRIES = 10  # of a chunk whose worker died or lost its connection
_SECONDS_WITHOUT_WORKERS = 300.0  # after which nothing is waited for; a batch system may take long
_SECONDS_BETWEEN_LOOKS = 5.0

# The process that removes semaphores after this one, which it does as it should, warns of it.
_NO_WORD_OF_LEAKS = "ignore:resource_tracker"


@contextmanager
def cluster_client(
    workers: int | None, scheduler: str | None, *, scratch: Path
) -> Iterator[Client]:
    """A client of some worker processes of this machine, or of a scheduler.

    What else the caller does with dask goes where it went before.

    Parameters
    ----------
    workers
        Number of processes to start, each with one thread.
    scheduler
        Address of a scheduler that is running, "tcp://..."; instead of `workers`.
    scratch
        Folder for the files of the processes; it is made and removed.

    Raises
    ------
    InputError
        dask.distributed is not installed.
    OSError
        The scheduler cannot be reached.
    """
    try:
        import distributed
    except ImportError:
        raise InputError(
            "Workers need dask.distributed, which is not installed: pip install aeroforcing[dask]."
        ) from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    if scheduler is not None:
        with _connected(scheduler) as client:
            yield client
        return
    with _interruptions_held():
        cluster = distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address=None,
            local_directory=str(scratch),
            silence_logs=logging.CRITICAL,
        )
    try:
        with cluster, distributed.Client(cluster, set_as_default=False) as client:
            yield client
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _interruptions_held() -> Iterator[None]:
    """Let the threads and processes that begin meanwhile leave Ctrl-C to the rest of this process.

    A terminal sends it to all of them, and workers would answer by a traceback each; they end with
    the process that began them.
    """
    if sys.platform == "win32" or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    sys.warnoptions.append(_NO_WORD_OF_LEAKS)
    try:
        resource_tracker.ensure_running()  # whose start lets interruptions through
    finally:
        sys.warnoptions.remove(_NO_WORD_OF_LEAKS)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _connected(scheduler: str) -> Client:
    import distributed

    try:
        return distributed.Client(scheduler, timeout=_SECONDS_TO_CONNECT, set_as_default=False)
    except ValueError as error:
        raise InputError(
            f"scheduler {scheduler!r}: not an address such as tcp://host:8786 ({error})."
        ) from None
    except (OSError, AssertionError) as error:  # the latter if its loop takes long to start
        raise OSError(f"scheduler {scheduler}: cannot be reached ({error}).") from error


def solve_on_workers(
    run: Run,
    chunks: Iterable[Chunk],
    *,
    client: Client,
    done: Callable[[int], None] = lambda cells: None,
) -> Generator[tuple[Chunk, ChunkResult], None, None]:
    """Solve chunks on the workers of a client, and give each as it is done.

    Twice as many chunks as the workers have threads are under way, so that memory is bounded.

    Parameters
    ----------
    run
        Sent to each worker once; files are opened there, under the same paths.
    chunks
        In the order in which they are begun.
    client
        From `cluster_client`.
    done
        Called with the number of cells that have been done since its last call.

    Raises
    ------
    OSError
        A chunk has killed many workers, or all workers are gone.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sending large graph")  # which is done once
        shared = client.submit(_itself, run, pure=False)  # made again if its workers die
    waiting = iter(chunks)
    under_way: dict[Future, Chunk] = {}
    finished: queue.SimpleQueue[Future] = queue.SimpleQueue()
    attendance = _Attendance(client)

    def begin(number: int) -> None:
        for chunk in islice(waiting, number):
            future = client.submit(_solve, shared, chunk, __version__, pure=False, retries=_RETRIES)
            under_way[future] = chunk
            future.add_done_callback(finished.put)

    begin(2 * max(1, sum(client.nthreads().values())))
    while under_way:
        future = attendance.first_of(finished)
        chunk = under_way.pop(future)
        yield chunk, _result(future, chunk, attendance)
        done(chunk.size)
        begin(1)


class _Attendance:
    """Waits for workers as long as there are any."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._last_seen = time.monotonic()

    def first_of(self, finished: queue.SimpleQueue[Future]) -> Future:
        """The first future that is finished."""
        while True:
            try:
                return finished.get(timeout=_SECONDS_BETWEEN_LOOKS)
            except queue.Empty:
                self._look()

    def result(self, future: Future) -> ChunkResult:
        """The result of a future; it may be made again if its worker has died since."""
        while True:
            try:
                return future.result(timeout=_SECONDS_BETWEEN_LOOKS)
            except TimeoutError:
                if future.status == "error":  # one of the chunk itself
                    raise
                self._look()

    def _look(self) -> None:
        now = time.monotonic()
        if self._client.nthreads():
            self._last_seen = now
        elif now - self._last_seen > _SECONDS_WITHOUT_WORKERS:
            raise OSError(
                f"There has been no worker for {_SECONDS_WITHOUT_WORKERS:.0f} s. Start workers, "
                "or give the same command with --resume and without them."
            )


def _result(future: Future, chunk: Chunk, attendance: _Attendance) -> ChunkResult:
    from distributed import CancelledError, KilledWorker

    try:
        return attendance.result(future)
    except CancelledError as error:
        raise OSError(f"The scheduler is gone, or has dropped this run ({error}).") from None
    except KilledWorker as error:
        raise OSError(
            f"chunk {chunk.number}: its workers died again and again, for lack of memory perhaps "
            f"({error}). Try smaller chunks or fewer workers."
        ) from None


def _itself(run: Run) -> Run:
    return run


def _solve(run: Run, chunk: Chunk, version: str) -> ChunkResult:
    """The result of a chunk, on a worker."""
    if version != __version__:
        raise InputError(
            f"The workers have aeroforcing {__version__}, and this is {version}: results could "
            "differ. Install the same version everywhere."
        )
    return run.solve(chunk)
