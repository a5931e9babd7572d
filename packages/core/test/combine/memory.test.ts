import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  Deferred,
  deferredList,
  DeferredListObserver,
  eventStream,
  fail,
  type Failure,
  firstCallback,
  firstN,
  firstSuccess,
  gatherResults,
  ParallelCommandExecutor,
  race,
  setDebug,
  setUnhandledFailureHandler,
  succeed,
  when2,
} from 'potoroo'
import { expect, test } from 'vitest'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** The heap in use, in MB, when all that can go has gone. */
async function heap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve))
    collect()
  }
  return process.memoryUsage().heapUsed / 2 ** 20
}

/** How many pairs a deferred would still run. */
function pairs(deferred: Deferred<unknown>): number {
  return deferred.explain().split('\n').filter((line) => line.startsWith('  │')).length
}

// Each decided by a member that has failed, or fired, while another one is pending.
const decided: Record<string, (pending: Deferred<unknown>) => Deferred<unknown>> = {
  deferredList: (pending) => deferredList([succeed(1), pending], { fireOnOneCallback: true }),
  'deferredList that fails': (pending) => deferredList([Promise.reject('x'), pending], { fireOnOneErrback: true }),
  gatherResults: (pending) => gatherResults([Promise.reject('x'), pending]),
  firstCallback: (pending) => firstCallback([pending, 1]),
  firstSuccess: (pending) => firstSuccess([fail('x'), pending, 1]),
  firstN: (pending) => firstN([pending, 1, 2], 2),
  when2: (pending) => when2([pending, 1], { resolveOnFirstSuccess: true }),
  'when2 that fails': (pending) => when2([pending, fail('x')]),
}

test.each(Object.entries(decided))('%s, once over, leaves nothing behind on a pending member', async (_, combine) => {
  const pending = new Deferred<unknown>()
  await combine(pending).catch(() => {})
  expect(pairs(pending)).toBe(0)
  pending.addCallback(() => {})
  await combine(pending).catch(() => {})
  expect(pairs(pending)).toBe(1)
})

test('nor on a race’s loser that goes on all the same, nor progress listeners', async () => {
  const loser = new Deferred<string>()
  loser.pause()
  await race([loser, 'won'])
  expect(pairs(loser)).toBe(0)
  const pending = new Deferred<string>()
  const told: unknown[] = []
  const result = when2([pending, new Deferred<string>(() => {})], { resolveOnFirstSuccess: true })
  result.addProgress((progress) => told.push(progress))
  pending.notify(1)
  const { done } = eventStream([pending], (event) => told.push(event.type))
  done.addErrback(() => {})
  pending.notify(2)
  expect(told).toEqual([{ index: 0, value: 1 }, { index: 0, value: 2 }, 'progress'])
  result.cancel()
  result.addBoth(() => {})
})

test('in debug mode too, and the ladder stays right', async () => {
  setDebug(true)
  const pending = new Deferred<number>()
  pending.addCallback(Math.abs)
  await firstSuccess([pending, 1])
  pending.addCallback(Math.sqrt)
  setDebug(false)
  expect(pairs(pending)).toBe(2)
  const drawn = pending.explain()
  expect(drawn.indexOf('abs')).toBeLessThan(drawn.indexOf('sqrt'))
  expect(drawn).not.toContain('combination')
  const waiting = new Deferred<number>()
  const stop = gatherResults([waiting, waiting])
  expect(waiting.explain()).toContain('→ a combination')
  stop.addErrback(() => {})
  stop.cancel()
  waiting.addErrback(() => {})
})

/** So many combinations of one member that never fires and one that has. */
async function growth(times: number, combine: () => void): Promise<number> {
  for (let i = 0; i < 1_000; i++) combine()
  const before = await heap()
  for (let i = 0; i < times; i++) combine()
  return (await heap()) - before
}

test('a million races against one long-lived member leave the heap flat', { timeout: 120_000 }, async () => {
  // Paused, so that cancelling it as a loser does not end its life.
  const member = new Deferred<number>()
  member.pause()
  member.addCallback(() => {})
  const grown = await growth(1_000_000, () => race([member, 1]))
  expect(grown).toBeLessThan(2)
  expect(pairs(member)).toBe(1)
})

test('so do other combinations with a long-lived deferred', { timeout: 120_000 }, async () => {
  const member = new Deferred<number>()
  expect(await growth(200_000, () => firstSuccess([member, 1]))).toBeLessThan(2)
  expect(await growth(100_000, () => void deferredList([member, 1], { fireOnOneCallback: true, consumeErrors: true }))).toBeLessThan(2)
})

test('a million races against one pending promise leave the heap flat', { timeout: 120_000 }, async () => {
  const promise = new Promise<number>(() => {})
  expect(await growth(1_000_000, () => race([promise, 1]))).toBeLessThan(2)
})

test('so do combinations with any other thenable, which is asked once', { timeout: 120_000 }, async () => {
  const asked: unknown[] = []
  const thenable = { then: (...listeners: unknown[]) => asked.push(listeners) } as unknown as PromiseLike<number>
  expect(await growth(200_000, () => firstSuccess([thenable, 1]))).toBeLessThan(2)
  expect(asked.length).toBe(1)
})

