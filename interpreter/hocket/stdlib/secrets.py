"""Passwords and signed tokens.

A password's hash holds how it was made: scrypt's parameters and the salt.  It takes a while
on purpose: the functions block in a plain function and suspend in an async context.  Tokens
are JSON Web Tokens signed with HMAC-SHA256 (HS256).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import os
from typing import Any

from hocket import errors
from hocket.runtime.current import current_scheduler
from hocket.runtime.registry import builtin
from hocket.runtime.threads import in_thread
from hocket.runtime.values import print_text, type_name
from hocket.stdlib import json

# 16 MB and a twentieth of a second for each guess.
_COST, _BLOCK, _LANES = 1 << 14, 8, 1


def _utf8(text: Any) -> bytes:
    if not isinstance(text, str):
        raise TypeError("expected a string")
    return text.encode("utf-8", "surrogatepass")


def derive(password: bytes, salt: bytes, cost: int = _COST, block: int = _BLOCK, lanes: int = _LANES) -> bytes:
    """Return the key of 32 bytes that scrypt makes of a password."""
    most = 128 * block * (cost + lanes + 2) + (1 << 20)
    return hashlib.scrypt(password, salt=salt, n=cost, r=block, p=lanes, maxmem=most, dklen=32)


def _hash(password: bytes) -> str:
    salt = os.urandom(16)
    key = derive(password, salt)
    return f"$scrypt$ln={_COST.bit_length() - 1},r={_BLOCK},p={_LANES}${_encode(salt)}${_encode(key)}"


async def _async_hash_password(password: str) -> str:
    return await in_thread(_hash, _utf8(password))


@builtin(suspending=_async_hash_password)
def hash_password(password: str) -> str:
    """Return a hash of `password` to be kept in its place; each call gives another one.

    ```
    let kept := hash_password("open sesame")
    print(verify_password("open sesame", kept), verify_password("let me in", kept))  # expect: true false
    ```
    """
    return _hash(_utf8(password))


def _parts(kept: str) -> tuple[int, int, int, bytes, bytes]:
    """Return cost, block, lanes, salt and key of a hash; raises ValueError."""
    _, kind, settings, salt, key = kept.split("$")
    cost, block, lanes = (int(setting.partition("=")[2]) for setting in settings.split(","))
    if kind != "scrypt" or not 0 < cost <= 20 or not 0 < block <= 32 or not 0 < lanes <= 16:
        raise ValueError
    return 1 << cost, block, lanes, _decode(salt), _decode(key)


def _verify(password: bytes, kept: str) -> bool:
    try:
        cost, block, lanes, salt, key = _parts(kept)
    except ValueError:
        raise errors.ParseError("verify_password() expects a hash that hash_password() has made") from None
    return hmac.compare_digest(derive(password, salt, cost, block, lanes), key)


def _checked(kept: Any) -> str:
    if not isinstance(kept, str):
        raise TypeError("expected a string")
    return kept


async def _async_verify_password(password: str, hash: str) -> bool:  # noqa: A002  the name that a program writes
    return await in_thread(_verify, _utf8(password), _checked(hash))


@builtin(suspending=_async_verify_password)
def verify_password(password: str, hash: str) -> bool:  # noqa: A002
    """Return whether `hash` is one of `password`, made by `hash_password`.

    Raises ParseError when it is no such hash at all.

    ```
    verify_password("secret", "secret")  # error: verify_password() expects a hash that hash_password() has made
    ```
    """
    return _verify(_utf8(password), _checked(hash))


# Tokens


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    """Return what `text` is as base64 of URLs; raises Python's ValueError."""
    padded = text.encode("ascii") + b"=" * (-len(text) % 4)
    return base64.b64decode(padded.translate(bytes.maketrans(b"-_", b"+/")), validate=True)


def _signature(signed: str, secret: str) -> bytes:
    return hmac.new(_utf8(secret), signed.encode("ascii"), hashlib.sha256).digest()


@builtin
def jwt_encode(payload: dict[Any, Any], secret: str) -> str:
    """Return a token that holds `payload` for everybody to read, signed with `secret`.

    The entries `exp` and `nbf`, in seconds as `now_unix()` gives them, limit the time in which it is good.

    ```
    let token := jwt_encode({user: "ada", exp: now_unix() + 3600}, "key")
    print(jwt_decode(token, "key").user, jwt_verify(token, "other key"))  # expect: ada false
    ```
    """
    if not isinstance(payload, dict):
        raise TypeError("expected a dict")
    for claim in ("exp", "nbf"):
        if claim in payload:
            _time(payload, claim, errors.TypeError(f"jwt_encode() expects a number of seconds as {claim}"))
    parts = ({"alg": "HS256", "typ": "JWT"}, payload)
    signed = ".".join(_encode(json.encode(part).encode("utf-8", "surrogatepass")) for part in parts)
    return f"{signed}.{_encode(_signature(signed, secret))}"


@builtin
def jwt_decode(token: str, secret: str) -> dict[str, Any]:
    """Return the payload of `token`, once it has been verified.

    Raises ParseError for what is no token, ValueError when it was not signed with `secret` or its time is over.

    ```
    jwt_decode(jwt_encode({user: "ada"}, "key"), "other key")  # error: Invalid token: the signature does not fit
    ```
    """
    header, payload, signed, signature = _read(token)
    if header.get("alg") != "HS256":
        raise errors.ValueError(f"Invalid token: the algorithm is not HS256 but {print_text(header.get('alg'))}")
    if not hmac.compare_digest(signature, _signature(signed, secret)):
        raise errors.ValueError("Invalid token: the signature does not fit")
    seconds = current_scheduler().clock.wall() / 1e9
    if "exp" in payload and seconds >= _time(payload, "exp"):
        raise errors.ValueError("Invalid token: it has expired")
    if "nbf" in payload and seconds < _time(payload, "nbf"):
        raise errors.ValueError("Invalid token: it is not valid yet")
    return payload


@builtin
def jwt_verify(token: str, secret: str) -> bool:
    """Return whether `token` was signed with `secret` and its time is not over.

    ```
    print(jwt_verify(jwt_encode({a: 1}, "key"), "key"), jwt_verify("no token", "key"))  # expect: true false
    ```
    """
    if not isinstance(token, str) or not isinstance(secret, str):
        raise TypeError("expected strings")
    try:
        jwt_decode(token, secret)
    except errors.ValueError:
        return False
    return True


def _read(token: str) -> tuple[dict[str, Any], dict[str, Any], str, bytes]:
    """Return header, payload, what is signed, and the signature; raises ParseError."""
    if not isinstance(token, str):
        raise TypeError("expected a string")
    parts = token.split(".")
    try:
        if len(parts) != 3:
            raise ValueError
        header, payload = (json.decode(_decode(part).decode("utf-8", "surrogatepass")) for part in parts[:2])
        signature = _decode(parts[2])
    except (ValueError, binascii.Error, errors.ParseError):
        raise errors.ParseError("Invalid token: it is not of the form header.payload.signature") from None
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise errors.ParseError("Invalid token: header and payload must be dicts")
    return header, payload, f"{parts[0]}.{parts[1]}", signature


def _time(payload: dict[str, Any], claim: str, wrong: errors.Error | None = None) -> float:
    """Return the time in `payload` that is called `claim`, in seconds; raises `wrong` if it is none."""
    value = payload[claim]
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise wrong or errors.ValueError(f"Invalid token: {claim} is no time but {type_name(value)}")
    return value
