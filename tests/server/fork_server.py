"""Serves again and again, each time in a process of its own that has its modules already.

A line of JSON with the arguments of ``rfhydra serve`` starts a server; its process id comes back as a line, and then
what the server itself prints. Importing torch takes longer than all that the servers do, and is not what is tested.
"""

import json
import os
import signal
import sys

import rfhydra.cli.app
import rfhydra.server.run  # noqa: F401  # what a server needs
from rfhydra.cli import main

signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that were killed
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        sys.argv = ["rfhydra", "serve", *json.loads(line)]
        main()
    print(child, flush=True)
