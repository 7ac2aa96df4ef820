"""Programs that work with files."""

import sys

# Elsewhere pipes are waited for in threads, which read and write on alone.
collect_ignore = ["pipes.hkt"] if sys.platform != "linux" else []
