"""Keys that other programs have made, and what is said without the library."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from hocket import errors
from hocket.runtime.registry import STDLIB
from hocket.stdlib import encryption

PEM = serialization.Encoding.PEM
FUNCTIONS = [builtin for builtin in STDLIB.functions.values() if builtin.name.startswith(("aes_", "rsa_"))]
GIVEN: dict[str, Any] = {"key": "key", "content": b"content"}


@pytest.mark.parametrize("name", [builtin.name for builtin in FUNCTIONS])
def test_without_the_library_it_is_told_how_to_get_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [module for module in sys.modules if module.partition(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, module, None)
    builtin = STDLIB.functions[name]
    parameters = [parameter for parameter in builtin.parameters if parameter.default is parameter.empty]
    given = [GIVEN.get(parameter.name, "dGV4dA==") for parameter in parameters]
    with pytest.raises(errors.ImportError, match="^encryption needs the Python package cryptography$") as error:
        builtin.function(*given)
    assert error.value.hint == "`pip install 'hocket[crypto]'` installs it"


def test_a_key_of_another_kind_and_one_with_a_password_are_refused() -> None:
    none = serialization.NoEncryption()
    curve = ec.generate_private_key(ec.SECP256R1())
    private = curve.private_bytes(PEM, serialization.PrivateFormat.PKCS8, none).decode()
    public = curve.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    for call in (lambda: encryption.rsa_sign("a", private), lambda: encryption.rsa_encrypt("a", public)):
        with pytest.raises(errors.ParseError, match="^this is no key of RSA$"):
            call()
    protection = serialization.BestAvailableEncryption(b"password")
    key = rsa.generate_private_key(65537, 2048)
    protected = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, protection).decode()
    with pytest.raises(errors.ParseError, match="^the private key is protected by a password$"):
        encryption.rsa_sign("a", protected)


def test_what_is_encrypted_is_bytes_and_no_text() -> None:
    key = encryption.rsa_generate_keypair(2048)
    secret = encryption._public(key["public_key"]).encrypt(b"\xff", encryption._oaep())
    with pytest.raises(errors.ParseError, match="^Cannot decrypt: what is encrypted is bytes, and no text$"):
        encryption.rsa_decrypt(encryption._to_text(secret), key["private_key"])
