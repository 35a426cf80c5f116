"""The command line under a limit on the size of files, as on a full disk: ``LIMIT_BYTES ARGUMENT...``."""

import resource
import sys

from rfhydra.cli import main

if __name__ == "__main__":
    limit = int(sys.argv.pop(1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    main()
