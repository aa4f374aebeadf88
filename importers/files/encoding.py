"""Text of any encoding as UTF-8: which encoding a file has, and its bytes recoded block by block."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from importers.files.limits import shown_name
from importers.files.sources import READ, Source, Stream
from schemas.errors import UndecodableFile, UnknownEncoding, UnreadableFile

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CANDIDATES = ("gb18030", "shift_jis", "euc-kr", "cp1252", "cp1251", "latin-1")
_SAMPLE = 24
_SHOWN_BYTES = 8
_CONTROLS = bytes(byte for byte in range(1, 32) if byte not in b"\t\n\f\r")
_FEWEST_BESIDE = 13
"""A file in which a control character comes for fewer bytes than these is none of text."""


@dataclass(frozen=True)
class Encoded:
    """A codec, and how many bytes of mark come before the text."""

    codec: str
    mark: int = 0


def encoding_of(source: Source, encoding: str | None) -> Encoded:
    """The encoding of the whole text: by its mark, else UTF-8 if it is that, else the one that the user names."""
    if encoding is not None:
        try:
            codecs.lookup(encoding)
            "".encode(encoding)
        except (LookupError, TypeError, ValueError) as error:
            raise UnknownEncoding(encoding) from error
    with source.open() as stream:
        first = stream.read(READ)
        marked = next((Encoded(codec, len(mark)) for mark, codec in _MARKS if first.startswith(mark)), Encoded("utf-8"))
        if marked.codec != "utf-8":
            return marked
        size, nuls, wrong = 0, 0, None
        decoder = codecs.getincrementaldecoder("utf-8")()
        data, pending = first, False
        while data:
            nuls += data.count(b"\0")
            if pending or not data.isascii():
                try:
                    decoder.decode(data)
                except UnicodeDecodeError as error:
                    wrong = error.object[max(error.start - 2 * _SAMPLE, 0) : error.start + 2 * _SAMPLE]
                    break
                pending = decoder.getstate()[0] != b""
            size += len(data)
            data = stream.read(READ)
        if wrong is None and pending:
            wrong = first[-_SAMPLE:] if size <= READ else decoder.getstate()[0]
    if wrong is None and nuls * 100 <= size:
        return marked
    if encoding is not None:
        return Encoded(encoding)
    if wrong is None:
        little = first[1:200:2].count(0) >= first[:200:2].count(0)
        name = "utf-16-le" if little else "utf-16-be"
        raise UnreadableFile(source.name, "looks like UTF-16 without a mark", f"if it is, say --encoding {name}")
    if _is_binary(first):
        start = " ".join(f"{byte:02x}" for byte in first[:_SHOWN_BYTES])
        raise UnreadableFile(source.name, f"is no text: it begins with the bytes {start}",
                             "give the export as it was downloaded: CSV, JSON, XLSX or an archive of them")  # fmt: skip
    raise UndecodableFile(source.name, "is not UTF-8 text", _samples(wrong))


def _is_binary(sample: bytes) -> bool:
    """Say whether bytes hold more control characters than any text does; zeros apart, which UTF-16 is full of."""
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return controls * _FEWEST_BESIDE > len(sample)


def _samples(wrong: bytes) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    texts = set()
    for codec in _CANDIDATES:
        try:
            text = codecs.getincrementaldecoder(codec)().decode(wrong)
        except UnicodeDecodeError:
            continue
        if text not in texts and len(found) < 3:
            found.append((codec, shown_name(text.replace("\r", " ").replace("\n", " "))))
            texts.add(text)
    return found


class Utf8:
    """A text's bytes as UTF-8, without a mark."""

    def __init__(self, source: Source, encoded: Encoded) -> None:
        self._stream: Stream = source.open()
        self._name = source.name
        self._codec = encoded.codec
        self._is_marked = encoded.mark > 0
        self._decoder = None
        if codecs.lookup(encoded.codec).name != "utf-8":
            self._decoder = codecs.getincrementaldecoder(encoded.codec)()
        if encoded.mark:
            self._stream.read(encoded.mark)

    def __enter__(self) -> Utf8:
        return self

    def __exit__(self, *about: object) -> None:
        self._stream.close()

    def read(self, size: int) -> bytes:
        """About `size` bytes; none at the end."""
        if self._decoder is None:
            return self._stream.read(size)
        while data := self._stream.read(size):
            if text := self._decode(data, final=False):
                return text
        return self._decode(b"", final=True)

    def _decode(self, data: bytes, final: bool) -> bytes:
        assert self._decoder is not None
        try:
            return self._decoder.decode(data, final).encode()
        except UnicodeError as error:
            if self._is_marked:
                reason = f"says that it is {self._codec.upper()} text, and is damaged or cut off"
                raise UnreadableFile(self._name, reason, "download it again") from error
            raise UndecodableFile(self._name, f"is not {self._codec} text", _wrong(error)) from error


def _wrong(error: UnicodeError) -> list[tuple[str, str]]:
    if isinstance(error, UnicodeDecodeError):
        return _samples(error.object[max(error.start - 2 * _SAMPLE, 0) : error.start + 2 * _SAMPLE])
    return []
