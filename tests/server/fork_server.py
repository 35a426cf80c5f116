"""Runs ``rfhydra`` again and again, each time in a process of its own that has its modules already.

    python -m tests.server.fork_server DESCRIPTOR

Each message on the socket ``DESCRIPTOR`` is a JSON object with the arguments, the environment and the directory of a
command, and three descriptors: its standard output, its standard error, and where its exit status is to be written. Its
process id comes back. Importing torch takes longer than all that most commands do, and is not what is tested.
"""

import json
import os
import socket
import sys
from contextlib import suppress
from typing import Any, Final

import rfhydra.cli.app
import rfhydra.detection.detector
import rfhydra.hydra.vision
import rfhydra.server.run
import rfhydra.training.service  # noqa: F401  # what most commands need
from rfhydra.cli import main

MAX_ORDER_BYTES: Final = 1 << 17


def serve(orders: socket.socket) -> dict[str, Any]:
    """Fork for every order. Returns in the new processes alone, with the command that each of them is."""
    while True:
        order, descriptors, *_ = socket.recv_fds(orders, MAX_ORDER_BYTES, 3)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not order:
            sys.exit()
        if os.fork() == 0 and _keep(orders, descriptors):
            command: dict[str, Any] = json.loads(order)
            return command
        for each in descriptors:
            os.close(each)


def _keep(orders: socket.socket, descriptors: list[int]) -> bool:
    """Fork the command, wait for its end and write its status; true in the command itself."""
    output, errors, ended = descriptors
    command = os.fork()
    if command == 0:
        os.dup2(output, 1)
        os.dup2(errors, 2)
    else:
        orders.send(str(command).encode())
    for each in (orders.detach(), output, errors):
        os.close(each)
    if command == 0:
        os.close(ended)
        return True
    os.closerange(0, 3)
    _, status = os.waitpid(command, 0)
    with suppress(BrokenPipeError):  # nobody wants to know
        os.write(ended, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


if __name__ == "__main__":
    ordered = serve(socket.socket(fileno=int(sys.argv[1])))
    os.chdir(ordered["directory"])
    os.environ.clear()
    os.environ.update(ordered["environment"])
    sys.argv = ["rfhydra", *ordered["arguments"]]
    main()
