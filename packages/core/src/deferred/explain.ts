import type { Chain } from './chain.ts'
import { describe } from './describe.ts'
import { Failure } from './failure.ts'
import { CANCELLED, COROUTINE, FIRED, PAUSED, RUNNING, WAITING } from './flags.ts'
import { CHAIN, eachPair, GIVE, ON_FAILURE, ON_VALUE, PAIR, type Pair, TAP } from './pairs.ts'
import { type PairRecord, recordOf } from './record.ts'
import type { Tap } from './tap.ts'

/** How many deferreds, each waiting for the next, are drawn. */
const DEEPEST = 20
/** The longest name or value that is drawn in full. */
const LONGEST = 60

interface Rung {
  readonly left: string
  readonly right: string
  readonly note: string
}

/** As `Deferred.prototype.explain` says. `isDeferred`: the others are promises that were adopted. */
export function explain(chain: Chain, isDeferred: (chain: Chain) => boolean): string {
  const lines: string[] = []
  const seen = new Set<Chain>()
  let next: Chain | undefined = chain
  for (let depth = 0; next !== undefined; depth++) {
    const indent = '  '.repeat(depth)
    if (depth > 0) lines.push(`${'  '.repeat(depth - 1)}waits for`)
    if (seen.has(next)) return [...lines, `${indent}one of those above: they wait for each other, for ever`].join('\n')
    if (depth === DEEPEST) return [...lines, `${indent}…`].join('\n')
    seen.add(next)
    const current: Chain = next
    for (const line of isDeferred(current) ? draw(current) : ['a promise']) lines.push(indent + line)
    next = current._flags & WAITING ? (current._other as Chain) : undefined
  }
  return lines.join('\n')
}

function draw(chain: Chain): string[] {
  const record = recordOf(chain)
  const lines = [`Deferred, ${state(chain)}`]
  if (record?.madeAt !== undefined) lines.push(`  made ${record.madeAt}`)
  if (record?.firedAt !== undefined) lines.push(`  fired ${record.firedAt}`)
  if (record?.cancelledAt !== undefined) lines.push(`  cancelled ${record.cancelledAt}`)
  const rungs = record === undefined ? pairs(chain).map(rung) : record.pairs.map(rung)
  const done = record?.done ?? 0
  if (rungs.length > 0) lines.push(...ladder(rungs, done).map((line) => `  ${line}`))
  return lines
}

function state(chain: Chain): string {
  const flags = chain._flags
  const paused = Math.floor(flags / PAUSED) - (flags & WAITING ? 1 : 0)
  const words = [
    flags & COROUTINE
      ? `a coroutine${flags & WAITING ? ' that waits' : ''}`
      : (flags & FIRED) === 0
        ? 'pending'
        : flags & WAITING
          ? 'fired, its chain waits'
          : `${chain._result instanceof Failure ? 'failed' : 'fulfilled'} with ${short(value(chain._result))}`,
  ]
  if (flags & CANCELLED) words.push('cancelled')
  if (flags & RUNNING) words.push('running its callbacks')
  if (paused > 0) words.push(paused === 1 ? 'paused' : `paused ${paused} times`)
  return words.join(', ')
}

function value(result: unknown): string {
  return describe(result instanceof Failure ? result.value : result)
}

/** The pairs that are still to run. */
function pairs(chain: Chain): PairRecord[] {
  const found: PairRecord[] = []
  eachPair(chain, (handler, kind) => {
    if (kind !== TAP || !(handler as Tap)._gone) found.push({ handler, kind, addedAt: undefined, path: undefined })
  })
  return found
}

function rung({ handler, kind, addedAt, path }: PairRecord): Rung {
  const [left, right] = sides(handler, kind)
  const mark = (side: string, text: string): string => (path === undefined ? text : `${side === path ? '●' : ' '} ${text}`)
  return {
    left: mark('callback', left),
    right: mark('errback', right),
    note: addedAt === undefined ? '' : `  added ${addedAt}`,
  }
}

function sides(handler: unknown, kind: number): [left: string, right: string] {
  if (kind === GIVE) return both('→ whoever waits')
  if (kind === CHAIN) return both('→ chained deferred')
  if (kind === TAP) return both('→ a combination')
  if (kind === PAIR) return [name((handler as Pair).onValue), name((handler as Pair).onFailure)]
  return [kind & ON_VALUE ? name(handler) : '–', kind & ON_FAILURE ? name(handler) : '–']
}

function both(text: string): [string, string] {
  return [text, text]
}

function name(fn: unknown): string {
  return typeof fn !== 'function' ? '–' : short(fn.name === '' ? '(anonymous)' : fn.name)
}

/** Two rails, callbacks on the left and errbacks on the right; a line marks how far the result has come. */
function ladder(rungs: Rung[], done: number): string[] {
  const left = Math.max(9, ...rungs.map((one) => one.left.length))
  const right = Math.max(8, ...rungs.map((one) => one.right.length))
  const rule = (start: string, middle: string, end: string, note = ''): string =>
    start + '─'.repeat(left + 2) + middle + '─'.repeat(right + 2) + end + note
  const row = (one: Rung): string => `│ ${one.left.padEnd(left)} │ ${one.right.padEnd(right)} │${one.note}`
  const lines = [`┌${'─ callback '.padEnd(left + 2, '─')}┬${'─ errback '.padEnd(right + 2, '─')}┐`]
  rungs.forEach((one, i) => {
    if (i === done && done > 0) lines.push(rule('├', '┼', '┤', ' ← here'))
    lines.push(row(one))
  })
  lines.push(rule('└', '┴', '┘', done > 0 && done === rungs.length ? ' ← here' : ''))
  return lines
}

/** On one line: an error's message may have several. */
function short(whole: string): string {
  const text = whole.replaceAll(/\s+/g, ' ')
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text
}
