import fc from 'fast-check'
import { DeferredDict } from 'potoroo'
import { expect, test } from 'vitest'
import { runs } from '../dispatch/runs.ts'
import { type Command, compare, type Handed, Held, HeldModel, pick, programs, remove, type World } from './programs.ts'

const weights = { set: 20, get: 30, cancel: 15, fireByHand: 2, delete: 6, clear: 1, close: 1 }
type Do = keyof typeof weights
interface Limits {
  readonly size: number
  readonly backlog: number
}
const keys = ['a', undefined, NaN, 0]
/** What is set: what is falsy is there all the same. */
const values = [undefined, null, 0, 'x']

class RealDict implements World<Do> {
  said: string[] = []
  readonly dict: DeferredDict<unknown, unknown>
  readonly #gets = new Held<Do>(this)

  constructor(limits: Limits) {
    this.dict = new DeferredDict(limits)
  }

  do({ do: what, a, b, then }: Command<Do>): void {
    const { dict } = this
    const key = pick(keys, a)
    if (what === 'set') this.#gets.try(() => dict.set(key, pick(values, b)))
    else if (what === 'get') this.#gets.take(() => dict.get(key), then)
    else if (what === 'cancel') this.#gets.cancel(a)
    else if (what === 'fireByHand') this.#gets.fireByHand(a)
    else if (what === 'delete') this.said.push(`deleted: ${dict.delete(key)}`)
    else if (what === 'clear') dict.clear()
    else dict.close()
  }

  state(): unknown {
    const { dict } = this
    expect([...dict.entries()]).toEqual([...dict])
    expect([...dict.keys()].map((key, i) => [key, [...dict.values()][i]])).toEqual([...dict])
    const has = keys.map((key) => dict.has(key))
    return { entries: [...dict], has, size: dict.size, awaited: [...dict.awaited()], waiting: dict.waiting, closed: dict.closed }
  }

  get left(): unknown[] {
    return this.#gets.all.filter((get) => !get.called)
  }
}

class DictModel implements World<Do> {
  said: string[] = []
  readonly #gets = new HeldModel<Do>(this)
  readonly #limits: Limits
  readonly #map = new Map<unknown, unknown>()
  #lines: { key: unknown; waiting: Handed<Do>[] }[] = []
  #closed = false

  constructor(limits: Limits) {
    this.#limits = limits
  }

  do({ do: what, a, b, then }: Command<Do>): void {
    const key = pick(keys, a)
    const handed = pick(this.#gets.all, a)
    if (what === 'set') this.#set(key, pick(values, b))
    else if (what === 'get') this.#get(key, then)
    else if (what === 'delete') this.said.push(`deleted: ${this.#map.delete(key)}`)
    else if (what === 'clear') this.#map.clear()
    else if (what === 'close') this.#close()
    else if (handed === undefined || handed.settled) return
    else if (what === 'cancel') {
      this.#leave(handed)
      this.#gets.tell(handed, 'ERR_CANCELLED')
    } else {
      this.#gets.tell(handed, 'by hand')
      this.#leave(handed)
    }
  }

  #set(key: unknown, value: unknown): void {
    if (this.#closed) return this.#gets.refuse('ERR_CLOSED')
    if (!this.#map.has(key) && this.#map.size >= this.#limits.size) return this.#gets.refuse('ERR_QUEUE_OVERFLOW')
    this.#map.set(key, value)
    const line = this.#lines.find((line) => Object.is(line.key, key))
    if (line === undefined) return
    remove(this.#lines, line)
    for (const handed of line.waiting) this.#gets.tell(handed, value)
  }

  #get(key: unknown, then: readonly Command<Do>[]): void {
    if (this.#map.has(key)) return this.#gets.tell(this.#gets.take(then), this.#map.get(key))
    if (this.#closed) return this.#gets.tell(this.#gets.take(then), 'ERR_CLOSED')
    if (this.#waiting >= this.#limits.backlog) return this.#gets.refuse('ERR_QUEUE_UNDERFLOW')
    let line = this.#lines.find((line) => Object.is(line.key, key))
    if (line === undefined) this.#lines.push((line = { key, waiting: [] }))
    line.waiting.push(this.#gets.take(then))
  }

  #leave(handed: Handed<Do>): void {
    for (const line of this.#lines) remove(line.waiting, handed)
    this.#lines = this.#lines.filter(({ waiting }) => waiting.length > 0)
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const { waiting } of this.#lines.splice(0)) {
      for (const handed of waiting) this.#gets.tell(handed, 'ERR_CLOSED')
    }
  }

  get #waiting(): number {
    return this.#lines.reduce((sum, { waiting }) => sum + waiting.length, 0)
  }

  state(): unknown {
    const has = keys.map((key) => this.#map.has(key))
    const awaited = this.#lines.map(({ key }) => key)
    return { entries: [...this.#map], has, size: this.#map.size, awaited, waiting: this.#waiting, closed: this.#closed }
  }
}

const limit = fc.oneof({ weight: 1, arbitrary: fc.nat(4) }, { weight: 2, arbitrary: fc.constant(Infinity) })

test('a DeferredDict does what a Map and lists of those who wait do, whoever is told does what they like, and close settles the rest', () => {
  fc.assert(
    fc.property(programs(weights), fc.record({ size: limit, backlog: limit }), (program, limits) => {
      const real = new RealDict(limits)
      compare(program, real, new DictModel(limits))
      real.dict.close()
      expect(real.left).toEqual([])
    }),
    runs(),
  )
})
