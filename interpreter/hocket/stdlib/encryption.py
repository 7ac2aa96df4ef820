"""Encryption and signatures.

AES has keys of 256 bits and GCM, so that what was changed, or encrypted with another key, is refused; RSA pads with
OAEP and signs with PSS, both over SHA-256.  All of it is from the library `cryptography`, an extra that is loaded when
it is asked for.  The functions suspend in an async context and block in a plain function.
"""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any

from hocket import errors
from hocket.runtime.registry import builtin
from hocket.runtime.threads import in_thread
from hocket.stdlib.encodings import to_bytes
from hocket.stdlib.secrets import derive

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import OAEP, PSS
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

KEY, SALT, NONCE, TAG = 32, 16, 12, 16
"""Bytes of a key, and of what is encrypted beside the content."""

# What encrypted bytes begin with: how the key was made.
GIVEN, DERIVED = b"\x01", b"\x02"

BITS = 3072
LEAST_BITS, MOST_BITS = 2048, 8192


def _load() -> None:
    """Load the library; raises ImportError where it is missing."""
    try:
        import cryptography.hazmat.primitives.serialization  # noqa: F401
    except ImportError as error:
        text = "encryption needs the Python package cryptography"
        raise errors.ImportError(text, hint="`pip install 'hocket[crypto]'` installs it") from error


def _to_text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _from_text(text: str) -> bytes:
    """Return the bytes that a text is in base64; raises Python's ValueError."""
    return base64.b64decode("".join(str.split(text)).encode("ascii"), validate=True)


def _checked(content: bytes) -> bytes:
    if not isinstance(content, bytes):
        raise TypeError
    return content


# AES


def _is_key(key: str | bytes) -> bool:
    """Whether `key` is one as it is, and not a passphrase; raises ValueError for none."""
    if not isinstance(key, str | bytes):
        raise TypeError
    if not key:
        raise errors.ValueError("a key cannot be empty")
    return isinstance(key, bytes) and len(key) == KEY


def _seal(content: bytes, key: str | bytes) -> bytes:
    """Encrypt; in a thread."""
    _load()
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    head, secret = GIVEN, to_bytes(key)
    if not _is_key(key):
        salt = os.urandom(SALT)
        head, secret = DERIVED + salt, derive(secret, salt)
    nonce = os.urandom(NONCE)
    return head + nonce + AESGCM(secret).encrypt(nonce, content, head)


def _open(content: bytes, key: str | bytes) -> bytes:
    """Decrypt; in a thread. Raises ParseError for what was never encrypted, ValueError for another key."""
    _load()
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    end = 1 + SALT if content.startswith(DERIVED) else 1
    head, nonce, rest = content[:end], content[end : end + NONCE], content[end + NONCE :]
    if head[:1] not in (GIVEN, DERIVED) or len(rest) < TAG:
        raise _no_form()
    try:
        if _is_key(key) is not head.startswith(GIVEN):
            raise InvalidTag
        secret = to_bytes(key) if head == GIVEN else derive(to_bytes(key), head[1:])
        return AESGCM(secret).decrypt(nonce, rest, head)
    except InvalidTag:
        raise errors.ValueError("Cannot decrypt: the key is another one, or what is encrypted was changed") from None


def _no_form() -> errors.ParseError:
    return errors.ParseError("Cannot decrypt: this was not made by aes_encrypt() or aes_encrypt_bytes()")


def _encrypt(text: str, key: str | bytes) -> str:
    return _to_text(_seal(to_bytes(text), key))


def _decrypt(text: str, key: str | bytes) -> str:
    try:
        content = _from_text(text)
    except ValueError:
        raise _no_form() from None
    return _as_text(_open(content, key))


def _as_text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise errors.ParseError("Cannot decrypt: what is encrypted is bytes, and no text") from None


def _strings(*texts: Any) -> None:
    if not all(isinstance(text, str) for text in texts):
        raise TypeError


async def _async_encrypt(text: str, key: str | bytes) -> str:
    _strings(text)
    _is_key(key)
    return await in_thread(_encrypt, text, key)


