import { JobConflict, JobMoved, JobNotFound, type JobRecord, MoveError, QueueArriving, QueueMoved } from '@potoroo/queue'
import { type PotorooError, QueueOverflow } from 'potoroo'

/** Why a queue as a whole refuses something, as an error. */
export function refusalError(code: string, queue: string, size = 0): PotorooError {
  switch (code) {
    case 'ERR_QUEUE_MOVED':
      return new QueueMoved(queue)
    case 'ERR_QUEUE_ARRIVING':
      return new QueueArriving(queue)
    case 'ERR_QUEUE_OVERFLOW':
      return new QueueOverflow(size)
    default:
      return new MoveError(code as ConstructorParameters<typeof MoveError>[0], queue)
  }
}

/** Why a command about a job is refused; `job` is as it stands, if it is there. */
export function commandError(code: string, queue: string, id: string, job: JobRecord | undefined): PotorooError {
  if (job !== undefined) return new JobConflict(code as ConstructorParameters<typeof JobConflict>[0], job)
  if (code === 'ERR_JOB_MOVED') return new JobMoved(id)
  return code === 'ERR_JOB_NOT_FOUND' ? new JobNotFound(id) : refusalError(code, queue)
}
