import fc from 'fast-check'
import {
  CancelledError,
  Deferred,
  deferredList,
  DeferredListObserver,
  Failure,
  firstCallback,
  FirstError,
  FailureGroup,
  firstN,
  firstSuccess,
  gatherResults,
  race,
  when2,
} from 'potoroo'
import { expect, test } from 'vitest'

// Each combinator against its definition, said once more in terms of the list of firings, over random orders of firing,
// with members that have fired before, and promises' kin that are plain values.

interface Fired {
  readonly index: number
  readonly ok: boolean
}
/** The firings in order, and how many members there are: those that have not fired stand in no firing. */
type Definition = (fired: readonly Fired[], n: number) => unknown

const value = (index: number): string => `value ${index}`
const reason = (index: number): string => `reason ${index}`
const success = ({ index }: Fired): unknown => ({ index, value: value(index) })
const error = ({ index }: Fired): unknown => ({ FirstError: index, reason: reason(index) })
const inOrder = (fired: readonly Fired[]): Fired[] => [...fired].sort((a, b) => a.index - b.index)
const PENDING = 'pending'

const full = (place: (one: Fired) => unknown): Definition => (fired, n) => (fired.length === n ? inOrder(fired).map(place) : PENDING)
const outcomes = full(({ index, ok }) => (ok ? { success: true, value: value(index) } : { success: false, reason: reason(index) }))
const values = full(({ index }) => value(index))
const results = full(({ index, ok }) => (ok ? value(index) : { reason: reason(index) }))
const onSuccess = (otherwise: Definition): Definition => (fired, n) => {
  const first = fired.find(({ ok }) => ok)
  return first === undefined ? otherwise(fired, n) : success(first)
}
const onError = (otherwise: Definition): Definition => (fired, n) => {
  const first = fired.find(({ ok }) => !ok)
  return first === undefined ? otherwise(fired, n) : error(first)
}
const anyFirst = (fired: readonly Fired[]): unknown => (fired[0] === undefined ? PENDING : fired[0].ok ? success(fired[0]) : error(fired[0]))
const group = full(({ index }) => reason(index))
const failing: Definition = (fired, n) => (fired.length === n ? { FailureGroup: group(fired, n) } : PENDING)
const enough = (count: number): Definition => (fired) => {
  const first = fired.findIndex(({ ok }) => !ok)
  const good = first < 0 ? fired : fired.slice(0, first)
  if (good.length >= count) return good.slice(0, count).map(success)
  return first < 0 ? PENDING : error(fired[first] as Fired)
}

const both = { fireOnOneCallback: true, fireOnOneErrback: true }
const table: [string, (items: unknown[]) => Deferred<unknown>, Definition][] = [
  ['deferredList', (items) => deferredList(items), outcomes],
  ['deferredList, consumeErrors', (items) => deferredList(items, { consumeErrors: true }), outcomes],
  ['deferredList, fireOnOneCallback', (items) => deferredList(items, { fireOnOneCallback: true }), onSuccess(outcomes)],
  ['deferredList, fireOnOneErrback', (items) => deferredList(items, { fireOnOneErrback: true }), onError(outcomes)],
  ['deferredList, both', (items) => deferredList(items, both), anyFirst],
  ['gatherResults', (items) => gatherResults(items), onError(values)],
  ['firstCallback', (items) => firstCallback(items), anyFirst],
  ['firstSuccess', (items) => firstSuccess(items), onSuccess(failing)],
  ['race', (items) => race(items), onSuccess(failing)],
  ['firstN, 1', (items) => firstN(items, 1), enough(1)],
  ['firstN, half', (items) => firstN(items, items.length >> 1), (fired, n) => enough(n >> 1)(fired, n)],
  ['firstN, all', (items) => firstN(items, items.length), (fired, n) => enough(n)(fired, n)],
  ['when2', (items) => when2(items), onError(values)],
  ['when2, resolveOnFirstSuccess', (items) => when2(items, { resolveOnFirstSuccess: true }), onSuccess(results)],
  ['when2, collecting', (items) => when2(items, { failOnFirstError: false }), results],
  ['when2, both', (items) => when2(items, { resolveOnFirstSuccess: true, failOnFirstError: true }), anyFirst],
]

/** What came out, in the words of the definitions. */
function said(result: unknown): unknown {
  if (result instanceof Failure) {
    const { value } = result
    if (value instanceof FirstError) return { FirstError: value.index, reason: value.failure.value }
    if (value instanceof CancelledError) return { cancelled: value.cause }
    if (value instanceof FailureGroup) return { FailureGroup: value.failures.map((failure) => failure.value) }
    return { reason: value }
  }
  if (Array.isArray(result)) return result.map(said)
  const { failure, ...rest } = Object(result) as { failure?: Failure }
  return failure === undefined ? result : { ...rest, reason: failure.value }
}

interface Member {
  readonly kind: 'deferred' | 'fired' | 'value'
  readonly ok: boolean
  /** Its place in the order of firing. */
  readonly at: number
  readonly fires: boolean
  /** What it does when it is cancelled. */
  readonly cancelled: 'fails' | 'gives a value' | 'gives an error' | 'stays'
}
const membersOf = (kinds: readonly Member['kind'][]): fc.Arbitrary<Member[]> =>
  fc.array(
    fc.record({
      kind: fc.constantFrom(...kinds),
      ok: fc.boolean(),
      at: fc.nat(1_000),
      fires: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
      cancelled: fc.constantFrom('fails', 'fails', 'gives a value', 'gives an error', 'stays'),
    }) satisfies fc.Arbitrary<Member>,
    { minLength: 1, maxLength: 7 },
  )

