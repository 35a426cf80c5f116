"""Which function answers which command."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from rfhydra.errors import Unauthorized
from rfhydra.protocol import commands
from rfhydra.protocol.commands import Command
from rfhydra.protocol.messages import BaseMessage
from rfhydra.server import detection, samples, session, trainings, versions
from rfhydra.server.hub import Client
from rfhydra.server.service import Service

Handler: TypeAlias = Callable[[Service, Client, Any], Awaitable[BaseMessage]]

HANDLERS: Final[dict[type[Command], Handler]] = {
    commands.TrainSignal: trainings.train_signal,
    commands.ExtendSignal: trainings.train_signal,
    commands.CancelTraining: trainings.cancel_training,
    commands.ListJobs: trainings.list_jobs,
    commands.GetJob: trainings.get_job,
    commands.PromoteVersion: versions.promote_version,
    commands.RollbackSignal: versions.rollback_signal,
    commands.GetVersionHistory: versions.get_version_history,
    commands.GetRegistry: versions.get_registry,
    commands.LoadHeads: versions.load_heads,
    commands.UnloadHeads: versions.unload_heads,
    commands.GetLoadedHeads: versions.get_loaded_heads,
    commands.AddTrainingSample: samples.add_training_sample,
    commands.GetTrainingSamples: samples.get_training_samples,
    commands.UpdateTrainingSample: samples.update_training_sample,
    commands.DeleteTrainingSample: samples.delete_training_sample,
    commands.ImportSigmf: samples.import_sigmf,
    commands.ExportSigmf: samples.export_sigmf,
    commands.Hello: session.hello,
    commands.Auth: session.auth,
    commands.Subscribe: session.subscribe,
    commands.Unsubscribe: session.unsubscribe,
    commands.Detect: detection.detect,
    commands.ListSources: detection.list_sources,
    commands.StartStream: detection.start_stream,
    commands.StopStream: detection.stop_stream,
    commands.GetStreams: detection.get_streams,
}


async def handle(service: Service, client: Client, command: Command) -> BaseMessage:
    """Do what a command says, and return its direct answer.

    Raises:
        Unauthorized: the client has not shown the token yet.
        RfhydraError: it was refused or failed; nothing was changed.
    """
    if not client.authorised and not isinstance(command, commands.Auth):
        raise Unauthorized("show the token first, with auth")
    return await HANDLERS[type(command)](service, client, command)
