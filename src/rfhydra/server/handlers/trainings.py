"""Handlers of the commands for trainings."""

from rfhydra.errors import NotFound
from rfhydra.protocol.commands import CancelTraining, ExtendSignal, GetJob, ListJobs, TrainSignal
from rfhydra.protocol.messages import Result
from rfhydra.protocol.trainings import Jobs, JobSnapshot
from rfhydra.server.handlers.paging import read_cursor
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service


async def train_signal(service: Service, session: Session, command: TrainSignal | ExtendSignal) -> Result:
    service.limits.require("notes", len(command.notes or ""), "max_notes_length")
    service.limits.require("epochs", command.epochs, "max_epochs")
    job = await service.jobs.submit(command.request, request_id=command.request_id, owner=session.name)
    if job.finished_at is None:
        session.jobs.add(job.job_id)
    return Result(job_id=job.job_id)


async def cancel_training(service: Service, session: Session, command: CancelTraining) -> Result:
    job = await service.jobs.cancel(command.job_id)
    if job is None:
        raise NotFound("no training runs")
    return Result(job_id=job.job_id)


async def list_jobs(service: Service, session: Session, command: ListJobs) -> Jobs:
    most = service.limits.max_page
    return await service.jobs.page(min(command.limit or most, most), read_cursor(command.cursor) or None)


async def get_job(service: Service, session: Session, command: GetJob) -> JobSnapshot:
    return await service.jobs.get(command.job_id)