/** Members, and what came of a combination of them; `fire` fires one as planned, `watching` hears of them first. */
function run(plan: readonly Member[], combine: (items: unknown[]) => Deferred<unknown>, watching?: DeferredListObserver<unknown>) {
  const deferreds = plan.map(
    ({ cancelled }, index) =>
      new Deferred<unknown>((self) => {
        if (cancelled === 'gives a value') self.callback(value(index))
        if (cancelled === 'gives an error') self.errback(reason(index))
      }),
  )
  const fire = (index: number): void => {
    if (deferreds[index]?.called) return
    if (plan[index]?.ok) deferreds[index]?.callback(value(index))
    else deferreds[index]?.errback(reason(index))
  }
  const fired: Fired[] = []
  plan.forEach(({ kind, ok }, index) => {
    if (kind === 'fired') fire(index)
    if (kind !== 'deferred') fired.push({ index, ok: ok || kind === 'value' })
  })
  const items = plan.map(({ kind }, index) => (kind === 'value' ? value(index) : deferreds[index]))
  for (const item of items) watching?.append(item)
  const seen = { out: PENDING as unknown }
  const result = combine(items)
  result.addBoth((result) => {
    seen.out = said(result)
  })
  return { deferreds, fire, fired, items, result, seen }
}

/** Fires all that fire, one after the other, and compares with the definition after each. */
function compare(name: string, combine: (items: unknown[]) => Deferred<unknown>, definition: Definition, plan: readonly Member[]): void {
  const observer = new DeferredListObserver<unknown>({ maintainHistory: true })
  const { deferreds, fire, fired, items, seen } = run(plan, combine, observer)
  const check = (): void => expect(seen.out).toEqual(definition(fired, plan.length))
  check()
  let over = seen.out !== PENDING
  const rest = plan.map((member, index) => ({ ...member, index })).filter(({ kind, fires }) => kind === 'deferred' && fires)
  for (const { index, ok } of rest.sort((a, b) => a.at - b.at)) {
    fire(index)
    if (!(name === 'race' && over)) fired.push({ index, ok })
    check()
    over = seen.out !== PENDING
  }
  if (name === 'race' && over && !Object.hasOwn(Object(seen.out) as object, 'FailureGroup')) {
    // Nobody is pending after a race.
    expect(items.every((item) => !(item instanceof Deferred) || item.called)).toBe(true)
  } else {
    expect(observer.history.map(({ index, success }) => ({ index, ok: success }))).toEqual(fired)
  }
  for (const deferred of deferreds) deferred.addErrback(() => {})
}

test.each(table)('%s does what its definition says, after every firing', (name, combine, definition) => {
  fc.assert(
    fc.property(membersOf(['deferred', 'deferred', 'deferred', 'fired', 'value']), (plan) => compare(name, combine, definition, plan)),
    { numRuns: 300 },
  )
})

function* ordersOf(n: number): Generator<number[]> {
  if (n === 0) return yield []
  for (const order of ordersOf(n - 1)) {
    for (let place = 0; place < n; place++) yield order.toSpliced(place, 0, n - 1)
  }
}

test.each(table)('%s does so in every order of firing of up to four members, whichever of them fail', (name, combine, definition) => {
  let cases = 0
  for (let n = 1; n <= 4; n++) {
    for (const order of ordersOf(n)) {
      for (let failing = 0; failing < 2 ** n; failing++) {
        const plan = order.map((at, i): Member => ({ kind: 'deferred', ok: (failing & (2 ** i)) === 0, at, fires: true, cancelled: 'fails' }))
        compare(name, combine, definition, plan)
        cases++
      }
    }
  }
  expect(cases).toBe(1 * 2 + 2 * 4 + 6 * 8 + 24 * 16)
})

test.each(table)('%s, cancelled at any moment, is decided by what its members fire with, or else fails as cancelled', (name, combine, definition) => {
  fc.assert(
    fc.property(membersOf(['deferred', 'deferred', 'fired']), fc.nat(7), (plan, before) => {
      const { deferreds, fire, fired, result, seen } = run(plan, combine)
      const rest = plan.map((member, index) => ({ ...member, index })).filter(({ kind, fires }) => kind === 'deferred' && fires)
      for (const { index, ok } of rest.sort((a, b) => a.at - b.at).slice(0, before)) {
        if (name === 'race' && seen.out !== PENDING) break
        fire(index)
        fired.push({ index, ok })
      }
      expect(seen.out).toEqual(definition(fired, plan.length))
      const pending = seen.out === PENDING ? [...deferreds.keys()].filter((index) => !deferreds[index]?.called) : []
      const stays = pending.filter((index) => plan[index]?.cancelled === 'stays').map((index) => deferreds[index] as Deferred<unknown>)
      // A paused one does not come to its result.
      for (const deferred of stays) deferred.pause()
      result.cancel('enough')
      for (const index of pending) {
        const { cancelled } = plan[index] as Member
        if (cancelled === 'gives a value' || cancelled === 'gives an error') fired.push({ index, ok: cancelled === 'gives a value' })
      }
      const expected = definition(fired, plan.length)
      expect(seen.out).toEqual(expected === PENDING ? { cancelled: 'enough' } : expected)
      expect(pending.every((index) => deferreds[index]?.called)).toBe(true)
      for (const deferred of stays) {
        // One that consumes errors goes on doing so.
        if (!name.includes('consumeErrors')) expect(deferred.explain()).not.toContain('│')
        deferred.unpause()
      }
      for (const deferred of deferreds) deferred.addErrback(() => {})
    }),
    { numRuns: 300 },
  )
})
