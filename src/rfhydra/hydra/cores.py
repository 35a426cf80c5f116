"""How many cores torch uses in a thread."""

import torch
from threadpoolctl import ThreadpoolController


def use_one_core() -> None:
    """Let torch use one core in this thread from now on; in other threads nothing changes.

    Images in several threads, on one core each, take less time than one after the other on all cores, whose parts wait
    for each other at the end of every operation (docs/decisions/0037).
    """
    torch.get_num_threads()  # otherwise the first operation of the thread sets it to the number of all cores
    ThreadpoolController().select(user_api="openmp").limit(limits=1)  # type: ignore[no-untyped-call]
