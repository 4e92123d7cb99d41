"""Pictures of places in archived documents, drawn in killable child processes and kept for the next version."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTimeError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.cropping import Order, crop_pages, orders_text
from crawler.dataset.report.model import Crop, Picture
from crawler.extraction import Extraction
from crawler.isolation import ExtractionPool, NotReadError
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from crawler.storage.store import FileStore
    from crawler.workspace import Workspace

logger = logging.getLogger(__name__)

CACHE = ".pictures"
"""Beside the versions: a file a picture, by its document and place; what a version does not show is removed with it."""
CACHE_VERSION = 1
"""Raised where the same place would be drawn differently."""
DOCUMENT_SECONDS = 15.0
ALL_SECONDS = 60.0
"""Publishing waits no longer for pictures; what is drawn by then is kept, and the next version has the rest."""


class SourcePictures:
    """Draws places of the archive's documents. Never raises for a document: what cannot be drawn is a note.

    Args:
        archive: has the documents.
        cache: a folder of our own; it is made.
        seconds: of wall clock for all pictures together.
    """

    def __init__(
        self, archive: FileStore, cache: Path, *, memory_mb: int, workers: int = 1, seconds: float = ALL_SECONDS
    ) -> None:
        self.archive = archive
        self.cache = cache
        self.memory_mb = memory_mb
        self.workers = workers
        self.seconds = seconds

    @classmethod
    def of(cls, workspace: Workspace, settings: BaseSettings) -> SourcePictures:
        """By the settings of the extraction's own children."""
        return cls(
            workspace.store,
            workspace.root / CACHE,
            memory_mb=settings.getint("EXTRACTION_MEMORY_MB"),
            workers=settings.getint("EXTRACTION_WORKERS"),
        )

    def __call__(self, crops: Sequence[Crop]) -> Mapping[Crop, Picture | str]:
        """A picture or a note for every crop; documents are opened in the order of their first crop."""
        found: dict[Crop, Picture | str] = {}
        missing: dict[str, list[Crop]] = defaultdict(list)
        for crop in dict.fromkeys(crops):
            kept = self._kept(crop)
            if kept is not None:
                found[crop] = kept
            else:
                missing[crop.path].append(crop)
        if missing:
            found |= self._draw(missing)
        self._forget_others(found)
        return found

    def _draw(self, documents: Mapping[str, Sequence[Crop]]) -> dict[Crop, Picture | str]:
        found: dict[Crop, Picture | str] = {}
        deadline = time.monotonic() + self.seconds
        pool = ExtractionPool(
            workers=min(self.workers, len(documents)),
            timeout=DOCUMENT_SECONDS,
            memory_mb=self.memory_mb,
            max_tasks=100,
            read=crop_pages,
        )
        readers = ThreadPoolExecutor(pool.workers, thread_name_prefix="pictures")
        try:
            waiting = [
                (path, readers.submit(pool.read_stored, self.archive, path, _orders(documents[path]))) for path in documents
            ]
            for path, future in waiting:
                crops = documents[path]
                for crop, picture in zip(crops, self._answers(path, future, len(crops), deadline), strict=True):
                    found[crop] = picture
                    if isinstance(picture, Picture):
                        self._keep(crop, picture)
        finally:
            readers.shutdown(wait=False, cancel_futures=True)
            pool.close(wait=False)
        return found

    def _answers(self, path: str, future: Future[Extraction], count: int, deadline: float) -> list[Picture | str]:
        try:
            answer = future.result(timeout=max(deadline - time.monotonic(), 0.0))
        except (NotInTimeError, CancelledError):
            return [f"not drawn within the {self.seconds:g} s that publishing waits; the next version may have it"] * count
        except NotReadError as error:
            return [f"not drawn: {error}"] * count
        except (FileNotFoundError, ValueError):
            return [f"the original {path} is not in the archive"] * count
        except OSError as error:
            logger.warning("No picture of %s: %s", path, error)
            return [f"the original {path} could not be had from the archive"] * count
        pictures = (answer.record or {}).get("pictures", [])
        if answer.outcome is not Outcome.OK or len(pictures) != count:
            return [f"not drawn ({answer.outcome.value}): {answer.message}"] * count
        return [_picture(picture) for picture in pictures]

    def _cache_file(self, crop: Crop) -> Path:
        key = json.dumps([CACHE_VERSION, crop.sha256, crop.page, crop.box, crop.turn])
        return self.cache / f"{hashlib.sha256(key.encode()).hexdigest()}.json"

    def _kept(self, crop: Crop) -> Picture | None:
        try:
            entry = json.loads(self._cache_file(crop).read_text(encoding="utf-8"))
            return Picture(entry["media_type"], base64.b64decode(entry["content"], validate=True), tuple(entry["box"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None  # Not there or not whole: it is drawn again.

    def _keep(self, crop: Crop, picture: Picture) -> None:
        content = base64.b64encode(picture.content).decode("ascii")
        entry = {"media_type": picture.media_type, "box": picture.box, "content": content}
        target = self._cache_file(crop)
        temporary = target.with_suffix(f".{os.getpid()}")
        try:
            self.cache.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(entry), encoding="utf-8")
            temporary.replace(target)
        except OSError as error:
            logger.warning("%s cannot be written (%s): the picture is drawn again next time", target, error)
            temporary.unlink(missing_ok=True)

    def _forget_others(self, found: Mapping[Crop, Picture | str]) -> None:
        shown = {self._cache_file(crop).name for crop, picture in found.items() if isinstance(picture, Picture)}
        for file in self.cache.glob("*"):
            if file.name not in shown:
                file.unlink(missing_ok=True)


def _orders(crops: Sequence[Crop]) -> str:
    return orders_text([Order(crop.page, crop.box, crop.turn) for crop in crops])


def _picture(drawn: Mapping[str, Any]) -> Picture | str:
    if "note" in drawn:
        return str(drawn["note"])
    return Picture(drawn["media_type"], drawn["content"], drawn["box"])