test('so do commands that give the same deferred each time, and streams that are over', { timeout: 120_000 }, async () => {
  const member = new Deferred<number>()
  member.pause()
  const executor = new ParallelCommandExecutor<[], number>().register(() => member).register(() => 1)
  expect(await growth(100_000, () => executor.execute())).toBeLessThan(2)
  const iterate = (): void => {
    const { done } = eventStream([member, 1], () => {})
    done.addErrback(() => {})
    done.cancel()
  }
  expect(await growth(100_000, iterate)).toBeLessThan(2)
  expect(pairs(member)).toBe(0)
})

test('so do the listeners for progress of a long-lived deferred, and of a jQuery one', { timeout: 120_000 }, async () => {
  const member = new Deferred<number>()
  expect(await growth(100_000, () => when2([member, 1], { resolveOnFirstSuccess: true }))).toBeLessThan(2)
  const listeners: unknown[] = []
  const add = (listener: unknown): unknown => listeners.push(listener)
  const jquery = { done: add, fail: add, progress: add, then: add, promise: add }
  expect(await growth(100_000, () => when2([jquery, 1], { resolveOnFirstSuccess: true }))).toBeLessThan(2)
  expect(listeners.length).toBe(3)
})

test('so do many that overlap: the clean-up costs the same for each', async () => {
  const member = new Deferred<string>()
  const grown = await growth(200, () => {
    const rivals = Array.from({ length: 500 }, () => new Deferred<string>())
    for (const rival of rivals) firstSuccess([member, rival])
    for (const rival of rivals) rival.callback('won')
  })
  expect(grown).toBeLessThan(2)
  let fired = 0
  firstSuccess([member]).addCallback(() => fired++)
  member.callback('at last')
  expect(fired).toBe(1)
})

test('a member that has fired is let go of', async () => {
  const observer = new DeferredListObserver<string>({ maintainHistory: true })
  const never = new Deferred<string>()
  const results: Deferred<unknown>[] = []
  const refs = ((): WeakRef<object>[] => {
    const made = [0, 1, 2].map(() => new Deferred<string>())
    results.push(gatherResults([...made, never]), when2([...made, never]), deferredList([...made, never]), firstN([...made, never], 4))
    results.push(eventStream([...made, never], () => {}).done)
    // Of those that one success decides, those that have failed.
    const failing = [0, 1, 2].map(() => new Deferred<string>())
    results.push(firstSuccess([...failing, never]), race([...failing, never]))
    results.push(when2([...failing, never], { resolveOnFirstSuccess: true, failOnFirstError: false }))
    const executor = new ParallelCommandExecutor<[], string>()
    const answers = [...failing, never]
    for (let i = answers.length; i > 0; i--) executor.register(() => answers.shift() as Deferred<string>)
    results.push(executor.execute())
    for (const one of made) observer.append(one)
    for (const one of made) one.callback('x')
    for (const one of failing) one.errback('y')
    return [...made, ...failing].map((one) => new WeakRef(one))
  })()
  await heap()
  expect(refs.map((ref) => ref.deref())).toEqual(Array(6).fill(undefined))
  expect(results.map((result) => result.called)).toEqual(Array(9).fill(false))
})

async function reportedBy(work: () => void): Promise<unknown[]> {
  const reported: Failure[] = []
  const before = setUnhandledFailureHandler((failure) => reported.push(failure))
  work()
  await heap()
  await heap()
  setUnhandledFailureHandler(before)
  return reported.map((failure) => failure.value)
}

test('a failure that a combination took is not reported, whether it decided anything or not', async () => {
  const reported = await reportedBy(() => {
    void firstSuccess([fail('a'), 1])
    void race([fail('b'), 1])
    firstCallback([fail('c')]).addErrback(() => {})
    void when2([fail('d'), 1], { failOnFirstError: false })
    void eventStream([fail('e')])
    void deferredList([fail('f'), 1], { consumeErrors: true })
    void deferredList([Promise.reject('g')])
    gatherResults([fail('h'), fail('i')], { consumeErrors: true }).addErrback(() => {})
    const late = new Deferred<number>()
    gatherResults([fail('j'), late], { consumeErrors: true }).addErrback(() => {})
    late.errback('k')
  })
  expect(reported).toEqual([])
})

test('without consumeErrors a list leaves members’ failures to those who hold the members; so it is after any combination', async () => {
  const reported = await reportedBy(() => {
    void deferredList([fail('a')])
    const late = new Deferred<number>()
    void firstSuccess([late, 1])
    late.errback('b')
  })
  expect(reported.sort()).toEqual(['a', 'b'])
})

test('what a combination fails with is reported if nobody takes it, but not that it was cancelled', async () => {
  const reported = await reportedBy(() => {
    void race([fail('a')])
    gatherResults([new Deferred()]).cancel()
    race([new Deferred()]).cancel()
  })
  expect(reported).toMatchObject([{ code: 'ERR_ALL_FAILED' }])
})

test('an observer leaves members’ failures alone, and what observers throw or fail with is reported', async () => {
  const reported = await reportedBy(() => {
    const observer = new DeferredListObserver<number>()
    void observer.append(Promise.reject('nobody was told'))
    const watched = new DeferredListObserver<number>()
    watched.observe((firing) => {
      if (firing.index === 0) throw 'thrown'
    })
    watched.observe(async (firing) => {
      if (firing.index === 0) throw 'rejected'
    })
    void watched.append(fail('a deferred’s own'))
    void watched.append(Promise.reject('somebody was told'))
    eventStream([1], () => {
      throw 'thrown by a listener'
    })
  })
  expect(reported.sort()).toEqual(['a deferred’s own', 'nobody was told', 'rejected', 'thrown', 'thrown by a listener'])
})
