import { Deferred, memoize, retry } from 'potoroo'
import { type Contender, interleaved, type Row } from './measure.ts'
import { peer } from './peers.ts'

/** What of the peers is used here. */
interface LruCache {
  LRUCache: new (options: { max: number; fetchMethod: (key: string) => Promise<number> }) => {
    fetch(key: string): Promise<number>
  }
}
interface PMemoize {
  default(fn: (key: string) => Promise<number>): (key: string) => Promise<number>
}
interface Memoizee {
  default(fn: (key: string) => Promise<number>, options: { primitive: true; max: number }): (key: string) => Promise<number>
}
interface Policy {
  execute<T>(fn: () => T | Promise<T>): Promise<T>
}
interface Cockatiel {
  retry(handled: unknown, options: { maxAttempts: number; backoff: unknown }): Policy
  timeout(ms: number, strategy: 'aggressive'): Policy
  wrap(...policies: Policy[]): Policy
  handleAll: unknown
  ExponentialBackoff: new () => unknown
}
interface PRetry {
  default<T>(fn: () => T | Promise<T>, options: { retries: number }): Promise<T>
}

const ROUNDS = 9
const BATCH = 1_000
const BATCHES = 200
/** Not counted: what the engine needs to get fast, and to let its young generation grow again after a forced collection. */
const WARMUP = 100
const KEYS = Array.from({ length: 100 }, (_, i) => `key ${i}`)
let sum = 0
const add = (n: number): void => {
  sum += n
}
/** What any program holds: some that are pending. Without them V8 would forget their shape at each collection. */
const held: unknown[] = []

export async function rows(): Promise<Row[]> {
  held.push(new Deferred<number>().addCallback(add), new Promise<number>(() => {}).then(add))
  return [await hits(), await successes(), await timeouts()]
}

/** Nanoseconds for each of the `BATCH` things that `turn` does, the turn of the queue in which promises call back included. */
async function perCall(turn: () => void, batches = BATCHES): Promise<number> {
  let start = 0
  for (let batch = -WARMUP; batch < batches; batch++) {
    if (batch === 0) start = performance.now()
    turn()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return ((performance.now() - start) * 1e6) / (BATCH * batches)
}

async function hits(): Promise<Row> {
  const { LRUCache } = await peer<LruCache>('lru-cache')
  const { default: pMemoize } = await peer<PMemoize>('p-memoize')
  const { default: memoizee } = await peer<Memoizee>('memoizee')
  const max = 1_000
  const lengthOf = (key: string): Promise<number> => Promise.resolve(key.length)
  const ours = memoize((key: string) => key.length, { maxSize: max })
  const cache = new LRUCache({ max, fetchMethod: lengthOf })
  const pMemoized = pMemoize(lengthOf)
  // Not in its `promise` mode, which takes five times as long.
  const memoized = memoizee(lengthOf, { primitive: true, max })
  const asking = (ask: (key: string) => unknown): (() => Promise<number>) => () =>
    perCall(() => {
      for (let i = 0; i < BATCH; i++) ask(KEYS[i % KEYS.length]!)
    })
  const contenders: Contender[] = [
    { name: 'potoroo', run: asking((key) => ours(key).addCallback(add)) },
    { name: 'lru-cache', run: asking((key) => cache.fetch(key).then(add)) },
    { name: 'memoizee', run: asking((key) => memoized(key).then(add)) },
    { name: 'p-memoize', run: asking((key) => pMemoized(key).then(add)) },
  ]
  const figures = await interleaved(contenders, ROUNDS)
  return row('memoize hit, result taken by callback', contenders, figures, '≤ lru-cache fetch', (mine) => mine <= figures.get('lru-cache')!)
}

async function successes(): Promise<Row> {
  const { retry: cockatielRetry, handleAll, ExponentialBackoff } = await peer<Cockatiel>('cockatiel')
  const { default: pRetry } = await peer<PRetry>('p-retry')
  const policy = cockatielRetry(handleAll, { maxAttempts: 9, backoff: new ExponentialBackoff() })
  const one = (): number => 1
  const contenders: Contender[] = [
    {
      name: 'potoroo',
      run: () =>
        perCall(() => {
          for (let i = 0; i < BATCH; i++) retry(one).addCallback(add)
        }),
    },
    {
      name: 'cockatiel',
      run: () =>
        perCall(() => {
          for (let i = 0; i < BATCH; i++) void policy.execute(one).then(add)
        }),
    },
    {
      name: 'p-retry',
      run: () =>
        perCall(() => {
          for (let i = 0; i < BATCH; i++) void pRetry(one, { retries: 9 }).then(add)
        }),
    },
  ]
  return row('retry, success at once, result taken by callback', contenders, await interleaved(contenders, ROUNDS), '≤ 120 ns', (mine) => mine <= 120)
}

/** The function gives a promise, so that the timer must really be set and cleared. */
async function timeouts(): Promise<Row> {
  const { retry: cockatielRetry, timeout, wrap, handleAll, ExponentialBackoff } = await peer<Cockatiel>('cockatiel')
  const policy = wrap(
    cockatielRetry(handleAll, { maxAttempts: 9, backoff: new ExponentialBackoff() }),
    timeout(10_000, 'aggressive'),
  )
  const one = (): Promise<number> => Promise.resolve(1)
  const options = { timeout: 10_000 }
  const contenders: Contender[] = [
    {
      name: 'potoroo',
      run: () =>
        perCall(() => {
          for (let i = 0; i < BATCH; i++) retry(one, options).addCallback(add)
        }, 50),
    },
    {
      name: 'cockatiel',
      run: () =>
        perCall(() => {
          for (let i = 0; i < BATCH; i++) void policy.execute(one).then(add)
        }, 50),
    },
  ]
  return row('Retry with a time-out, of a promise', contenders, await interleaved(contenders, ROUNDS), '≤ 1.2 µs', (mine) => mine <= 1_200)
}

function row(
  what: string,
  contenders: readonly Contender[],
  figures: Map<string, number>,
  target: string,
  met: (ours: number) => boolean,
): Row {
  const ours = figures.get('potoroo') ?? NaN
  const peers = contenders.slice(1).map(({ name }) => ({ name, value: figures.get(name) ?? NaN }))
  return { what, unit: 'ns', ours, peers, target, met: met(ours) }
}
