"""Handlers of the commands that suggest boxes and contracts for recordings."""

from dataclasses import replace
from typing import Any

from rfhydra.config import NEGATION
from rfhydra.contract.advice import Advice, contract_options
from rfhydra.contract.choice import ContractChoice, Span
from rfhydra.detection.suggestions import Suggestion, suggest_boxes
from rfhydra.errors import NotFound
from rfhydra.protocol.recording_suggestions import (
    Candidate,
    Candidates,
    ContractSuggestion,
    GetCandidates,
    SuggestContract,
    SuggestedContract,
    SuggestedSignal,
)
from rfhydra.recordings import Recording
from rfhydra.server.executor import Stop
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.training.data.labelling import merge, stored_windows


async def get_candidates(service: Service, session: Session, command: GetCandidates) -> Candidates:
    missing = sorted(set(command.signal_names or ()) - service.detector.loaded_versions.keys())
    if missing:
        raise NotFound(f"the head of {missing[0]!r} is not loaded: load it first")
    _, recording = await service.recordings.open(command.recording_id)

    def find(stop: Stop) -> list[Suggestion]:
        found = suggest_boxes(
            recording,
            service.detector,
            command.time_start_sec,
            command.time_end_sec,
            names=command.signal_names,
            min_objectness=command.min_objectness,
            max_windows=service.limits.max_candidate_windows,
            progress=stop.check,
            turn=service.streams.turns.turn,
        )
        return [each for each in found if _is_in_band(each.box, command)]

    found = await service.suggestions.run_stoppable(find)
    candidates = [_candidate(each) for each in found[: command.max_candidates]]
    return Candidates(recording_id=command.recording_id, candidates=candidates, found=len(found))


async def suggest_contract(service: Service, session: Session, command: SuggestContract) -> ContractSuggestion:
    _, recording = await service.recordings.open(command.recording_id)
    workspace = service.workspace

    def advise(stop: Stop) -> Advice:
        if command.boxes:
            return Advice.by_boxes(recording, [Box(**dict(each)) for each in command.boxes])
        labelled = _positives(merge(recording, stored_windows(workspace, recording)))
        return Advice.of([labelled], lambda: service.backbone)

    advice = await service.suggestions.run_stoppable(advise)
    spec, differs = advice.choice.spec, advice.choice.spec != workspace.spec
    return ContractSuggestion(
        recording_id=command.recording_id,
        source=advice.source,
        suggested=_contract(advice.choice),
        present=_contract(advice.present(workspace.spec)),
        differs=differs,
        command_line=f"rfhydra recontract {workspace.path.name} {contract_options(spec)}" if differs else None,
    )


def _is_in_band(box: Box, command: GetCandidates) -> bool:
    is_above = command.freq_low_hz is None or box.freq_high_hz > command.freq_low_hz
    return is_above and (command.freq_high_hz is None or box.freq_low_hz < command.freq_high_hz)


def _candidate(suggestion: Suggestion) -> Candidate:
    return Candidate(
        score=suggestion.score,
        signal_name=suggestion.signal_name,
        version=suggestion.version,
        threshold=suggestion.threshold,
        **vars(suggestion.box),
    )


def _positives(recording: Recording) -> Recording:
    """The recording without the annotations that say what something is not."""
    kept = (each for each in recording.annotations if not (each.label or "").startswith(NEGATION))
    return replace(recording, annotations=tuple(kept))


def _contract(choice: ContractChoice) -> SuggestedContract:
    return SuggestedContract(
        contract=_fields(choice.spec),
        signals=[_signal(each) for each in choice.spans],
        sec_per_col=choice.seconds_per_col,
        hz_per_row=choice.hz_per_row,
        window_sec=choice.window_sec,
        pixels_per_sec=choice.pixels_per_sec,
        remarks=list(choice.remarks),
    )


def _fields(spec: SpectrogramSpec) -> dict[str, Any]:
    return {**spec.to_dict(), "spec_id": spec.spec_id}


def _signal(span: Span) -> SuggestedSignal:
    extent = span.extent
    return SuggestedSignal(
        signal_name=extent.label,
        boxes=extent.boxes,
        duration_sec=extent.duration_sec,
        bandwidth_hz=extent.bandwidth_hz,
        longest_sec=extent.longest_sec,
        cols=span.cols,
        rows=span.rows,
    )
