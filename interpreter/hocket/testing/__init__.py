"""Programs checked against their comments, and the tests that programs hold.

    for program in programs(path.read_text(), path.name):
        check(program)

`hocket.testing.comments` describes the comments; `hocket test` runs both.
"""

from hocket.testing.comments import (
    LIMIT,
    Expected,
    Mismatch,
    Program,
    check,
    check_file,
    expected,
    fenced,
    programs,
)

__all__ = ["LIMIT", "Expected", "Mismatch", "Program", "check", "check_file", "expected", "fenced", "programs"]
