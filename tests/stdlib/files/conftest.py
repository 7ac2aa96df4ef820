"""Programs that work with files."""

import os

# Named pipes are POSIX's.
collect_ignore = ["pipes.hkt"] if os.name == "nt" else []
