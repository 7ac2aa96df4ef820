"""Random numbers.

One stream for the process, seeded by `set_random_seed` or the environment variable
`HOCKET_SEED`; a seeded stream is the same on every machine.
"""

from __future__ import annotations

import os
import random
import string
import uuid
from typing import Any

from hocket import errors
from hocket.runtime.registry import builtin
from hocket.stdlib.collections import elements
from hocket.stdlib.text import check_length

# None seeds from the system, text from the text alone.
_stream = random.Random(os.environ.get("HOCKET_SEED"))


_STEP = 1_000_000


def _int(n: Any) -> int:
    if not isinstance(n, int) or isinstance(n, bool):
        raise TypeError("expected an int")
    return n


@builtin
def random_() -> float:
    """Return a float from 0 up to, not including, 1.

    ```
    let x := random()
    print(x >= 0, x < 1)  # expect: true true
    ```
    """
    return _stream.random()


@builtin
def random_int(a: int, b: int) -> int:
    """Return an int from `a` to `b`, both included.

    ```
    set_random_seed(7)
    let n := random_int(1, 6)
    print(n >= 1 && n <= 6)  # expect: true
    ```

    Raises ValueError when `a` is above `b`.
    """
    for bound in (a, b):
        _int(bound)
    if a > b:
        raise errors.ValueError(f"random_int() expects the smaller number first, got {a} and {b}")
    return _stream.randint(a, b)


@builtin
def random_choice(a: list[Any]) -> Any:
    """Return an element of `a`, 0 if it is empty.

    ```
    print([1, 2].contains(random_choice([1, 2])), random_choice([]))  # expect: true 0
    ```
    """
    a = elements(a)
    return _stream.choice(a) if a else 0


@builtin
def shuffle(a: list[Any]) -> list[Any]:
    """Return the elements of `a` in random order.

    ```
    print(sort(shuffle([3, 1, 2])))  # expect: [1, 2, 3]
    ```
    """
    return _stream.sample(elements(a), len(elements(a)))


@builtin
def random_id(n: int) -> str:
    """Return `n` random letters and digits; nothing when `n` is negative.

    Raises ValueError when that would not fit into memory.

    ```
    print(random_id(8).len())  # expect: 8
    ```
    """
    check_length("random_id()", n)
    steps = [min(_STEP, n - at) for at in range(0, n, _STEP)]  # a Stop comes between the steps
    return "".join("".join(_stream.choices(string.ascii_letters + string.digits, k=step)) for step in steps)


@builtin
def uuid_v4() -> str:
    """Return a random UUID.

    ```
    print(uuid_v4().len(), uuid_v4()[14])  # expect: 36 4
    ```
    """
    return str(uuid.UUID(int=_stream.getrandbits(128), version=4))


@builtin
def set_random_seed(n: int) -> None:
    """Begin the stream that belongs to the seed `n`.

    ```
    set_random_seed(1)
    let a := random()
    set_random_seed(1)
    print(random() == a)  # expect: true
    ```
    """
    _stream.seed(_int(n))


@builtin
def clear_random_seed() -> None:
    """Go on with numbers that nobody can foresee.

    ```
    set_random_seed(1)
    let first := random_int(1, 10 ** 9)
    clear_random_seed()
    print(random_int(1, 10 ** 9) == first)  # expect: false
    ```
    """
    _stream.seed()
