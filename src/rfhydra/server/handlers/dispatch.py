"""Dispatch table: the handler of each command."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from rfhydra.errors import Unauthorized
from rfhydra.protocol import (
    archives,
    cards,
    commands,
    live,
    missions,
    recording_contents,
    recording_suggestions,
    results,
)
from rfhydra.protocol import recordings as asked
from rfhydra.protocol import signals as signal_commands
from rfhydra.protocol.audit import GetAudit
from rfhydra.protocol.base import BaseMessage
from rfhydra.protocol.commands import Command
from rfhydra.protocol.unknowns import GetUnknown, LabelUnknown
from rfhydra.protocol.upgrades import CancelUpgrade, GetUpgrade, StartUpgrade, UndoUpgrade
from rfhydra.server.answers import require_fitting
from rfhydra.server.handlers import archives as archive_handlers
from rfhydra.server.handlers import cards as card_handlers
from rfhydra.server.handlers import (
    detection,
    recordings,
    samples,
    sigmf,
    signals,
    streams,
    trainings,
    unknowns,
    upgrades,
    versions,
)
from rfhydra.server.handlers import missions as mission_handlers
from rfhydra.server.handlers import recording_contents as contents
from rfhydra.server.handlers import recording_suggestions as suggestions
from rfhydra.server.handlers import results as result_handlers
from rfhydra.server.handlers import session as sessions
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service

Handler: TypeAlias = Callable[[Service, Session, Any], Awaitable[BaseMessage]]

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
    signal_commands.GetTrainingSample: samples.get_training_sample,
    commands.UpdateTrainingSample: samples.update_training_sample,
    commands.DeleteTrainingSample: samples.delete_training_sample,
    signal_commands.RelabelSample: signals.relabel_sample,
    signal_commands.GetSignals: signals.get_signals,
    signal_commands.RenameSignal: signals.rename_signal,
    signal_commands.DeleteSignal: signals.delete_signal,
    signal_commands.RestoreSignal: signals.restore_signal,
    signal_commands.GetTrash: signals.get_trash,
    signal_commands.EmptyTrash: signals.empty_trash,
    commands.ImportSigmf: sigmf.import_sigmf,
    commands.ExportSigmf: sigmf.export_sigmf,
    commands.Hello: sessions.hello,
    commands.Auth: sessions.auth,
    commands.Subscribe: sessions.subscribe,
    commands.Unsubscribe: sessions.unsubscribe,
    commands.Detect: detection.detect,
    live.ListSources: streams.list_sources,
    live.StartStream: streams.start_stream,
    live.StopStream: streams.stop_stream,
    live.TuneStream: streams.tune_stream,
    live.GetStreams: streams.get_streams,
    live.SetWaterfall: streams.set_waterfall,
    StartUpgrade: upgrades.start_upgrade,
    CancelUpgrade: upgrades.cancel_upgrade,
    GetUpgrade: upgrades.get_upgrade,
    UndoUpgrade: upgrades.undo_upgrade,
    GetUnknown: unknowns.get_unknown,
    LabelUnknown: unknowns.label_unknown,
    asked.OpenRecording: recordings.open_recording,
    asked.ResumeUpload: recordings.resume_upload,
    asked.ListRecordings: recordings.list_recordings,
    asked.CloseRecording: recordings.close_recording,
    asked.CaptureStream: recordings.capture_stream,
    recording_contents.GetRecordingView: contents.get_recording_view,
    recording_contents.GetRecordingAnnotations: contents.get_recording_annotations,
    recording_contents.ExportRecordingSigmf: contents.export_recording_sigmf,
    recording_contents.LabelRecording: contents.label_recording,
    recording_contents.SnapBoxes: contents.snap_boxes,
    recording_suggestions.GetCandidates: suggestions.get_candidates,
    recording_suggestions.SuggestContract: suggestions.suggest_contract,
    results.GetVersion: result_handlers.get_version,
    results.CompareVersions: result_handlers.compare_versions,
    results.SetVersionNotes: result_handlers.set_version_notes,
    GetAudit: result_handlers.get_audit,
    cards.GetCard: card_handlers.get_card,
    cards.MakeCard: card_handlers.make_card,
    cards.CancelCard: card_handlers.cancel_card,
    missions.SetThreshold: mission_handlers.set_threshold,
    missions.GetMissions: mission_handlers.get_missions,
    missions.SaveMission: mission_handlers.save_mission,
    missions.LoadMission: mission_handlers.load_mission,
    missions.RenameMission: mission_handlers.rename_mission,
    missions.DeleteMission: mission_handlers.delete_mission,
    archives.GetArchives: archive_handlers.get_archives,
    archives.StartScan: archive_handlers.start_scan,
    archives.CancelScan: archive_handlers.cancel_scan,
    archives.GetArchiveTimeline: archive_handlers.get_archive_timeline,
    archives.GetArchiveHits: archive_handlers.get_archive_hits,
    archives.FindSimilar: archive_handlers.find_similar,
    archives.GetArchivedView: archive_handlers.get_archived_view,
    archives.CopyArchived: archive_handlers.copy_archived,
}


async def handle(service: Service, session: Session, command: Command) -> BaseMessage:
    """Carry out a command and return its direct answer.

    Raises:
        Unauthorized: the session is not authorised.
        TooLarge: its answer does not fit ``max_answer_bytes``.
        RfhydraError: the command failed; nothing was changed.
    """
    if not session.authorised and not isinstance(command, commands.Auth):
        raise Unauthorized("send the token first, with auth")
    answer = await HANDLERS[type(command)](service, session, command)
    require_fitting(answer, service.limits)
    return answer
