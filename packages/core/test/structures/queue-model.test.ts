import fc from 'fast-check'
import { DeferredPriorityQueue, DeferredQueue } from 'potoroo'
import { expect, test } from 'vitest'
import { runs } from '../dispatch/runs.ts'
import { type Command, compare, type Handed, Held, HeldModel, pick, programs, remove, type World } from './programs.ts'

const weights = { put: 30, get: 24, cancel: 12, fireByHand: 3, delete: 6, reprioritize: 6, clear: 1, close: 1 }
type Do = keyof typeof weights
interface Limits {
  readonly size: number
  readonly backlog: number
}

class RealQueue implements World<Do> {
  said: string[] = []
  readonly queue: DeferredQueue<number> | DeferredPriorityQueue<number>
  readonly #gets = new Held<Do>(this)
  #puts = 0

  constructor(queue: DeferredQueue<number> | DeferredPriorityQueue<number>) {
    this.queue = queue
  }

  do({ do: what, a, b, then }: Command<Do>): void {
    const { queue } = this
    const there = pick([...queue], a)
    if (what === 'put') this.#gets.try(() => queue.put(this.#puts++, b % 3))
    else if (what === 'get') this.#gets.take(() => queue.get(), then)
    else if (what === 'cancel') this.#gets.cancel(a)
    else if (what === 'fireByHand') this.#gets.fireByHand(a)
    else if (what === 'clear') queue.clear()
    else if (what === 'close') queue.close()
    else if (queue instanceof DeferredQueue || there === undefined) return
    else if (what === 'delete') queue.delete(there)
    else queue.reprioritize(there, b % 3)
  }

  state(): unknown {
    const { length, waiting, closed } = this.queue
    return { items: [...this.queue], length, waiting, closed }
  }

  get left(): unknown[] {
    return this.#gets.all.filter((get) => !get.called)
  }
}

class QueueModel implements World<Do> {
  said: string[] = []
  readonly #gets = new HeldModel<Do>(this)
  readonly #limits: Limits
  readonly #prioritised: boolean
  #items: { item: number; priority: number }[] = []
  #waiting: Handed<Do>[] = []
  #closed = false
  #puts = 0

  constructor(prioritised: boolean, limits: Limits) {
    this.#prioritised = prioritised
    this.#limits = limits
  }

  do({ do: what, a, b, then }: Command<Do>): void {
    const there = pick(this.#items, a)
    const handed = pick(this.#gets.all, a)
    if (what === 'put') this.#put(this.#puts++, this.#prioritised ? b % 3 : 0)
    else if (what === 'get') this.#get(then)
    else if (what === 'clear') this.#items = []
    else if (what === 'close') this.#close()
    else if (what === 'cancel') this.#withdraw(handed)
    else if (what === 'fireByHand') this.#fireByHand(handed)
    else if (!this.#prioritised || there === undefined) return
    else if (what === 'delete') remove(this.#items, there)
    else {
      there.priority = b % 3
      this.#sort()
    }
  }

  #put(item: number, priority: number): void {
    if (this.#closed) return this.#gets.refuse('ERR_CLOSED')
    for (let first = this.#waiting.shift(); first !== undefined; first = this.#waiting.shift()) {
      if (!first.settled) return this.#gets.tell(first, item)
    }
    if (this.#items.length >= this.#limits.size) return this.#gets.refuse('ERR_QUEUE_OVERFLOW')
    this.#items.push({ item, priority })
    this.#sort()
  }

  #get(then: readonly Command<Do>[]): void {
    const next = this.#items.shift()
    if (next !== undefined) return this.#gets.tell(this.#gets.take(then), next.item)
    if (this.#closed) return this.#gets.tell(this.#gets.take(then), 'ERR_CLOSED')
    if (this.#waiting.length >= this.#limits.backlog) return this.#gets.refuse('ERR_QUEUE_UNDERFLOW')
    this.#waiting.push(this.#gets.take(then))
  }

  #withdraw(handed: Handed<Do> | undefined): void {
    if (handed === undefined || handed.settled) return
    remove(this.#waiting, handed)
    this.#gets.tell(handed, 'ERR_CANCELLED')
  }

  /** It leaves the line when it has told. */
  #fireByHand(handed: Handed<Do> | undefined): void {
    if (handed === undefined || handed.settled) return
    this.#gets.tell(handed, 'by hand')
    remove(this.#waiting, handed)
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const handed of this.#waiting.splice(0)) this.#gets.tell(handed, 'ERR_CLOSED')
  }

  #sort(): void {
    this.#items.sort((a, b) => a.priority - b.priority || a.item - b.item)
  }

  state(): unknown {
    const items = this.#items.map(({ item }) => item)
    return { items, length: items.length, waiting: this.#waiting.length, closed: this.#closed }
  }
}

const limit = fc.oneof({ weight: 1, arbitrary: fc.nat(3) }, { weight: 2, arbitrary: fc.constant(Infinity) })

test.each([
  ['DeferredQueue', false],
  ['DeferredPriorityQueue', true],
])('a %s does what two arrays do, whoever is told does what they like, and close settles the rest', (_, prioritised) => {
  fc.assert(
    fc.property(programs(weights), fc.record({ size: limit, backlog: limit }), (program, limits) => {
      const real = new RealQueue(new (prioritised ? DeferredPriorityQueue : DeferredQueue)<number>(limits))
      compare(program, real, new QueueModel(prioritised, limits))
      real.queue.close()
      expect(real.left).toEqual([])
    }),
    runs(),
  )
})
