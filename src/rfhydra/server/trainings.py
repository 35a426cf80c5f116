"""Commands about trainings."""

from rfhydra.errors import NotFound
from rfhydra.protocol.commands import CancelTraining, ExtendSignal, GetJob, ListJobs, TrainSignal
from rfhydra.protocol.messages import JobAction, Jobs, JobSnapshot, Result
from rfhydra.server.hub import Client
from rfhydra.server.service import Service


async def train_signal(service: Service, client: Client, command: TrainSignal) -> Result:
    return await _submit(service, client, command, "train")


async def extend_signal(service: Service, client: Client, command: ExtendSignal) -> Result:
    return await _submit(service, client, command, "extend")


async def _submit(service: Service, client: Client, command: TrainSignal | ExtendSignal, action: JobAction) -> Result:
    limits = service.limits
    limits.require("notes", len(command.notes or ""), "max_notes_length")
    limits.require("epochs", command.epochs, "max_epochs")
    job = await service.jobs.submit(
        action=action,
        signal_name=command.signal_name,
        notes=command.notes,
        request_id=command.request_id,
        owner=client.name,
        kind=command.kind,
        epochs=command.epochs,
    )
    if job.finished_at is None:
        client.jobs.add(job.job_id)
    return Result(job_id=job.job_id)


async def cancel_training(service: Service, client: Client, command: CancelTraining) -> Result:
    job = await service.jobs.cancel(command.job_id)
    if job is None:
        raise NotFound("no training runs")
    return Result(job_id=job.job_id)


async def list_jobs(service: Service, client: Client, command: ListJobs) -> Jobs:
    most = service.limits.max_page
    return await service.jobs.list(min(command.limit or most, most), command.cursor)


async def get_job(service: Service, client: Client, command: GetJob) -> JobSnapshot:
    return await service.jobs.get(command.job_id)
