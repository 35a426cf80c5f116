"""Prometheus metrics of the server."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.registry import Collector

from rfhydra.errors import RfhydraError

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
UNREADABLE: Final = "unreadable"
"""Label of an invalid command."""


class PrometheusMetrics:
    """Metrics of one server. Gauges call the server when they are read."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._commands = Counter(
            "rfhydra_commands", "Commands by outcome: ok or a code.", ["command", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "rfhydra_command_seconds", "From reading to answering.", ["command"], buckets=_SECONDS, registry=registry
        )
        self.detection_sec = Histogram(
            "rfhydra_detection_seconds", "One window, decoded to detections.", buckets=_SECONDS, registry=registry
        )
        self.training_sec = Histogram(
            "rfhydra_training_seconds",
            "Trainings that made a version.",
            buckets=(0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
            registry=registry,
        )
        self.loop_delay_sec = Histogram(
            "rfhydra_loop_delay_seconds", "Time that the event loop was late.", buckets=_SECONDS, registry=registry
        )
        self.trainings = Counter("rfhydra_trainings", "Trainings that ended.", ["outcome"], registry=registry)
        self.slow_clients = Counter(
            "rfhydra_slow_clients", "Clients closed because they did not take their messages.", registry=registry
        )

        self.token_failures = Counter("rfhydra_token_failures", "Wrong tokens that were sent.", registry=registry)

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Expose what ``read`` returns."""
        Gauge(name, text, registry=self._registry).set_function(read)

    def gauges(self, name: str, text: str, label: str, reads: Mapping[str, Callable[[], float]]) -> None:
        """Expose one gauge with a label, by label value."""
        gauge = Gauge(name, text, [label], registry=self._registry)
        for value, read in reads.items():
            gauge.labels(value).set_function(read)

    def add(self, collector: Collector) -> None:
        """Expose what ``collector`` gives when it is read."""
        self._registry.register(collector)

    @contextmanager
    def command(self, name: str | None) -> Iterator[None]:
        """Time a command and count its outcome."""
        label, outcome, began = name or UNREADABLE, "ok", perf_counter()
        try:
            yield
        except RfhydraError as error:
            outcome = error.code
            raise
        except Exception:
            outcome = RfhydraError.code
            raise
        finally:
            self._commands.labels(label, outcome).inc()
            self._seconds.labels(label).observe(perf_counter() - began)

    def render(self) -> bytes:
        """The metrics in the text format of Prometheus."""
        return generate_latest(self._registry)
