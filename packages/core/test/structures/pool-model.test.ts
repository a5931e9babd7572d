import fc from 'fast-check'
import { Deferred, DeferredPool, fail, succeed } from 'potoroo'
import { expect, test } from 'vitest'
import { runs } from '../dispatch/runs.ts'
import { type Command, compare, type Handed, Held, HeldModel, pick, programs, remove, type World } from './programs.ts'

const weights = { add: 20, again: 3, fire: 20, cancelMember: 4, notify: 12, cancel: 5, fireByHand: 1, close: 1 }
type Do = keyof typeof weights

class RealPool implements World<Do> {
  said: string[] = []
  readonly pool = new DeferredPool()
  readonly #told = new Held<Do>(this)
  readonly #members: Deferred<string>[] = []

  do({ do: what, a, b, then }: Command<Do>): void {
    const { pool } = this
    const member = pick(this.#members, a)
    if (what === 'add') this.#add(b % 3)
    else if (what === 'notify') this.#told.take(() => pool.notifyWhenEmpty({ testImmediately: b % 2 === 0 }), then)
    else if (what === 'cancel') this.#told.cancel(a)
    else if (what === 'fireByHand') this.#told.fireByHand(a)
    else if (what === 'close') pool.close()
    else if (member === undefined || member.called) return
    else if (what === 'again') this.#told.try(() => pool.add(member))
    else if (what === 'cancelMember') member.cancel()
    else if (b % 2 === 0) member.callback('done')
    else member.errback('failed')
  }

  #add(kind: number): void {
    const member = kind === 0 ? new Deferred<string>() : kind === 1 ? succeed('done') : fail<string>('failed')
    const added = this.#told.try(() => this.pool.add(member))
    if (added === undefined) return void member.addErrback(() => {})
    expect(added).toBe(member)
    const id = this.#members.push(member) - 1
    member.addCallbacks(
      (value) => this.said.push(`member ${id}: ${value}`),
      ({ value }) => this.said.push(`member ${id}: ${value instanceof Error ? value.name : value}`),
    )
  }

  state(): unknown {
    const { pool } = this
    return { ...pool.status(), size: pool.size, closed: pool.closed }
  }

  get left(): unknown[] {
    return this.#told.all.filter((one) => !one.called)
  }
}

class PoolModel implements World<Do> {
  said: string[] = []
  readonly #told = new HeldModel<Do>(this)
  /** Whether each has fired. */
  readonly #members: { readonly id: number; fired: boolean }[] = []
  readonly #outstanding = new Set<number>()
  readonly #waiting: Handed<Do>[] = []
  #closed = false

  do({ do: what, a, b, then }: Command<Do>): void {
    const member = pick(this.#members, a)
    const handed = pick(this.#told.all, a)
    if (what === 'add') this.#add(['', 'done', 'failed'][b % 3] as string)
    else if (what === 'notify') this.#notify(b % 2 === 0, then)
    else if (what === 'close') this.#close()
    else if (what === 'cancel' || what === 'fireByHand') {
      if (handed === undefined || handed.settled) return
      if (what === 'cancel') remove(this.#waiting, handed)
      this.#told.tell(handed, what === 'cancel' ? 'ERR_CANCELLED' : 'by hand')
      remove(this.#waiting, handed)
    } else if (member === undefined || member.fired) return
    else if (what === 'again') {
      if (this.#closed) this.#told.refuse('ERR_CLOSED')
    } else this.#fire(member, what === 'cancelMember' ? 'AbortError' : b % 2 === 0 ? 'done' : 'failed')
  }

  #add(already: string): void {
    if (this.#closed) return this.#told.refuse('ERR_CLOSED')
    const member = { id: this.#members.length, fired: false }
    if (already !== '') {
      // Others know of it only when it has come and gone, or before that if they were told that the pool is empty.
      this.#outstanding.add(-1)
      member.fired = true
      this.#leave(-1)
      this.said.push(`member ${this.#members.length}: ${already}`)
      this.#members.push({ id: this.#members.length, fired: true })
      return
    }
    this.#members.push(member)
    this.#outstanding.add(member.id)
  }

  #fire(member: { readonly id: number; fired: boolean }, how: string): void {
    member.fired = true
    this.#leave(member.id)
    this.said.push(`member ${member.id}: ${how}`)
  }

  #leave(id: number): void {
    this.#outstanding.delete(id)
    if (this.#outstanding.size > 0) return
    for (const handed of this.#waiting.splice(0)) this.#told.tell(handed, 'undefined')
  }

  #notify(testImmediately: boolean, then: readonly Command<Do>[]): void {
    const handed = this.#told.take(then)
    if (testImmediately && this.#outstanding.size === 0) this.#told.tell(handed, 'undefined')
    else if (this.#closed) this.#told.tell(handed, 'ERR_CLOSED')
    else this.#waiting.push(handed)
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const handed of this.#waiting.splice(0)) this.#told.tell(handed, 'ERR_CLOSED')
  }

  state(): unknown {
    const { size } = this.#outstanding
    return { outstanding: size, waiting: this.#waiting.length, size, closed: this.#closed }
  }
}

test('a DeferredPool does what a set does, whoever is told does what they like, and close settles the rest', () => {
  fc.assert(
    fc.property(programs(weights), (program) => {
      const real = new RealPool()
      compare(program, real, new PoolModel())
      real.pool.close()
      expect(real.left).toEqual([])
    }),
    runs(),
  )
})
