"""Jobs in this process, on all cores, or on a Dask cluster; results always in order."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from typing import Any, Protocol

from stemgan.errors import InputError
from stemgan.processes import begin_worker
from stemgan_data_prep.cutting import cut
from stemgan_data_prep.jobs import Job, Outcome, Settings
from stemgan_data_prep.micrographs import Rejection

_CONNECTING = 30


class Runner(Protocol):
    """Something that cuts: `result` waits for what `submit` began."""

    window: int
    """How many jobs are worth beginning before the first is needed."""

    def submit(self, job: Job) -> Any:  # noqa: ANN401
        """Begin a job."""
        ...

    def result(self, job: Job, begun: Any) -> Outcome:  # noqa: ANN401
        """Wait for a job."""
        ...

    def close(self) -> None:
        """Stop, whatever still runs."""
        ...


class Here:
    """The process that asks: one job at a time, when it is needed."""

    window = 1

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def submit(self, job: Job) -> None:
        """Leave the job until its result is needed."""

    def result(self, job: Job, begun: None) -> Outcome:
        """Do the job."""
        return cut(job, self.settings)

    def close(self) -> None:
        """Do nothing."""


class Processes:
    """Processes of this machine, started afresh, as on Windows and macOS.

    A file whose reader kills its process costs that file alone: the jobs that were lost with
    it are done again one by one, each in a process of its own.
    """

    def __init__(self, settings: Settings, workers: int) -> None:
        self.settings, self.workers = settings, workers
        self.window = 2 * workers + 2
        self._pool = self._new(workers)

    def submit(self, job: Job) -> "Future[Outcome] | None":
        """Begin a job; one that cannot be begun is left until its result is needed."""
        try:
            return self._pool.submit(cut, job, self.settings)
        except BrokenProcessPool:
            return None

    def result(self, job: Job, begun: "Future[Outcome] | None") -> Outcome:
        """Wait for a job."""
        try:
            if begun is not None:
                return begun.result()
        except BrokenProcessPool:
            pass
        self._renew()
        alone = self._new(1)
        try:
            return alone.submit(cut, job, self.settings).result()
        except BrokenProcessPool:
            return crashed(job)
        finally:
            alone.shutdown(cancel_futures=True)

    def close(self) -> None:
        """Stop, without waiting for what was begun and is not needed."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _renew(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = self._new(self.workers)

    def _new(self, workers: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(workers, get_context("spawn"), begin_worker)


class Cluster:
    """A Dask cluster, by the address of its scheduler.

    Its workers need the same version of this package, and must see the files by the same
    names.

    Raises
    ------
    InputError : Dask distributed is not installed, or the scheduler does not answer.
    """

    def __init__(self, settings: Settings, address: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise InputError(
                "--scheduler needs Dask distributed: pip install 'stemgan[cluster]'"
            ) from error
        self.settings = settings
        try:
            self._client: Any = Client(address, timeout=_CONNECTING, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(f"--scheduler {address} does not answer: start it") from error
        threads = sum(self._client.nthreads().values())
        self.window = 2 * max(threads, 1) + 2

    def submit(self, job: Job) -> Any:  # noqa: ANN401 (Dask's future, where it is installed)
        """Begin a job."""
        return self._client.submit(cut, job, self.settings, pure=False)

    def result(self, job: Job, begun: Any) -> Outcome:  # noqa: ANN401
        """Wait for a job.

        Raises
        ------
        InputError : a worker does not see a file that is here.
        """
        from distributed.scheduler import KilledWorker

        try:
            outcome: Outcome = begun.result()
        except KilledWorker:
            return crashed(job)
        if outcome.missing and job.source.file.exists():
            raise InputError(
                f"the cluster's workers do not see {job.source.file}: put the files in a "
                "folder that they share, and name it as they do"
            )
        return outcome

    def close(self) -> None:
        """Leave the cluster."""
        self._client.close()


def crashed(job: Job) -> Outcome:
    """Tell of a job that ended its process."""
    reason = "reading it ended the process (out of memory, or a fault of its reader)"
    rejected = [Rejection(job.source.key, "unreadable", reason)]
    return Outcome(rejected=rejected, stop=job.stop or 1, total=job.total or 1)


def in_order(jobs: Iterator[Job], runner: Runner) -> Iterator[tuple[Job, Outcome]]:
    """Run jobs, some ahead, and yield what they made in their order.

    A job that opens a file of many images is followed at once by those for the rest of them.
    """
    line: deque[_Entry] = deque()
    while True:
        while len(line) < runner.window and (job := next(jobs, None)) is not None:
            line.append(_Entry(job))
        for entry in islice(line, runner.window):
            if not entry.submitted:
                entry.begun, entry.submitted = runner.submit(entry.job), True
        if not line:
            return
        entry = line.popleft()
        outcome = runner.result(entry.job, entry.begun)
        yield entry.job, outcome
        line.extendleft(_Entry(job) for job in reversed(entry.job.following(outcome)))


@dataclass
class _Entry:
    job: Job
    begun: Any = None
    submitted: bool = False
