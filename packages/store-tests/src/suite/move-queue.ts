import { deepStrictEqual as deepEqual, strictEqual as equal, ok } from 'node:assert'
import { isLeaving, JOB_STATES, memoryStore, moveQueue, type QueueStore, type Store } from '@potoroo/queue'
import { Deferred, fail, ManualClock } from 'potoroo'
import type { Part } from '../store-suite.ts'
import { ERROR, Trial } from '../trial.ts'

/** What breaks once: the operation of this number, before anything of it is done, or when all is and nobody hears of it. */
interface Break {
  readonly at: number
  readonly when: 'before' | 'after'
}

/** Two stores of which everything that a move asks is counted, and one thing breaks. */
class Fuse {
  readonly #break: Break
  /** Called after each operation. */
  readonly #check: () => Promise<void>
  #count = 0
  blown = false

  constructor(when: Break, check: () => Promise<void>) {
    this.#break = when
    this.#check = check
  }

  wrap(store: Store): Store {
    return {
      queues: () => this.#run(() => store.queues()),
      open: (...args) => this.#open(store, args),
    }
  }

  #open(store: Store, args: Parameters<Store['open']>): Deferred<QueueStore> {
    let opened: QueueStore | undefined
    return this.#run(() => store.open(...args).addCallback((queue) => (opened = queue))).addCallbacks(
      (queue) => this.#wrapQueue(queue),
      // The process that it would be left open in has gone.
      (failure) => opened?.close().addCallback(() => failure) ?? failure,
    ) as Deferred<QueueStore>
  }

  #wrapQueue(queue: QueueStore): QueueStore {
    const depart: QueueStore['depart'] = (step) => this.#run(() => queue.depart({ ...step, limit: 3 }))
    const arrive: QueueStore['arrive'] = (step) => this.#run(() => queue.arrive(step))
    const recover: QueueStore['recover'] = (...args) => this.#run(() => queue.recover(...args))
    return new Proxy(queue, {
      get(target, name): unknown {
        if (name === 'depart') return depart
        if (name === 'arrive') return arrive
        if (name === 'recover') return recover
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  #run<T>(operation: () => Deferred<T>): Deferred<T> {
    const broken = this.#count++ === this.#break.at
    if (broken) this.blown = true
    if (broken && this.#break.when === 'before') return fail(new Error('Broken'))
    return operation().addCallback((result) => {
      if (broken) throw new Error('Broken')
      return Deferred.from(this.#check()).addCallback(() => result)
    }) as Deferred<T>
  }
}

/** All that can be seen of a queue. */
async function contentOf(trial: Trial): Promise<unknown> {
  const jobs = await trial.listAll()
  const orders = await Promise.all(JOB_STATES.map((state) => trial.ids(state)))
  const histories = await Promise.all(jobs.map(({ id }) => trial.queue.history(id)))
  const { move: _move, ...status } = await trial.queue.status()
  return { orders, histories, status }
}

/** Fills a queue with jobs in all states in which nothing is held; some are delayed, some have keys. */
async function fill(t: Trial, prefix: string): Promise<void> {
  const id = (n: number): string => `${prefix}${n}`
  await t.queue.update({ width: 5, paused: true })
  await t.queue.update({ paused: false })
  await t.put(...Array.from({ length: 11 }, (_, n) => ({ id: id(n), priority: (n * 7) % 3, ...(n % 4 === 3 && { key: id(n) }) })))
  await t.hands.claim(4)
  const claimed = (await t.ids('underway')).slice(0, 4)
  await t.hands.finish(claimed[2]!)
  t.now += 3
  await t.hands.finish(claimed[0]!, '[1]')
  const log = [{ time: t.now, attempt: 1, message: 'hm' }]
  const ended = { attempt: 1, startTime: t.now - 3, stopTime: t.now, outcome: 'failed', error: ERROR } as const
  const again = { ...t.hands.failed(claimed[1]!, t.now + 40), token: null }
  await t.hands.exchange({ outcomes: [{ token: t.hands.held(claimed[1]!).token!, job: again, ended, log }] })
  await t.cancel(claimed[3]!)
  await t.hands.release(claimed[3]!)
  await t.cancel(id(10))
  await t.put({ id: `${prefix}late`, runAt: t.now + 70 }, `${prefix}last`)
  await t.hands.retire()
}

export function movingWhole({ test }: Part): void {
  /** Moves a queue while the operation of one number breaks, then again. False if there are not so many. */
  const interrupted = async (from: Store, to: Store, name: string, when: Break): Promise<boolean> => {
    const before = await Trial.begin(from, { width: 5 }, name)
    await fill(before, `${name}-`)
    const content = await contentOf(before)
    const all = (await before.ids()).sort()
    const clock = new ManualClock(before.now)
    const after = await Trial.begin(to, {}, name)
    after.now = before.now
    const fuse = new Fuse(when, () => checkWhereabouts(before, after, all))
    const first = await settled(moveQueue(fuse.wrap(from), fuse.wrap(to), name, { clock }))
    equal(first, fuse.blown ? 'Broken' : 'Moved')
    await checkWhereabouts(before, after, all)
    equal(await settled(moveQueue(from, to, name, { clock })), 'Moved')
    deepEqual(await contentOf(after), content)
    deepEqual(await before.ids(), [])
    equal(before.queue.settings.move?.state, 'left')
    // What was to come next comes next.
    await after.hands.renew()
    const line = await after.ids('pending')
    deepEqual(await after.hands.claim(3), line.slice(0, 3))
    await before.end()
    await after.end()
    return fuse.blown
  }

  for (const [direction, arrange] of [
    ['from this store to one in memory', (store: Store) => [store, memoryStore()] as const],
    ['from one in memory to this store', (store: Store) => [memoryStore(), store] as const],
  ] as const) {
    for (const when of ['before', 'after'] as const) {
      test(`goes on where it was interrupted, wherever that was (${when} an operation), ${direction}`, async (t) => {
        const [from, to] = arrange(t.store)
        for (let at = 0; await interrupted(from, to, `q${at}`, { at, when }); at++) ok(at < 100, 'It never ends')
      })
    }
  }
}

/** Each job is in one place: in the old queue, or on its way, or in the new queue; and none is lost. */
async function checkWhereabouts(before: Trial, after: Trial, all: readonly string[]): Promise<void> {
  const here = await before.ids()
  const there = await after.ids()
  const { move } = await before.queue.status()
  let between: string[] = []
  if (move !== null && isLeaving(move)) {
    const { jobs } = await before.queue.depart({ move: move.id, delivered: [], limit: 0, now: before.now })
    between = jobs.map(({ job }) => job.id)
  }
  deepEqual(here.filter((id) => between.includes(id) || there.includes(id)), [], 'A job is in two places')
  deepEqual([...new Set([...here, ...between, ...there])].sort(), all, 'A job is lost')
  if (there.length > 0 && here.length > 0) equal((await after.queue.status()).move?.state, 'arriving')
}

async function settled(moving: PromiseLike<unknown>): Promise<string> {
  try {
    await moving
    return 'Moved'
  } catch (error) {
    return (error as Error).message
  }
}
