"""``rfhydra serve``."""

import json
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rfhydra.cli.arguments import AsJson, BackboneFile, RuntimeName, Workspace
from rfhydra.cli.output import note, reported, say
from rfhydra.cli.outputs import (
    Exec,
    LogAge,
    LogTracks,
    MqttUrl,
    Novel,
    Post,
    Pre,
    Quota,
    Record,
    Shell,
    Sigmf,
    WebhookUrl,
)
from rfhydra.config import DEFAULT_HOST, DEFAULT_PORT, DEFAULT_QUOTA, DEFAULT_ROLL, LOG_MAX_TRACKS, check_name
from rfhydra.errors import InvalidMessage, RfhydraError

if TYPE_CHECKING:
    from rfhydra.hydra.runtimes import Runtime
    from rfhydra.server.service import Settings

DEFAULT_GRACE_SEC = 30.0
MAX_GRACE_SEC = 86_400.0


def serve(
    directory: Workspace,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = DEFAULT_HOST,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = DEFAULT_PORT,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="RFHYDRA_TOKEN", show_envvar=True, help="Token that clients must send.", show_default=False
        ),
    ] = None,
    no_token: Annotated[bool, typer.Option("--no-token", help="Accept clients without a token.")] = False,
    origin: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Origin of web pages that may connect, as https://ops.example. Repeatable."),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", envvar="RFHYDRA_LIMITS", help="Change a limit of the protocol. Repeatable."),
    ] = None,
    grace: Annotated[
        float,
        typer.Option(
            metavar="SEC",
            min=0,
            max=MAX_GRACE_SEC,
            help="Time that a running training has to finish when the server stops.",
        ),
    ] = DEFAULT_GRACE_SEC,
    backbone: BackboneFile = None,
    former: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Backbone file of heads that are not upgraded to --backbone yet, used until then; 'shipped' names the"
            " one that ships.",
        ),
    ] = None,
    runtime: RuntimeName = "auto",
    source: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=ADDRESS", help="A live source that clients may start, as `watch` takes it. Repeatable."
        ),
    ] = None,
    allow_addresses: Annotated[
        bool,
        typer.Option(
            "--allow-addresses", help="Let clients start any other source: every file and host that it names."
        ),
    ] = False,
    archive: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FOLDER", help="A folder of recordings that clients may scan and search. Repeatable."
        ),
    ] = None,
    log_age: LogAge = None,
    log_tracks: LogTracks = LOG_MAX_TRACKS,
    mqtt: MqttUrl = None,
    webhook: WebhookUrl = None,
    command: Exec = None,
    shell: Shell = False,
    record: Record = None,
    pre: Pre = DEFAULT_ROLL,
    post: Post = DEFAULT_ROLL,
    quota: Quota = DEFAULT_QUOTA,
    sigmf: Sigmf = None,
    novel: Novel = False,
    events: Annotated[
        bool, typer.Option("--events", help="Print each event of a track as a line of JSON on standard output.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Serve a workspace over a WebSocket until SIGINT or SIGTERM."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    with reported(as_json=as_json):
        from rfhydra.live.output_options import OutputOptions

        settings = replace(
            _settings(host, token, no_token, origin or [], limit or [], grace, backbone, former, runtime),
            sources=dict(_named("--source", source or [], "roof=rtl_tcp://127.0.0.1:1234")),
            allow_addresses=allow_addresses,
            archives={name: Path(folder) for name, folder in _named("--archive", archive or [], "night=/data/night")},
            outputs=OutputOptions.parse(
                log=True,
                log_age=log_age,
                log_tracks=log_tracks,
                mqtt=mqtt,
                webhook=webhook,
                command=command,
                shell=shell,
                record=record,
                pre=pre,
                post=post,
                quota=quota,
                sigmf=sigmf,
                novel=novel,
                json_lines=events,
            ),
        )

        from rfhydra.server.run import run_server
        from rfhydra.store.workspace import Workspace as Store

        def on_ready(bound_port: int) -> None:
            url = f"ws://{f'[{host}]' if ':' in host else host}:{bound_port}/ws"
            name = directory.resolve().name
            try:
                store.announce(url)
            except RfhydraError as error:  # it serves all the same
                logging.getLogger(__name__).warning("the error of other processes cannot name %s: %s", url, error)
            if as_json:  # one line, for programs that wait for it
                sys.stdout.write(json.dumps({"workspace": name, "url": url}) + "\n")
                sys.stdout.flush()
            elif events:  # standard output has nothing else
                note(f"{name} is served on {url}")
            else:
                say((name, "bold"), f" is served on {url}")

        with Store.open(directory) as store:
            run_server(store, host, port, settings, on_ready)


def _settings(
    host: str,
    token: str | None,
    no_token: bool,
    origins: list[str],
    limits: list[str],
    grace_sec: float,
    backbone: Path | None,
    former: Path | None,
    runtime: "Runtime",
) -> "Settings":
    from rfhydra.hydra.backbone_file import SHIPPED_PATH
    from rfhydra.protocol.limits import read_limits
    from rfhydra.server.net.security import Gate, require_safe
    from rfhydra.server.service import Settings

    require_safe(host, token, without_token=no_token)
    return Settings(
        limits=read_limits(limits),
        gate=Gate(token, frozenset(origins), any_host=no_token),
        backbone_path=backbone,
        former_path=SHIPPED_PATH if former == Path("shipped") else former,
        runtime=runtime,
        grace_sec=grace_sec,
    )


def _named(option: str, settings: list[str], example: str) -> list[tuple[str, str]]:
    """Name and value of each of the ``NAME=VALUE`` texts of an option."""
    named: dict[str, str] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if not value:
            form = f"NAME={'FOLDER' if option == '--archive' else 'ADDRESS'}"
            raise InvalidMessage(f"{option} {setting[:64]!r} must be {form}, as in {example}")
        if check_name(name, f"the name of {option}") in named:
            raise InvalidMessage(f"{option} {name} is given twice")
        named[name] = value
    return list(named.items())
