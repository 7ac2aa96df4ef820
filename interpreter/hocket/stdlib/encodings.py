"""Base64 and checksums.

A text stands for its UTF-8 bytes. The checksum of a file blocks in a plain function and
suspends in an async context.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from hocket import errors
from hocket.runtime.registry import builtin
from hocket.runtime.work import Work, at_once, waiting
from hocket.stdlib import disk
from hocket.stdlib.files import file_errors
from hocket.stdlib.raw import PIECE


def to_bytes(x: str | bytes) -> bytes:
    """Return `x` as bytes; raises Python's TypeError for anything but text and bytes."""
    if isinstance(x, bytes):
        return x
    try:
        return str.encode(x, "utf-8")
    except UnicodeEncodeError as error:
        code = ord(error.object[error.start])
        raise errors.ValueError(f"half of a surrogate pair (U+{code:04X}) cannot be encoded") from None


@builtin
def encode_base64(x: str | bytes) -> str:
    """Return the bytes `x`, or the UTF-8 bytes of the text `x`, as base64.

    ```
    print(encode_base64("Hi"), encode_base64(bytes([255])))  # expect: SGk= /w==
    ```
    """
    return base64.b64encode(to_bytes(x)).decode("ascii")


@builtin
def decode_base64(s: str) -> bytes:
    """Return the bytes that the text `s` is as base64; blanks and line ends in it are skipped.

    Raises ParseError when it is none.

    ```
    print(decode_base64("SGk="))  # expect: bytes[72, 105]
    decode_base64("S*")           # error: Cannot decode base64
    ```
    """
    text = "".join(str.split(s))
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        hint = "base64 is letters, digits, `+` and `/`, filled up with `=` to a multiple of four"
        raise errors.ParseError("Cannot decode base64: the text is not in that form", hint=hint) from None


@builtin
def sha256(x: str | bytes) -> str:
    """Return the SHA-256 checksum of a text or of bytes, in hexadecimal digits.

    ```
    print(sha256("abc")[..16])  # expect: ba7816bf8f01cfea
    ```
    """
    return hashlib.sha256(to_bytes(x)).hexdigest()


@builtin
def md5(x: str | bytes) -> str:
    """Return the MD5 checksum of a text or of bytes, in hexadecimal digits; it protects nothing.

    ```
    print(md5("abc"))  # expect: 900150983cd24fb0d6963f7d28e17f72
    ```
    """
    return hashlib.md5(to_bytes(x), usedforsecurity=False).hexdigest()


def _file_checksum(path: str, algorithm: str) -> Work[str]:
    checksum = hashlib.new(algorithm, usedforsecurity=False)
    with file_errors("read file", path), (yield from disk.open_file(path, "rb")) as file:
        while piece := (yield from file.take(PIECE)):
            yield None  # what follows is not for the loop
            checksum.update(piece)
    return checksum.hexdigest()


async def _async_sha256_file(path: str) -> str:
    return await waiting(_file_checksum(path, "sha256"))


@builtin(suspending=_async_sha256_file)
def sha256_file(path: str) -> str:
    """Return the SHA-256 checksum of the file at `path`, in hexadecimal digits.

    Raises FileNotFound, PermissionDenied or FileError when it cannot be read.

    ```
    write_file("a.txt", "abc")
    print(sha256_file("a.txt") == sha256("abc"))  # expect: true
    ```
    """
    return at_once(_file_checksum(path, "sha256"))


async def _async_md5_file(path: str) -> str:
    return await waiting(_file_checksum(path, "md5"))


@builtin(suspending=_async_md5_file)
def md5_file(path: str) -> str:
    """Return the MD5 checksum of the file at `path`, in hexadecimal digits; it protects nothing.

    Raises FileNotFound, PermissionDenied or FileError when it cannot be read.

    ```
    write_file("a.txt", "abc")
    print(md5_file("a.txt"))  # expect: 900150983cd24fb0d6963f7d28e17f72
    ```
    """
    return at_once(_file_checksum(path, "md5"))
