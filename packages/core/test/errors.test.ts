import * as potoroo from 'potoroo'
import {
  AlreadyCalledError,
  CancelledError,
  ChainedError,
  ClosedError,
  Deferred,
  DuplicateItemError,
  Failure,
  FailureGroup,
  FirstError,
  isCancelled,
  JobCancelled,
  JobFailed,
  KeyError,
  ParallelCommandError,
  PotorooError,
  QueueDeadlock,
  QueueOverflow,
  QueueStopped,
  QueueUnderflow,
  ResizableDispatchQueue,
  sleep,
  succeed,
  TimeoutError,
  usageError,
} from 'potoroo'
import { expect, test } from 'vitest'
import { failureOf, thrownBy } from './deferred/outcome.ts'

const cause = new Error('the cause')
const { job } = new ResizableDispatchQueue(() => 1).put(1)

/** One of each class of the core. */
const errors: Record<string, PotorooError> = {
  ERR_ALREADY_CALLED: new AlreadyCalledError(),
  ERR_CHAINED: new ChainedError(),
  ERR_CANCELLED: new CancelledError(cause),
  ERR_TIMEOUT: new TimeoutError(5),
  ERR_QUEUE_OVERFLOW: new QueueOverflow(1),
  ERR_QUEUE_UNDERFLOW: new QueueUnderflow(1),
  ERR_QUEUE_STOPPED: new QueueStopped(),
  ERR_CLOSED: new ClosedError(cause),
  ERR_DUPLICATE_ITEM: new DuplicateItemError(),
  ERR_KEY: new KeyError('There is no such key'),
  ERR_FIRST_ERROR: new FirstError(0, new Failure(cause)),
  ERR_ALL_FAILED: new FailureGroup([new Failure(cause)]),
  ERR_ALL_COMMANDS_FAILED: new ParallelCommandError([new Failure(cause)]),
  ERR_JOB_FAILED: new JobFailed(job, cause),
  ERR_JOB_CANCELLED: new JobCancelled(job, cause),
  ERR_QUEUE_DEADLOCK: new QueueDeadlock([job], 1),
}

test.each(Object.entries(errors))('errors of running programs extend PotorooError and have a stable code: %s', (code, error) => {
  expect(error).toBeInstanceOf(PotorooError)
  expect(error.code).toBe(code)
  const platforms: Record<string, string> = { ERR_CANCELLED: 'AbortError', ERR_JOB_CANCELLED: 'AbortError' }
  expect(error.name).toBe(platforms[code] ?? error.constructor.name)
  expect(error.message).toMatch(/\w+ \w+/)
  expect(String(error)).toBe(`${error.name}: ${error.message}`)
})

test('these are all that the core exports', () => {
  const exported = Object.values(potoroo).filter((one) => typeof one === 'function' && (one as { prototype: unknown }).prototype instanceof PotorooError)
  const tried = new Set(Object.values(errors).map((error) => error.constructor))
  expect(exported.filter((one) => !tried.has(one as never))).toEqual([])
})

test('an error keeps its cause', () => {
  const because = [
    new PotorooError('ERR_X', 'x', { cause }),
    new TimeoutError(5, { cause }),
    new ClosedError(cause),
    ...['ERR_CANCELLED', 'ERR_FIRST_ERROR', 'ERR_ALL_FAILED', 'ERR_ALL_COMMANDS_FAILED', 'ERR_JOB_FAILED', 'ERR_JOB_CANCELLED'].map((code) => errors[code]),
  ]
  for (const error of because) expect(error?.cause).toBe(cause)
})

test('CancelledError and TimeoutError have the names of the platform’s', () => {
  expect(new CancelledError().name).toBe(AbortSignal.abort().reason.name)
  expect(new TimeoutError(1).name).toBe(new DOMException('late', 'TimeoutError').name)
})

