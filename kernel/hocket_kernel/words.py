"""The language's words for its JupyterLab extension, which cannot ask the grammar.

`python -m hocket_kernel.words` writes them to where the extension has them; a test compares.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from hocket.errors import TYPES
from hocket.pygments import builtins
from hocket.syntax import parser, tables
from hocket.syntax.filter import SOFT
from hocket.syntax.tokens import SPELLINGS

WORDS = Path(__file__).parent / "labextension" / "static" / "words.js"

ATOMS = frozenset({"true", "false", "null"})


def script() -> str:
    """Return the JavaScript module."""
    language = tables.load()
    keywords = parser.keywords()
    numbers = "|".join(language.patterns[name] for name in ("DURATION", "FLOAT", "INT"))
    signs = sorted(
        {text for text in language.texts if not text[0].isalnum()} | {";"}, key=lambda text: (-len(text), text)
    )
    signs = [re.escape(sign).replace("/", r"\/") for sign in signs if sign not in "()[]{}"]
    return "\n".join(
        [
            "// Written by `python -m hocket_kernel.words`: the words, numbers and signs of the language.",
            "",
            named("ATOMS", ATOMS),
            named("KEYWORDS", keywords - ATOMS),
            named("SOFT", keywords & (SOFT | SPELLINGS.keys())),
            named("BUILTINS", builtins()),
            named("ERRORS", TYPES),
            f"export const NUMBER = /^(?:{numbers})/;",
            f"export const OPERATORS = /^(?:{'|'.join(signs)})/;",
            "",
        ]
    )


def named(name: str, words: Iterable[str]) -> str:
    """Return the declaration of a set of words."""
    return f'export const {name} = new Set({json.dumps(" ".join(sorted(words)))}.split(" "));'


if __name__ == "__main__":
    WORDS.write_text(script(), encoding="utf-8")
