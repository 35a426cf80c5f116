"""StreamCounters: the metrics of live streams, by configured source.

Streams that clients push, or start by an address, are counted together: label values are bounded, whatever clients name
their streams.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from rfhydra.protocol.live import NamedSource, PushedSource, StreamSource
from rfhydra.protocol.streams import StreamStatus

_COUNTERS: Final = {
    "samples": "Samples received.",
    "lost_samples": "Samples lost before they were received.",
    "dropped_samples": "Samples dropped because detection was too slow.",
    "reconnects": "Lost sources that were connected again.",
    "windows": "Windows that were detected in.",
    "empty_windows": "Windows without energy.",
    "tracks": "Tracks that began.",
}
_LABEL: Final = "source"


def label_of(source: StreamSource) -> str:
    """Its value of the label: the name of a configured source, else how the samples come."""
    if isinstance(source, NamedSource):
        return source.name
    return "(push)" if isinstance(source, PushedSource) else "(address)"


class StreamCounters(Collector):
    """Counters of all streams since the start of the server. ``running`` gives the running ones with their labels."""

    def __init__(self, running: Callable[[], Iterable[tuple[str, StreamStatus]]]) -> None:
        self._running = running
        self._ended: dict[str, Counter[str]] = {}

    def add_ended(self, label: str, status: StreamStatus) -> None:
        """Keep counting what a stream counted that has ended."""
        self._ended.setdefault(label, Counter()).update({name: getattr(status, name) for name in _COUNTERS})

    def collect(self) -> Iterator[Metric]:
        """The metrics, for Prometheus."""
        running = list(self._running())
        totals = {label: Counter(counts) for label, counts in self._ended.items()}
        for label, status in running:
            totals.setdefault(label, Counter()).update({name: getattr(status, name) for name in _COUNTERS})
        for name, text in _COUNTERS.items():
            family = CounterMetricFamily(f"rfhydra_stream_{name}", text, labels=[_LABEL])
            for label, counts in totals.items():
                family.add_metric([label], counts[name])
            yield family
        factor = GaugeMetricFamily(
            "rfhydra_stream_real_time_factor", "Seconds of signal for one second of work; the slowest.", labels=[_LABEL]
        )
        for label, slowest in _slowest(running).items():
            factor.add_metric([label], slowest)
        yield factor


def _slowest(running: Iterable[tuple[str, StreamStatus]]) -> dict[str, float]:
    factors: dict[str, float] = {}
    for label, status in running:
        if status.real_time_factor is not None:
            factors[label] = min(factors.get(label, status.real_time_factor), status.real_time_factor)
    return factors
