import fc from 'fast-check'
import {
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
}
const members = fc.array(
  fc.record({
    kind: fc.constantFrom('deferred', 'deferred', 'deferred', 'fired', 'value'),
    ok: fc.boolean(),
    at: fc.nat(1_000),
    fires: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  }) satisfies fc.Arbitrary<Member>,
  { minLength: 1, maxLength: 7 },
)

test.each(table)('%s does what its definition says, after every firing', (name, combine, definition) => {
  fc.assert(
    fc.property(members, (plan) => {
      const deferreds = plan.map(() => new Deferred<unknown>())
      const fire = (index: number): void => {
        const { ok } = plan[index] as Member
        if (deferreds[index]?.called) return
        if (ok) deferreds[index]?.callback(value(index))
        else deferreds[index]?.errback(reason(index))
      }
      const fired: Fired[] = []
      plan.forEach(({ kind, ok }, index) => {
        if (kind === 'fired') fire(index)
        if (kind !== 'deferred') fired.push({ index, ok: ok || kind === 'value' })
      })
      const observer = new DeferredListObserver<unknown>({ maintainHistory: true })
      const items = plan.map(({ kind }, index) => (kind === 'value' ? value(index) : deferreds[index]))
      for (const item of items) observer.append(item)
      let out: unknown = PENDING
      combine(items).addBoth((result) => {
        out = said(result)
      })
      const check = (): void => expect(out).toEqual(definition(fired, plan.length))
      check()
      let over = out !== PENDING
      const rest = plan.map((member, index) => ({ ...member, index })).filter(({ kind, fires }) => kind === 'deferred' && fires)
      for (const { index, ok } of rest.sort((a, b) => a.at - b.at)) {
        fire(index)
        if (!(name === 'race' && over)) fired.push({ index, ok })
        check()
        over = out !== PENDING
      }
      if (name === 'race' && over && !Object.hasOwn(Object(out) as object, 'FailureGroup')) {
        // Nobody is pending after a race.
        expect(items.every((item) => !(item instanceof Deferred) || item.called)).toBe(true)
      } else {
        expect(observer.history.map(({ index, success }) => ({ index, ok: success }))).toEqual(fired)
      }
      for (const deferred of deferreds) deferred.addErrback(() => {})
    }),
    { numRuns: 300 },
  )
})
