"""Programs that run commands of the system."""

import os

# The commands are POSIX's.
collect_ignore_glob = ["*.hkt"] if os.name == "nt" else []
