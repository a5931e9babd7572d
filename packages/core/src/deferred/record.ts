import type { Tracer } from './trace.ts'

/** One pair, as debug mode remembers it. */
export interface PairRecord {
  readonly handler: unknown
  /** As in pairs.ts. */
  readonly kind: number
  readonly addedAt: string | undefined
  /** The side that was taken. */
  path: 'callback' | 'errback' | undefined
}

/** What debug mode remembers of a chain. */
export interface ChainRecord {
  readonly madeAt: string | undefined
  firedAt: string | undefined
  cancelledAt: string | undefined
  readonly pairs: PairRecord[]
  /** How many of the pairs have run, or were passed by. */
  done: number
}

const records = /* @__PURE__ */ new WeakMap<object, ChainRecord>()

/** What is remembered of a chain; nothing if it was made while debugging was off. */
export function recordOf(chain: object): ChainRecord | undefined {
  return records.get(chain)
}

/** Keeps records of chains; `onMade` and `onFired` hear of each. */
export function recorder(onMade: (chain: object) => void, onFired: (chain: object) => void): Tracer {
  return {
    made(chain) {
      records.set(chain, { madeAt: here(), firedAt: undefined, cancelledAt: undefined, pairs: [], done: 0 })
      onMade(chain)
    },
    added(chain, handler, kind, next) {
      const record = records.get(chain)
      if (record === undefined) return
      const pair: PairRecord = { handler, kind, addedAt: here(), path: undefined }
      if (next) record.pairs.splice(record.done, 0, pair)
      else record.pairs.push(pair)
    },
    ran(chain, failed) {
      const record = records.get(chain)
      const pair = record?.pairs[record.done]
      if (record === undefined || pair === undefined) return
      record.done++
      pair.path = failed ? 'errback' : 'callback'
    },
    removed(chain, handler) {
      const pairs = records.get(chain)?.pairs
      const at = pairs?.findIndex((pair) => pair.handler === handler) ?? -1
      if (at >= 0) pairs?.splice(at, 1)
    },
    fired(chain) {
      const record = records.get(chain)
      if (record !== undefined) record.firedAt ??= here()
      onFired(chain)
    },
    cancelled(chain) {
      const record = records.get(chain)
      if (record !== undefined) record.cancelledAt ??= here()
    },
    madeAt: (chain) => records.get(chain)?.madeAt,
  }
}

/** Where the sources of this package lie; unknown when a bundler has moved this file in with others. */
const own = /* @__PURE__ */ ownFolder(import.meta.url)

function ownFolder(url: string): string | undefined {
  const folder = url.replace(/deferred\/record\.[jt]s.*$/, '')
  return folder === url ? undefined : folder.replace('file://', '')
}

/** The line of the program that called into this package, as `at name (file:line:column)`. */
function here(): string | undefined {
  const frames = (new Error().stack ?? '').split('\n').filter((line) => /:\d+:\d+\)?$/.test(line))
  const frame = own === undefined ? undefined : frames.find((line) => !line.includes(own))
  return (frame ?? frames[frames.length - 1])?.trim()
}
