import { type DurableJob, type JobState, Permanent, RetryAfter } from '@potoroo/queue'
import type { Awaitable } from 'potoroo'
import type { Random } from '../random.ts'

/** What the handler is asked to do. */
export interface Task {
  readonly kind: Kind
  readonly ms: number
  /** Makes the argument as large as is wanted. */
  readonly ballast?: string
}

/** What a good attempt gives: which it was. */
export interface Receipt {
  readonly token: string
  readonly attempt: number
}

/** How an attempt is told apart from its worker. */
export interface Scene {
  /** The process ends here and now. */
  readonly exit: () => never
  /** Nothing else happens in the process for so many ms. */
  readonly block: (ms: number) => void
  readonly random: Random
}

type Behaviour = (task: Task, job: DurableJob<Task, Receipt>, scene: Scene) => Awaitable<unknown>

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const good = (job: DurableJob<Task, Receipt>): Receipt => ({ token: job.attemptToken!, attempt: job.attempt })

const never = (): Promise<never> => new Promise(() => undefined)
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** Things that nobody expects from a function. */
export const NONSENSE: readonly (() => unknown)[] = [
  () => 10n,
  () => () => 0,
  () => Symbol('nonsense'),
  () => ({ toJSON: () => fail(new Error('Not me')) }),
  () => {
    const cycle: { self?: object } = {}
    cycle.self = cycle
    return cycle
  },
  () => ({
    get then(): never {
      return fail(new Error('Look at something else'))
    },
  }),
  () => ({ then: (ok: (value: unknown) => void, bad: (error: unknown) => void) => (ok(1), bad(2), fail(new Error('Thrice'))) }),
  () => fail(undefined),
  () => fail(null),
  () => fail(Symbol('thrown')),
  () => fail(Object.create(null)),
  () => Promise.reject(Object.create(null)),
  () =>
    fail({
      get message(): never {
        throw new Error('No message for you')
      },
    }),
]

/** Not even to look at these goes well. */
export const UNLOOKABLE: readonly (() => unknown)[] = [() => revoked(), () => fail(revoked()), () => Promise.reject(revoked())]

function fail(thrown: unknown): never {
  throw thrown
}

/** The ways in which a handler may behave, and misbehave. */
const BEHAVIOURS = {
  quick: (_, job) => good(job),
  slow: ({ ms }, job) => after(ms).then(() => good(job)),
  /** Takes its time, and much more of it when it is repeated: whoever comes back late finds somebody else at it. */
  long: (_, job) => after(job.attempt === 1 ? 200 : 4_000).then(() => good(job)),
  /** Fails twice, in two ways. */
  throw: ({ ms }, job) => {
    if (job.attempt === 1) throw new Error('At once')
    return job.attempt === 2 ? after(ms).then(() => fail(new TypeError('Later'))) : good(job)
  },
  permanent: () => fail(new Permanent(new Error('For good'))),
  /** Holds the whole queue back, until it is lucky. */
  hold: ({ ms }, job, { random }) => (random.next() < 0.5 ? fail(new RetryAfter(ms)) : good(job)),
  /** Stops when its signal says so. */
  hang: (_, job) => {
    if (job.attempt > 1) return good(job)
    return new Promise((_resolve, reject) => job.signal.addEventListener('abort', () => reject(new Error('Told to stop'))))
  },
  /** Goes on after its time is up, and then comes with a result. */
  deaf: ({ ms }, job) => (job.attempt > 1 ? good(job) : after(TIMEOUT + ms).then(() => good(job))),
  /** Never ends: only for queues that are thrown away. */
  endless: () => never(),
  exit: (_, job, { exit }) => (job.attempt > 1 ? good(job) : exit()),
  block: ({ ms }, job, { block }) => {
    if (job.attempt === 1) block(ms)
    return good(job)
  },
  nonsense: (_, __, { random }) => random.pick([...NONSENSE, ...UNLOOKABLE])(),
  report: ({ ms }, job) => {
    for (let i = 0; i < 100; i++) job.report({ i })
    return after(ms).then(() => (job.report('done'), good(job)))
  },
} as const satisfies Record<string, Behaviour>

export type Kind = keyof typeof BEHAVIOURS

/** Milliseconds that an attempt may take, of those that would never end by themselves. */
export const TIMEOUT = 250

export function handle(job: DurableJob<Task, Receipt>, scene: Scene): Awaitable<Receipt> {
  const { arg } = job
  // Whatever it gives, nonsense included, is what the queue must cope with.
  return (BEHAVIOURS[arg.kind] as Behaviour)(arg, job, scene) as Awaitable<Receipt>
}

/** What becomes of such a job, whatever happens around it. */
export function endsOf(kind: Kind): readonly JobState[] {
  if (kind === 'permanent') return ['failed']
  return kind === 'nonsense' ? ['failed', 'finished'] : ['finished']
}

/** Whether its result is the receipt of its attempt. */
export function givesReceipt(kind: Kind): boolean {
  return kind !== 'nonsense'
}
