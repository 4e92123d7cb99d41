"""Images of single lines -> text, with what each character might be instead.

The recogniser is the one that the rapidocr wheel ships (PP-OCRv6), run by onnxruntime without rapidocr's own pipeline:
that pads every line to 320 pixels, which makes a digit cost as much as a sentence, it keeps no second-best character,
and its loader can fetch models from the network. Here a missing model is an error.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from crawler.documents.scan import INSTALL
from crawler.documents.scan.image import Grey
from crawler.outcomes import Outcome, OutcomeError

MODEL = "PP-OCRv6_rec_small.onnx"
HEIGHT = 48
"""Pixels: the height of the recogniser's input."""
NARROWEST, WIDEST = 32, 3200
STEP = 16
"""Widths are rounded up to this, so that lines of about one width go in one batch."""
ALIKE = ("0OoＯ〇○", "1lI|丨")
"""Characters that one shape may be in one type or another: what a lone shape is of them, only its company tells."""
BATCH_WIDTH = 1024
"""Pixels side by side in one batch: memory grows with it, speed does not."""
THREADS = min(2, os.cpu_count() or 1)
"""Batches read at a time by one child process. Each is read by one thread: sharing a batch between two costs a fifth more
processor time, and two children on two cores would wait for one another.
"""


@dataclass(frozen=True, slots=True)
class Character:
    """A character with its probability, and the next likely one with its own; those `ALIKE` count as one."""

    text: str
    probability: float
    other: str
    other_probability: float


@dataclass(frozen=True, slots=True)
class Recognition:
    """One line as recognised."""

    characters: tuple[Character, ...]

    @property
    def text(self) -> str:
        """The line."""
        return "".join(character.text for character in self.characters)

    @property
    def confidence(self) -> float:
        """The probability of the least likely character; 0 for an empty line."""
        return min((character.probability for character in self.characters), default=0.0)

    def runner_up(self) -> str:
        """The line with its least likely character replaced by the next likely one, which may be none."""
        if not self.characters:
            return ""
        least = min(range(len(self.characters)), key=lambda index: self.characters[index].probability)
        return "".join(one.other if index == least else one.text for index, one in enumerate(self.characters))


class Recogniser:
    """The model and its alphabet; loading takes about half a second and is done once a process (see `recogniser`)."""

    def __init__(self, model: Path) -> None:
        import onnxruntime  # part of the ocr extra

        # OpenCV's own threads wait for one another in these small steps, which costs a third more processor time.
        cv2.setNumThreads(1)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        self._session: Any = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        alphabet = self._session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._alphabet = ["", *alphabet, " "]
        groups = [[self._alphabet.index(one) for one in group if one in self._alphabet] for group in ALIKE]
        self._alike = {index: group for group in groups for index in group}
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="recogniser")

    def read(self, lines: Sequence[Grey], squeeze: Sequence[float] | None = None) -> list[Recognition]:
        """Each line's text. ``squeeze``: the share of its width a line is set in, for text that is known in advance."""
        widths = [
            _width(line, 1.0 if squeeze is None else factor)
            for line, factor in zip(lines, squeeze or [1.0] * len(lines), strict=True)
        ]
        batches = _batches(widths)
        readings = self._pool.map(
            lambda batch: self._run([lines[i] for i in batch], [widths[i] for i in batch], _rounded(widths[batch[0]])), batches
        )
        results: list[Recognition] = [Recognition(())] * len(lines)
        for batch, reading in zip(batches, readings, strict=True):
            for index, result in zip(batch, reading, strict=True):
                results[index] = result
        return results

    def _run(self, lines: Sequence[Grey], widths: Sequence[int], width: int) -> list[Recognition]:
        # The model was trained on lines padded with grey.
        batch = np.zeros((len(lines), 3, HEIGHT, width), dtype=np.float32)
        for row, line, own in zip(batch, lines, widths, strict=True):
            row[:, :, :own] = cv2.resize(line, (own, HEIGHT), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 127.5 - 1.0
        try:
            (scores,) = self._session.run(None, {self._input: batch})
        except Exception as error:
            # onnxruntime has one exception for everything; what the memory limit stops must be told from the rest.
            if "bad_alloc" in str(error):
                raise MemoryError from error
            raise
        return [self._decoded(one) for one in scores]

    def _decoded(self, scores: NDArray[np.float32]) -> Recognition:
        best = scores.argmax(axis=1)
        characters: list[Character] = []
        for step, index in enumerate(best):
            if index == 0:
                continue
            if step and best[step - 1] == index:
                probability = float(scores[step, index])
                if probability > characters[-1].probability:
                    characters[-1] = self._character(scores[step], int(index))
                continue
            characters.append(self._character(scores[step], int(index)))
        return Recognition(tuple(characters))

    def _character(self, scores: NDArray[np.float32], index: int) -> Character:
        same = self._alike.get(index, [index])
        rivals = scores.copy()
        rivals[same] = -1.0
        other = int(rivals.argmax())
        return Character(self._alphabet[index], float(scores[same].sum()), self._alphabet[other], float(scores[other]))


def _width(line: Grey, squeeze: float) -> int:
    height, width = line.shape
    return int(min(max(width * HEIGHT * squeeze / max(height, 1), 8), WIDEST))


def _rounded(width: int) -> int:
    return max(NARROWEST, -(-width // STEP) * STEP)


def _batches(widths: Sequence[int]) -> list[list[int]]:
    """Lines of one rounded width together, by their index; the widest first, so that the last batches are short."""
    batches: list[list[int]] = []
    for index in sorted(range(len(widths)), key=lambda index: -widths[index]):
        width = _rounded(widths[index])
        last = batches[-1] if batches else []
        if last and _rounded(widths[last[0]]) == width and (len(last) + 1) * width <= BATCH_WIDTH:
            last.append(index)
        else:
            batches.append([index])
    return batches


@cache
def recogniser() -> Recogniser:
    """The process's recogniser.

    Raises:
        OutcomeError: ``scanned`` where the extra is not installed.
    """
    return Recogniser(_model_path())


def _model_path() -> Path:
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations or importlib.util.find_spec("onnxruntime") is None:
        raise OutcomeError(Outcome.SCANNED, f"The document is a scan and must be read by OCR: {INSTALL}.")
    path = Path(spec.submodule_search_locations[0], "models", MODEL)
    if not path.is_file():
        raise OutcomeError(Outcome.SCANNED, f"The document is a scan and rapidocr came without its model {MODEL}: {INSTALL}.")
    return path
