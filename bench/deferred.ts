import { Deferred, succeed } from 'potoroo'
import { type Contender, interleaved, type Row } from './measure.ts'
import { peer } from './peers.ts'

/** What of bluebird is used here. */
interface Bluebird {
  new (start: (resolve: (value: number) => void, reject: unknown, onCancel?: (stop: () => void) => void) => void): BluebirdPromise
  config(options: { cancellation: boolean }): void
}
interface BluebirdPromise {
  then(onValue: (value: number) => unknown): BluebirdPromise
  finally(done: () => void): BluebirdPromise
  cancel(): void
}

const ROUNDS = 9
/** One turn of a promise library's queue for so many of its promises: few enough to stay in the cache, as ours do. */
const BATCH = 1_000
const BATCHES = 200
/** Not counted: after a forced collection the engine's young generation is small, and grows again. */
const WARMUP = 100
const plusOne = (n: number): number => n + 1
let sum = 0
/**
 * What any program holds: some that are pending. Were there none at a collection, V8 would forget the shape of what we
 * make and throw its code away; and the same for the peers.
 */
const held: unknown[] = []
const add = (n: number): void => {
  sum += n
}

export async function rows(): Promise<Row[]> {
  const { default: Promised } = await peer<{ default: Bluebird }>('bluebird')
  Promised.config({ cancellation: true })
  held.push(new Deferred<number>().addCallback(plusOne).addCallback(plusOne).addCallback(add))
  held.push(new Deferred<number>(() => {}).addErrback(() => {}))
  held.push(new Promise<number>(() => {}).then(plusOne).then(plusOne).then(add))
  held.push(new Promised(() => {}).then(plusOne))
  return [await callbacks(Promised), await bytes(Promised), await inner(Promised), await cancelling(Promised)]
}

/**
 * Nanoseconds for each of the `BATCH` things that `turn` does, with the turn of the queue in which promises call their
 * callbacks. The loop is each contender's own, as in a program.
 */
async function perCall(turn: () => void): Promise<number> {
  let start = 0
  for (let batch = -WARMUP; batch < BATCHES; batch++) {
    if (batch === 0) start = performance.now()
    turn()
    // Bluebird's queue is drained later than the platform's microtasks.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return ((performance.now() - start) * 1e6) / (BATCH * BATCHES)
}

async function callbacks(Promised: Bluebird): Promise<Row> {
  const contenders: Contender[] = [
    {
      name: 'potoroo',
      run: () =>
        perCall(() => {
          for (let i = 0; i < BATCH; i++) {
            const deferred = new Deferred<number>()
            deferred.addCallback(plusOne).addCallback(plusOne).addCallback(add)
            deferred.callback(i)
          }
        }),
    },
    {
      name: 'Promise',
      run: () =>
        perCall(() => {
          for (let i = 0; i < BATCH; i++) {
            let fire!: (value: number) => void
            const promise = new Promise<number>((resolve) => {
              fire = resolve
            })
            void promise.then(plusOne).then(plusOne).then(add)
            fire(i)
          }
        }),
    },
    {
      name: 'bluebird',
      run: () =>
        perCall(() => {
          for (let i = 0; i < BATCH; i++) {
            let fire!: (value: number) => void
            const promise = new Promised((resolve) => {
              fire = resolve
            })
            ;(promise.then(plusOne) as BluebirdPromise).then(plusOne as () => number).then(add)
            fire(i)
          }
        }),
    },
  ]
  return row('Deferred: make, three callbacks, fire', 'ns', contenders, '≥ 2× faster than Promise', (ours, native) => native / ours >= 2)
}

async function inner(Promised: Bluebird): Promise<Row> {
  const contenders: Contender[] = [
    {
      name: 'potoroo',
      run: () =>
        perCall(() => {
          for (let i = 0; i < BATCH; i++) {
            const waitedFor = new Deferred<number>()
            succeed()
              .addCallback(() => waitedFor)
              .addCallback(add)
            waitedFor.callback(i)
          }
        }),
    },
    {
      name: 'Promise',
      run: () =>
        perCall(() => {
          for (let i = 0; i < BATCH; i++) {
            let fire!: (value: number) => void
            const waitedFor = new Promise<number>((resolve) => {
              fire = resolve
            })
            void Promise.resolve()
              .then(() => waitedFor)
              .then(add)
            fire(i)
          }
        }),
    },
    {
      name: 'bluebird',
      run: () =>
        perCall(() => {
          for (let i = 0; i < BATCH; i++) {
            let fire!: (value: number) => void
            const waitedFor = new Promised((resolve) => {
              fire = resolve
            })
            new Promised((resolve) => resolve(0)).then(() => waitedFor).then(add)
            fire(i)
          }
        }),
    },
  ]
  return row('A chain that waits for an inner deferred', 'ns', contenders, 'not slower than Promise', (ours, native) => ours <= native)
}

async function cancelling(Promised: Bluebird): Promise<Row> {
  const stop = (): void => add(1)
  const contenders: Contender[] = [
    {
      name: 'potoroo',
      run: () =>
        perCall(() => {
          for (let i = 0; i < BATCH; i++) {
            const deferred = new Deferred<number>(stop)
            deferred.addErrback(stop)
            deferred.cancel()
          }
        }),
    },
    {
      name: 'AbortController',
      run: () =>
        perCall(() => {
          for (let i = 0; i < BATCH; i++) {
            const controller = new AbortController()
            const { signal } = controller
            new Promise((_, reject) => {
              signal.addEventListener('abort', () => {
                stop()
                reject(signal.reason as Error)
              })
            }).catch(stop)
            controller.abort()
          }
        }),
    },
    {
      name: 'bluebird',
      run: () =>
        perCall(() => {
          for (let i = 0; i < BATCH; i++) {
            new Promised((_, __, onCancel) => onCancel?.(stop)).finally(stop).cancel()
          }
        }),
    },
  ]
  return row('Cancel one pending call', 'ns', contenders, '≤ 600 ns', (ours) => ours <= 600)
}

async function bytes(Promised: Bluebird): Promise<Row> {
  const COUNT = 100_000
  const heap = (make: () => unknown) => (): number => {
    const kept = new Array<unknown>(COUNT).fill(undefined)
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < COUNT; i++) kept[i] = make()
    globalThis.gc?.()
    const figure = (process.memoryUsage().heapUsed - before) / COUNT
    if (kept.length !== COUNT) throw new Error('unreachable: keeps the array alive')
    return figure
  }
  const contenders: Contender[] = [
    { name: 'potoroo', run: heap(() => new Deferred<number>().addCallback(plusOne)) },
    {
      name: 'Promise',
      run: heap(() => {
        let fire!: (value: number) => void
        const promise = new Promise<number>((resolve) => {
          fire = resolve
        })
        void promise.then(plusOne)
        return fire
      }),
    },
    {
      name: 'bluebird',
      run: heap(() => {
        let fire!: (value: number) => void
        const promise = new Promised((resolve) => {
          fire = resolve
        })
        promise.then(plusOne)
        return fire
      }),
    },
  ]
  return row('A deferred pending with one callback', 'bytes', contenders, '≤ 130 bytes', (ours) => ours <= 130)
}

async function row(
  what: string,
  unit: string,
  contenders: Contender[],
  target: string,
  met: (ours: number, native: number) => boolean,
): Promise<Row> {
  const [ours = NaN, ...others] = (await interleaved(contenders, ROUNDS)).values()
  const peers = contenders.slice(1).map(({ name }, i) => ({ name, value: others[i] ?? NaN }))
  return { what, unit, ours, peers, target, met: met(ours, peers[0]?.value ?? NaN) }
}