@builtin(suspending=_async_encrypt)
def aes_encrypt(text: str, key: str | bytes) -> str:
    """Return `text` encrypted with AES-256-GCM, as base64; each call gives another one.

    A key is 32 bytes, taken as they are. Anything else is a passphrase, of which scrypt makes the key; that takes a
    moment, on purpose. Needs `pip install 'hocket[crypto]'`, as all `aes_…` and `rsa_…` do, and raises ImportError
    without it.

    ```
    let secret := aes_encrypt("meet at noon", "a long passphrase")
    print(aes_decrypt(secret, "a long passphrase"))  # expect: meet at noon
    ```
    """
    _strings(text)
    _is_key(key)
    return _encrypt(text, key)


async def _async_decrypt(text: str, key: str | bytes) -> str:
    _strings(text)
    _is_key(key)
    return await in_thread(_decrypt, text, key)


@builtin(suspending=_async_decrypt)
def aes_decrypt(text: str, key: str | bytes) -> str:
    """Return the text that `aes_encrypt` has encrypted.

    Raises ValueError when the key is another one or something was changed, ParseError for what was never encrypted.

    ```
    let secret := aes_encrypt("meet at noon", bytes(range(32)))
    print(aes_decrypt(secret, bytes(range(32))))  # expect: meet at noon
    aes_decrypt(secret, "no")                     # error: ValueError: Cannot decrypt: the key is another one
    ```
    """
    _strings(text)
    _is_key(key)
    return _decrypt(text, key)


async def _async_encrypt_bytes(content: bytes, key: str | bytes) -> bytes:
    _is_key(key)
    return await in_thread(_seal, _checked(content), key)


@builtin(suspending=_async_encrypt_bytes)
def aes_encrypt_bytes(content: bytes, key: str | bytes) -> bytes:
    """Return `content` encrypted, as `aes_encrypt` does with a text.

    ```
    let secret := aes_encrypt_bytes(bytes([1, 2]), "a long passphrase")
    print(aes_decrypt_bytes(secret, "a long passphrase"))  # expect: bytes[1, 2]
    ```
    """
    _is_key(key)
    return _seal(_checked(content), key)


async def _async_decrypt_bytes(content: bytes, key: str | bytes) -> bytes:
    _is_key(key)
    return await in_thread(_open, _checked(content), key)


@builtin(suspending=_async_decrypt_bytes)
def aes_decrypt_bytes(content: bytes, key: str | bytes) -> bytes:
    """Return the bytes that `aes_encrypt_bytes` has encrypted; raises as `aes_decrypt`.

    ```
    aes_decrypt_bytes(bytes([1, 2]), "key")  # error: ParseError: Cannot decrypt: this was not made by aes_encrypt()
    ```
    """
    _is_key(key)
    return _open(_checked(content), key)


# RSA


def _oaep() -> OAEP:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    return padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


def _pss() -> PSS:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    return padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)


def _private(pem: str) -> RSAPrivateKey:
    """Return the key of a PEM text; raises ParseError for what is none."""
    _load()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(to_bytes(pem), None)
    except TypeError:
        raise errors.ParseError("the private key is protected by a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise errors.ParseError("this is no private key in PEM") from None
    if not isinstance(key, RSAPrivateKey):
        raise errors.ParseError("this is no key of RSA")
    return key


def _public(pem: str) -> RSAPublicKey:
    """Return the key of a PEM text; raises ParseError for what is none."""
    _load()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(to_bytes(pem))
    except (ValueError, UnsupportedAlgorithm):
        raise errors.ParseError("this is no public key in PEM") from None
    if not isinstance(key, RSAPublicKey):
        raise errors.ParseError("this is no key of RSA")
    return key


def _keypair(bits: int) -> dict[str, str]:
    _load()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, bits)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {"public_key": public.decode(), "private_key": private.decode()}


def _bits(bits: int) -> int:
    if not isinstance(bits, int) or isinstance(bits, bool):
        raise TypeError
    if not LEAST_BITS <= bits <= MOST_BITS:
        raise errors.ValueError(f"a key of RSA has {LEAST_BITS} to {MOST_BITS} bits, got {bits}")
    return bits


async def _async_keypair(bits: int = BITS) -> dict[str, str]:
    return await in_thread(_keypair, _bits(bits))


