"""The one LibreOffice of a process and the queue before it."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from crawler.conversion.formats import IMPORT_FORMATS, ImportFormat
from crawler.conversion.office import OfficeCrash, OfficeHang, WarmOffice, convert_cold, refusal
from crawler.conversion.programs import Programs, find_programs
from crawler.outcomes import Outcome, OutcomeError

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)

ATTEMPTS = 2
COLD_START_SECONDS = 30.0
"""What a cold call is given on top of its documents' time."""
INSTALL = (
    "LibreOffice is missing: apt-get install libreoffice-writer-nogui python3-uno, then scrapy reextract --outcome unsupported"
)


@dataclass(slots=True)
class _Job:
    content: bytes
    how: ImportFormat
    result: Future[bytes]


class OfficeConverter:
    """Turns office documents into DOCX, one after the other, on a thread of its own.

    LibreOffice starts with the first document and stays: it is killed and started again when it hangs, crashes, has grown or
    has converted ``max_documents``; a document at which it hangs or crashes is tried once more. Without the ``uno`` module
    whatever is waiting is converted by one cold call.

    Args:
        timeout: seconds of wall clock a document.
        memory_mb: address space of LibreOffice; at half of it resident, LibreOffice is replaced.
        max_documents: documents before LibreOffice is replaced.
        batch: documents of one cold call.
        find: how the programs are found.
    """

    def __init__(
        self,
        *,
        timeout: float,
        memory_mb: int,
        max_documents: int,
        batch: int,
        find: Callable[[], Programs | None] = find_programs,
    ) -> None:
        self.timeout = timeout
        self.memory_mb = memory_mb
        self.max_documents = max_documents
        self.batch = batch
        self.starts = 0
        """How often LibreOffice was started."""
        self.peak_mb = 0
        """The most resident memory LibreOffice had, in MiB; warm only."""
        self._find = find
        self._office: WarmOffice | None = None
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._is_closed = False
        self._said_cold = False

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """A converter by the ``OFFICE_*`` settings."""
        soffice, python = settings.get("OFFICE_PROGRAM") or "", settings.get("OFFICE_PYTHON") or ""
        return cls(
            timeout=settings.getfloat("OFFICE_TIMEOUT"),
            memory_mb=settings.getint("OFFICE_MEMORY_MB"),
            max_documents=settings.getint("OFFICE_MAX_DOCUMENTS"),
            batch=settings.getint("OFFICE_BATCH"),
            find=lambda: find_programs(soffice, python),
        )

    @property
    def process_id(self) -> int | None:
        """LibreOffice's process, while one is kept warm."""
        office = self._office
        return None if office is None else office.pid

    def submit(self, content: bytes, office_format: str) -> Future[bytes]:
        """Put a document in the queue.

        Args:
            content: the document.
            office_format: what `crawler.documents.office.office_format` says it is.

        Returns:
            The DOCX; or an OutcomeError: ``unsupported``, ``too_large``, ``timeout``, ``failed``.

        Raises:
            RuntimeError: the converter is closed.
        """
        how = IMPORT_FORMATS[office_format]
        result: Future[bytes] = Future()
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the converter is closed")
            self._jobs.put(_Job(content, how, result))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="office", daemon=True)
                self._thread.start()
        return result

    def close(self, *, wait: bool = True) -> None:
        """End LibreOffice; with ``wait=False`` documents still in the queue are cancelled and the one at hand is dropped."""
        with self._lock:
            self._is_closed = True
            thread = self._thread
        if not wait:
            while True:
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if job is not None:
                    job.result.cancel()
            office = self._office
            if office is not None:
                office.kill()
        if thread is not None:
            self._jobs.put(None)
            thread.join()
        self._stop()

    def convert(self, content: bytes, office_format: str) -> bytes:
        """As `submit`, waiting for the DOCX; any thread but the event loop's."""
        return self.submit(content, office_format).result()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            jobs = [item for item in self._take_more(job) if item.result.set_running_or_notify_cancel()]
            if jobs:
                self._convert(jobs)

    def _take_more(self, first: _Job) -> list[_Job]:
        """The documents of the next call: one while LibreOffice is warm, else whatever waits."""
        jobs = [first]
        programs = self._find()
        if programs is None or programs.python is not None:
            return jobs
        while len(jobs) < self.batch:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._jobs.put(None)
                break
            jobs.append(job)
        return jobs

    def _convert(self, jobs: list[_Job]) -> None:
        try:
            programs = self._installed()
            if programs.python is None:
                self._convert_cold(programs, jobs)
            else:
                for job in jobs:
                    job.result.set_result(self._convert_warm(programs, job.content, job.how))
        except Exception as error:
            if not isinstance(error, OutcomeError):
                logger.exception("converting a document failed")
                self._stop()
            for job in jobs:
                if not job.result.done():
                    job.result.set_exception(error)

    def _installed(self) -> Programs:
        programs = self._find()
        if programs is None:
            raise OutcomeError(Outcome.UNSUPPORTED, INSTALL)
        return programs

    def _convert_warm(self, programs: Programs, content: bytes, how: ImportFormat) -> bytes:
        failure: Exception | None = None
        for _ in range(ATTEMPTS):
            try:
                office = self._warm(programs)
                docx = office.convert(content, how, timeout=self.timeout)
            except (OfficeHang, OfficeCrash) as error:
                failure = error
                self._stop()
                if self._is_closed:
                    break
                logger.warning("LibreOffice is started again: %s", error)
            else:
                self.peak_mb = max(self.peak_mb, office.peak_mb)
                return docx
        raise _outcome(failure, self.timeout)

    def _warm(self, programs: Programs) -> WarmOffice:
        office = self._office
        if office is not None and (
            office.documents >= self.max_documents or office.memory_mb * 2 > self.memory_mb or not office.is_running
        ):
            self._stop()
        if self._office is None:
            self.starts += 1
            self._office = WarmOffice(programs, memory_mb=self.memory_mb)
        return self._office

    def _stop(self) -> None:
        if self._office is not None:
            self._office.close()
            self._office = None

    def _convert_cold(self, programs: Programs, jobs: list[_Job]) -> None:
        if not self._said_cold:
            self._said_cold = True
            logger.warning("LibreOffice starts anew for every batch, since no Python has its uno module: install python3-uno")
        for how in dict.fromkeys(job.how for job in jobs):
            batch = [job for job in jobs if job.how == how]
            try:
                results = self._cold(programs, batch)
            except OfficeHang as hang:
                # One of several hangs: each on its own tells which.
                failure = _outcome(hang, self.timeout)
                results = [None] * len(batch)
                if len(batch) == 1:
                    batch[0].result.set_exception(failure)
                    continue
            for job, docx in zip(batch, results, strict=True):
                self._settle_cold(programs, job, docx)

    def _settle_cold(self, programs: Programs, job: _Job, docx: bytes | None) -> None:
        """Answer one document of a batch; what the batch made nothing of is tried once more on its own."""
        try:
            docx = docx or self._cold(programs, [job])[0]
        except OfficeHang as error:
            job.result.set_exception(_outcome(error, self.timeout))
            return
        if docx is None:
            job.result.set_exception(refusal(job.how))
        else:
            job.result.set_result(docx)

    def _cold(self, programs: Programs, batch: list[_Job]) -> list[bytes | None]:
        self.starts += 1
        documents = [(job.content, job.how) for job in batch]
        timeout = COLD_START_SECONDS + self.timeout * len(batch)
        return convert_cold(programs, documents, timeout=timeout, memory_mb=self.memory_mb)


def _outcome(failure: Exception | None, timeout: float) -> OutcomeError:
    if isinstance(failure, OfficeHang):
        message = f"LibreOffice worked on it for longer than {timeout:g} s and was stopped; raise OFFICE_TIMEOUT to try again"
        return OutcomeError(Outcome.TIMEOUT, message)
    return OutcomeError(Outcome.FAILED, f"LibreOffice died at it {ATTEMPTS} times: {failure}")
