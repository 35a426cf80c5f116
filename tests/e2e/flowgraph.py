"""A GNU Radio flowgraph that publishes a file of complex64 over ZeroMQ in real time. For the system's Python:

    /usr/bin/python3 tests/e2e/flowgraph.py FILE.cf32 RATE_HZ

It prints the address of its PUB sink, starts when a line comes on standard input, prints the monotonic time and the
number of samples published every few milliseconds, and ends when standard input does.
"""

import sys
import time
from pathlib import Path

from gnuradio import blocks, gr, zeromq

CHUNK_SEC = 0.02
TICK_SEC = 0.005


def main(path: str, sample_rate_hz: float) -> None:
    """Publish the file once."""
    total = Path(path).stat().st_size // gr.sizeof_gr_complex
    graph = gr.top_block("transmitter")
    source = blocks.file_source(gr.sizeof_gr_complex, path, False)
    throttle = blocks.throttle(gr.sizeof_gr_complex, sample_rate_hz)
    throttle.set_max_noutput_items(max(1, int(sample_rate_hz * CHUNK_SEC)))
    sink = zeromq.pub_sink(gr.sizeof_gr_complex, 1, "tcp://127.0.0.1:*")
    graph.connect(source, throttle, sink)
    print(sink.last_endpoint().rstrip("\0"), flush=True)
    sys.stdin.readline()
    graph.start()
    published = 0
    while published < total:
        time.sleep(TICK_SEC)
        published = sink.nitems_read(0)
        print(time.monotonic(), published, flush=True)
    sys.stdin.read()
    graph.stop()
    graph.wait()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