@builtin(suspending=_async_keypair)
def rsa_generate_keypair(bits: int = BITS) -> dict[str, str]:
    """Return a new pair of keys, `{public_key, private_key}`, each a PEM text, with 2048 to 8192 bits.

    ```
    let keys := rsa_generate_keypair(2048)
    print(keys.public_key.lines()[0], keys.private_key.lines()[0])
    # expect: -----BEGIN PUBLIC KEY----- -----BEGIN PRIVATE KEY-----
    ```
    """
    return _keypair(_bits(bits))


def _rsa_encrypt(text: str, public_key: str) -> str:
    key, content = _public(public_key), to_bytes(text)
    most = key.key_size // 8 - 66
    if len(content) > most:
        hint = "encrypt it with aes_encrypt(), and that key with RSA"
        raise errors.ValueError(f"a key of this size encrypts at most {most} bytes, got {len(content)}", hint=hint)
    return _to_text(key.encrypt(content, _oaep()))


async def _async_rsa_encrypt(text: str, public_key: str) -> str:
    _strings(text, public_key)
    return await in_thread(_rsa_encrypt, text, public_key)


@builtin(suspending=_async_rsa_encrypt)
def rsa_encrypt(text: str, public_key: str) -> str:
    """Return a short `text` encrypted for the owner of the private key, with RSA-OAEP, as base64.

    Raises ParseError for what is no key, and ValueError for a text that is too long: of 190 bytes with 2048 bits.

    ```
    let keys := rsa_generate_keypair(2048)
    print(rsa_decrypt(rsa_encrypt("meet at noon", keys.public_key), keys.private_key))  # expect: meet at noon
    ```
    """
    _strings(text, public_key)
    return _rsa_encrypt(text, public_key)


def _rsa_decrypt(text: str, private_key: str) -> str:
    key = _private(private_key)
    try:
        return _as_text(key.decrypt(_from_text(text), _oaep()))
    except ValueError:
        raise errors.ValueError("Cannot decrypt: this was not encrypted with the key's public one") from None


async def _async_rsa_decrypt(text: str, private_key: str) -> str:
    _strings(text, private_key)
    return await in_thread(_rsa_decrypt, text, private_key)


@builtin(suspending=_async_rsa_decrypt)
def rsa_decrypt(text: str, private_key: str) -> str:
    """Return the text that `rsa_encrypt` has encrypted; raises ValueError when the key is another one.

    ```
    rsa_decrypt("text", "key")  # error: ParseError: this is no private key in PEM
    ```
    """
    _strings(text, private_key)
    return _rsa_decrypt(text, private_key)


def _rsa_sign(content: str | bytes, private_key: str) -> str:
    key = _private(private_key)
    from cryptography.hazmat.primitives import hashes

    return _to_text(key.sign(to_bytes(content), _pss(), hashes.SHA256()))


def _signed(content: str | bytes, *texts: Any) -> None:
    _strings(*texts)
    if not isinstance(content, str | bytes):
        raise TypeError


async def _async_rsa_sign(content: str | bytes, private_key: str) -> str:
    _signed(content, private_key)
    return await in_thread(_rsa_sign, content, private_key)


@builtin(suspending=_async_rsa_sign)
def rsa_sign(content: str | bytes, private_key: str) -> str:
    """Return a signature of a text or of bytes, with RSA-PSS, as base64.

    ```
    let keys := rsa_generate_keypair(2048)
    let signature := rsa_sign("I agree", keys.private_key)
    print(rsa_verify("I agree", signature, keys.public_key), rsa_verify("I do not", signature, keys.public_key))
    # expect: true false
    ```
    """
    _signed(content, private_key)
    return _rsa_sign(content, private_key)


def _rsa_verify(content: str | bytes, signature: str, public_key: str) -> bool:
    key = _public(public_key)
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes

    try:
        key.verify(_from_text(signature), to_bytes(content), _pss(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


async def _async_rsa_verify(content: str | bytes, signature: str, public_key: str) -> bool:
    _signed(content, signature, public_key)
    return await in_thread(_rsa_verify, content, signature, public_key)


@builtin(suspending=_async_rsa_verify)
def rsa_verify(content: str | bytes, signature: str, public_key: str) -> bool:
    """Return whether `signature` is one of `content` by the owner of the private key; raises ParseError for no key.

    ```
    let keys := rsa_generate_keypair(2048)
    print(rsa_verify("text", "no signature", keys.public_key))  # expect: false
    ```
    """
    _signed(content, signature, public_key)
    return _rsa_verify(content, signature, public_key)
