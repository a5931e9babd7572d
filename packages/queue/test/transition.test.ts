import { JOB_STATES, JobConflict, type JobEvent, type JobRecord, type JobState, newRecord, POISONED, transition } from '@potoroo/queue'
import { describe, expect, it } from 'vitest'

const NOW = 1_000
const LATER = 2_000
const ERROR = { name: 'Error', message: 'It broke', code: null }
const NEW = { id: 'a', arg: '1', priority: 0, runAt: NOW, key: 'k', maxAttempts: 2, timeout: null }
const PENDING = newRecord('q', NEW, NOW)
const UNDERWAY: JobRecord = { ...PENDING, state: 'underway', attempt: 1, startTime: NOW, token: 't1', progress: '5' }
const RECORDS: Record<JobState, JobRecord> = {
  pending: PENDING,
  underway: UNDERWAY,
  finished: { ...UNDERWAY, state: 'finished', result: '7', stopTime: NOW, token: null },
  failed: { ...UNDERWAY, state: 'failed', error: ERROR, stopTime: NOW, token: null },
  cancelled: { ...PENDING, state: 'cancelled', error: ERROR, stopTime: NOW },
}

const EVENTS = {
  claim: { type: 'claim', token: 't2', now: LATER },
  finish: { type: 'finish', result: '8', now: LATER },
  fail: { type: 'fail', error: ERROR, retryAt: null, now: LATER },
  'fail, to be tried again': { type: 'fail', error: ERROR, retryAt: LATER + 5, now: LATER },
  putBack: { type: 'putBack' },
  lose: { type: 'lose', now: LATER },
  release: { type: 'release' },
  report: { type: 'report', progress: '6' },
  cancel: { type: 'cancel', error: ERROR, now: LATER },
  reprioritize: { type: 'reprioritize', priority: -1 },
  retry: { type: 'retry', now: LATER },
} as const satisfies Record<string, JobEvent>

type Outcomes = Record<JobState, Partial<JobRecord> | `ERR_${string}`>
const onlyUnderway = (after: Partial<JobRecord>): Outcomes => ({
  pending: 'ERR_JOB_NOT_UNDERWAY',
  underway: after,
  finished: 'ERR_JOB_NOT_UNDERWAY',
  failed: 'ERR_JOB_NOT_UNDERWAY',
  cancelled: 'ERR_JOB_NOT_UNDERWAY',
})
const everywhere = (after: Partial<JobRecord>): Outcomes => ({
  pending: after,
  underway: after,
  finished: after,
  failed: after,
  cancelled: after,
})
const again = { state: 'pending', attempt: 0, runAt: LATER, error: null, stopTime: null, progress: null } as const

/** For each event what becomes of a job in each state: the fields that change, or the code it is refused with. */
const TABLE: Record<keyof typeof EVENTS, Outcomes> = {
  claim: {
    pending: { state: 'underway', token: 't2', attempt: 1, startTime: LATER, progress: null },
    underway: 'ERR_JOB_NOT_PENDING',
    finished: 'ERR_JOB_NOT_PENDING',
    failed: 'ERR_JOB_NOT_PENDING',
    cancelled: 'ERR_JOB_NOT_PENDING',
  },
  finish: onlyUnderway({ state: 'finished', result: '8', error: null, stopTime: LATER }),
  fail: onlyUnderway({ state: 'failed', error: ERROR, stopTime: LATER }),
  'fail, to be tried again': onlyUnderway({ state: 'pending', error: ERROR, runAt: LATER + 5 }),
  putBack: onlyUnderway({ state: 'pending', attempt: 0 }),
  lose: { ...everywhere({ token: null }), underway: { state: 'pending', token: null } },
  release: everywhere({ token: null }),
  report: onlyUnderway({ progress: '6' }),
  cancel: {
    pending: { state: 'cancelled', error: ERROR, stopTime: LATER },
    underway: { state: 'cancelled', error: ERROR, stopTime: LATER },
    finished: 'ERR_JOB_OVER',
    failed: 'ERR_JOB_OVER',
    cancelled: 'ERR_JOB_OVER',
  },
  reprioritize: {
    pending: { priority: -1 },
    underway: 'ERR_JOB_NOT_PENDING',
    finished: 'ERR_JOB_NOT_PENDING',
    failed: 'ERR_JOB_NOT_PENDING',
    cancelled: 'ERR_JOB_NOT_PENDING',
  },
  retry: {
    pending: 'ERR_JOB_NOT_OVER',
    underway: 'ERR_JOB_NOT_OVER',
    finished: 'ERR_JOB_NOT_OVER',
    failed: again,
    cancelled: again,
  },
}

describe.each(Object.keys(TABLE) as (keyof typeof EVENTS)[])('%s', (name) => {
  it.each(JOB_STATES)('of a job that is %s', (state) => {
    const before = RECORDS[state]
    const frozen = Object.freeze({ ...before })
    const expected = TABLE[name][state]
    if (typeof expected !== 'string') {
      expect(transition(frozen, EVENTS[name])).toEqual({ ...before, ...expected })
      return
    }
    expect(() => transition(frozen, EVENTS[name])).toThrow(expect.objectContaining({ code: expected, record: before }))
    expect(() => transition(frozen, EVENTS[name])).toThrow(JobConflict)
  })
})

describe('what the table does not show', () => {
  it('a job begins pending, with no attempt made', () => {
    expect(PENDING).toEqual({
      ...NEW,
      queue: 'q',
      state: 'pending',
      attempt: 0,
      queuedTime: NOW,
      startTime: null,
      stopTime: null,
      result: null,
      error: null,
      progress: null,
      token: null,
    })
  })

  it('a job is not claimed while the handler of an earlier attempt goes on', () => {
    const held = { ...PENDING, token: 't1' }
    expect(() => transition(held, EVENTS.claim)).toThrow(expect.objectContaining({ code: 'ERR_JOB_NOT_PENDING' }))
  })

  it('a job that loses its last attempt is poisoned', () => {
    const last = { ...UNDERWAY, attempt: 2 }
    expect(transition(last, EVENTS.lose)).toEqual({ ...last, state: 'failed', token: null, error: POISONED, stopTime: LATER })
  })

  it('an attempt keeps its place until it is released, whatever is said of it', () => {
    for (const event of [EVENTS.finish, EVENTS.fail, EVENTS['fail, to be tried again'], EVENTS.cancel, EVENTS.putBack]) {
      expect(transition(UNDERWAY, event).token).toBe('t1')
    }
  })
})
