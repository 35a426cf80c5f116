"""``rfhydra log``."""

import csv
import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from rfhydra.cli.arguments import AsJson, Workspace
from rfhydra.cli.output import counted, note, output_file, print_json, print_table, reported, say
from rfhydra.errors import InvalidMessage
from rfhydra.quantities import parse_hertz, parse_seconds

if TYPE_CHECKING:
    from rfhydra.protocol.track_log import LoggedTrack
    from rfhydra.store.audit import AuditEntry
    from rfhydra.store.detections import LogFilter
    from rfhydra.store.workspace import Workspace as Store

_AUDIT_COLUMNS: Final = ("entry_id", "at", "who", "action", "signal_name", "detail")
_DIGEST: Final = re.compile("[0-9a-f]{64}")
_ID_DIGITS: Final = 12
_COLUMNS: Final = ("start UTC", "signal", "score", "SNR", "length", "MHz", "kHz")


def log(
    directory: Workspace,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="2h ago, or a date and time in UTC.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Likewise.")] = None,
    signal: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this signal. Repeatable.")] = None,
    low: Annotated[str | None, typer.Option(metavar="HZ", help="Only above this frequency, such as 433.9M.")] = None,
    high: Annotated[str | None, typer.Option(metavar="HZ", help="Only below this frequency.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Number of rows of the table, the newest.")] = 50,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print all as CSV.")] = False,
    parquet: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all to a Parquet file.")] = None,
    audit: Annotated[bool, typer.Option("--audit", help="Show who changed what instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what was received on live streams, or who changed the workspace. Works beside its server, too."""
    with reported(as_json=as_json):
        from rfhydra.store.detections import LogFilter
        from rfhydra.store.workspace import Workspace as Store

        if as_csv + as_json + (parquet is not None) > 1:
            raise InvalidMessage("--csv, --json and --parquet exclude each other")
        now = datetime.now(UTC)
        wanted = LogFilter(
            since=parse_time(since, "--since", now),
            until=parse_time(until, "--until", now),
            signals=signal or (),
            low_hz=None if low is None else parse_hertz(low, "--low"),
            high_hz=None if high is None else parse_hertz(high, "--high"),
        )
        with Store.view(directory) as store:
            if audit:
                if parquet is not None or low is not None or high is not None:
                    raise InvalidMessage("--audit excludes --parquet, --low and --high")
                _show_audit(store, wanted, limit, as_csv=as_csv, as_json=as_json)
            elif as_csv:
                _print_csv(store.detections.tracks(wanted))
            elif as_json:
                _print_json(store.detections.tracks(wanted))
            elif parquet is not None:
                _write_parquet(store, wanted, output_file(parquet))
            else:
                _show(store.detections.newest(limit + 1, wanted), limit)


def parse_time(text: str | None, field: str, now: datetime) -> datetime | None:
    """A duration before ``now``, or a date and time, UTC where it names no zone; None of None.

    Raises:
        InvalidMessage: it is neither.
    """
    if text is None:
        return None
    with suppress(ValueError):
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time
    try:
        return now - timedelta(seconds=parse_seconds(text, field))
    except (InvalidMessage, OverflowError):
        example = "2026-11-27T16:00"
        raise InvalidMessage(
            f"{field} {text!r} is neither a duration, such as 2h, nor a time, such as {example}"
        ) from None


def _show(tracks: "Sequence[LoggedTrack]", limit: int) -> None:
    if len(tracks) > limit:
        note(f"older tracks are left out: see --limit {limit}, --since, or --csv for all")
    shown = tracks[-limit:]
    if not shown:
        say("no tracks")
        return
    has_states = any(each.state != "ended" for each in shown)
    rows = [(*_cells(each), *([each.state] if has_states else [])) for each in shown]
    print_table("tracks", [*_COLUMNS, *(["state"] if has_states else [])], rows)


def _cells(track: "LoggedTrack") -> tuple[object, ...]:
    start = datetime.fromisoformat(track.start_time)
    return (
        start.strftime("%m-%d %H:%M:%S"),
        track.signal_name,
        f"{track.score:.2f}",
        None if track.snr_db is None else f"{track.snr_db:.0f}",
        as_length(track.time_end_sec - track.time_start_sec),
        f"{(track.freq_low_hz + track.freq_high_hz) / 2e6:.4f}",
        f"{(track.freq_high_hz - track.freq_low_hz) / 1e3:.1f}",
    )


def as_length(seconds: float) -> str:
    """A duration with three digits and its unit, as short as it can be."""
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 600 else f"{seconds / 3600:.2f} h"


def _print_csv(tracks: "Iterator[LoggedTrack]") -> None:
    from rfhydra.protocol.track_log import LoggedTrack

    writer = csv.DictWriter(sys.stdout, [*LoggedTrack.model_fields], lineterminator="\n")
    writer.writeheader()
    for track in tracks:
        writer.writerow(track.model_dump())
    sys.stdout.flush()


def _print_json(tracks: "Iterator[LoggedTrack]") -> None:
    """One document, written as it is read: a log may be long."""
    separator = ""
    sys.stdout.write('{"tracks": [')
    for track in tracks:
        sys.stdout.write(f"{separator}\n  {track.model_dump_json()}")
        separator = ","
    sys.stdout.write("\n]}\n")
    sys.stdout.flush()


def _write_parquet(store: "Store", wanted: "LogFilter", path: Path) -> None:
    from rfhydra.store.parquet import write_parquet

    count = write_parquet(store.detections.tracks(wanted), path)
    say(f"{counted(count, 'track')} in {path}")


def _show_audit(store: "Store", wanted: "LogFilter", limit: int, *, as_csv: bool, as_json: bool) -> None:
    most = sys.maxsize if as_csv else limit + 1
    entries = store.audit.between(wanted.since, wanted.until, wanted.signals, most)
    if as_json:
        print_json({"entries": [vars(each) for each in entries[-limit:]]})
    elif as_csv:
        _print_audit_csv(entries)
    else:
        if len(entries) > limit:
            note(f"older changes are left out: see --limit {limit}, --since, or --csv for all")
        columns = ["at UTC", "who", "action", "signal", "detail"]
        print_table("changes", columns, [_audit_cells(each) for each in entries[-limit:]])


def _print_audit_csv(entries: "Sequence[AuditEntry]") -> None:
    writer = csv.DictWriter(sys.stdout, _AUDIT_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for each in entries:
        writer.writerow({**vars(each), "detail": json.dumps(each.detail)})
    sys.stdout.flush()


def _audit_cells(entry: "AuditEntry") -> tuple[object, ...]:
    detail = ", ".join(f"{name} {_shortened(value)}" for name, value in entry.detail.items() if value not in (None, ""))
    return entry.at[5:19].replace("T", " "), entry.who, entry.action, entry.signal_name, detail


def _shortened(value: object) -> str:
    """``value`` as text, of an id the digits that stand for it."""
    text = str(value)
    return text[:_ID_DIGITS] if _DIGEST.fullmatch(text) else text