test('isCancelled is true for our cancellations and the platform’s, and for nothing else', async () => {
  const deferred = new Deferred()
  deferred.cancel()
  const aborted = await fetch('http://127.0.0.1:9/', { signal: AbortSignal.abort() }).catch((error: unknown) => error)
  const cancelled = [failureOf(deferred).value, new CancelledError(), new JobCancelled(job), AbortSignal.abort().reason, aborted]
  expect(cancelled.map(isCancelled)).toEqual(cancelled.map(() => true))
  const others = [new TimeoutError(1), new DOMException('late', 'TimeoutError'), new Error('x'), new JobFailed(job, 1), 'AbortError', null, undefined, 1]
  expect(others.map(isCancelled)).toEqual(others.map(() => false))
})

/** Each gives back what some wrong use throws, or fails with. */
const mistakes: [mistake: string, code: string, saysWhatToDo: RegExp, () => unknown][] = [
  ['firing twice', 'ERR_ALREADY_CALLED', /make a new Deferred/, () => thrownBy(() => succeed(1).callback(2))],
  ['firing with a deferred', 'ERR_FIRED_WITH_DEFERRED', /chain them/, () => thrownBy(() => succeed(succeed(1)))],
  ['returning itself', 'ERR_RETURNED_ITSELF', /return something else/, () => failureOf(returningItself()).value],
  ['waiting for each other', 'ERR_DEADLOCK', /break the ring/, () => failureOf(waitingForEachOther()).value],
  ['firing a chained deferred', 'ERR_CHAINED', /fire that one instead/, () => thrownBy(() => chained().callback(1))],
  ['chaining twice', 'ERR_CHAINED', /make a new one/, () => thrownBy(() => succeed(1).chainDeferred(chained()))],
  ['chaining to a promise', 'ERR_NOT_A_DEFERRED', /new Deferred\(\)/, () => thrownBy(() => succeed(1).chainDeferred(promise))],
  ['a negative time-out', 'ERR_INVALID_TIME', /zero or more/, () => thrownBy(() => new Deferred().addTimeout(-1))],
  ['a negative delay', 'ERR_INVALID_TIME', /zero or more/, () => thrownBy(() => sleep(-1))],
  ['unpausing what is not paused', 'ERR_NOT_PAUSED', /once for each pause/, () => thrownBy(() => new Deferred().unpause())],
  ['cancelling on no signal', 'ERR_INVALID_SIGNAL', /AbortController/, () => thrownBy(() => new Deferred().cancelOn(noSignal))],
]
const promise = Promise.resolve(1) as unknown as Deferred<number>
const noSignal = {} as AbortSignal

test.each(mistakes)('wrong use is an error with a code, and a sentence that says what to do: %s', (_, code, saysWhatToDo, make) => {
  const error = make()
  const ofPrograms = ['ERR_ALREADY_CALLED', 'ERR_CHAINED'].includes(code)
  expect(error instanceof TypeError || error instanceof RangeError).toBe(!ofPrograms)
  expect(error instanceof PotorooError).toBe(ofPrograms)
  expect(error).toMatchObject({ code, message: expect.stringMatching(saysWhatToDo) })
})

test('usageError gives the class it was asked for, with a code', () => {
  const error = usageError(RangeError, 'ERR_X', 'Give less')
  expect(error).toBeInstanceOf(RangeError)
  expect(error).toMatchObject({ name: 'RangeError', code: 'ERR_X', message: 'Give less' })
})

function chained(): Deferred<number> {
  const deferred = new Deferred<number>()
  new Deferred<number>().chainDeferred(deferred)
  return deferred
}

function returningItself(): Deferred<unknown> {
  const deferred = new Deferred<unknown>()
  deferred.addCallback(() => deferred)
  deferred.callback(1)
  return deferred
}

function waitingForEachOther(): Deferred<unknown> {
  const one = new Deferred<unknown>()
  const two = new Deferred<unknown>()
  one.addCallback(() => two)
  two.addCallback(() => one)
  one.callback(1)
  two.callback(2)
  return one
}
