"""Options of `rfhydra watch` for its outputs."""

from pathlib import Path
from typing import Annotated

import typer

Log = Annotated[bool, typer.Option("--log/--no-log", help="Log the tracks in the workspace (rfhydra log).")]
LogAge = Annotated[str | None, typer.Option(metavar="TIME", help="Remove older tracks from the log; default 90d.")]
LogTracks = Annotated[int, typer.Option(metavar="N", min=1, help="Most tracks in the log.")]
MqttUrl = Annotated[
    str | None, typer.Option("--mqtt", metavar="URL", help="Publish to a broker, as mqtt://HOST:PORT/PREFIX, or mqtts.")
]
WebhookUrl = Annotated[str | None, typer.Option("--webhook", metavar="URL", help="Post to http://HOST/PATH, or https.")]
Exec = Annotated[
    str | None, typer.Option("--exec", metavar="CMD", help="Run a program for each track that begins or ends.")
]
Shell = Annotated[bool, typer.Option("--shell", help="Run the program of --exec in a shell.")]
Record = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Record the IQ around detections as SigMF, ready to import.")
]
Pre = Annotated[str, typer.Option(metavar="TIME", help="What is recorded before a detection.")]
Post = Annotated[str, typer.Option(metavar="TIME", help="What is recorded after it.")]
Quota = Annotated[str, typer.Option(metavar="BYTES", help="Room for recordings; the oldest are removed.")]
Sigmf = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the tracks as SigMF annotations, NAME.sigmf-meta.")
]
Novel = Annotated[bool, typer.Option("--novel", help="Cluster emissions that no head detects (rfhydra unknown).")]
