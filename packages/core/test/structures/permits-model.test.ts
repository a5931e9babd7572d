import fc from 'fast-check'
import { Deferred, DeferredLock, DeferredSemaphore, type Permit } from 'potoroo'
import { expect, test } from 'vitest'
import { runs } from '../dispatch/runs.ts'
import { type Command, compare, type Handed, Held, HeldModel, pick, programs, remove, type World } from './programs.ts'

const weights = { acquire: 20, release: 20, run: 25, end: 20, cancel: 12, fireByHand: 2, resize: 6, close: 1 }
type Do = keyof typeof weights

class RealPermits implements World<Do> {
  said: string[] = []
  readonly permits: DeferredSemaphore | DeferredLock
  readonly #held = new Held<Do>(this)
  readonly #given: Permit[] = []
  readonly #works: Deferred<string>[] = []

  constructor(permits: DeferredSemaphore | DeferredLock) {
    this.permits = permits
  }

  do({ do: what, a, b, then }: Command<Do>): void {
    const { permits } = this
    const work = pick(this.#works, a)
    if (what === 'acquire') this.#held.take(() => this.#acquire(), then)
    else if (what === 'release') pick(this.#given, a)?.release()
    else if (what === 'run') this.#held.take(() => permits.run((kind) => this.#work(kind), b % 3), then)
    else if (what === 'cancel') this.#held.cancel(a)
    else if (what === 'fireByHand') this.#held.fireByHand(a)
    else if (what === 'close') permits.close()
    else if (what === 'resize') {
      if (permits instanceof DeferredSemaphore) permits.resize(b % 4)
    } else if (work === undefined || work.called) return
    else if (b % 2 === 0) work.callback('done')
    else work.errback('failed')
  }

  #acquire(): Deferred<unknown> {
    return this.permits.acquire().addCallback((permit: Permit | 'by hand') => {
      if (permit !== 'by hand') this.#given.push(permit)
      return permit
    })
  }

  #work(kind: number): unknown {
    this.said.push('start')
    if (kind === 0) return 'returned'
    if (kind === 1) throw 'thrown'
    const work = new Deferred<string>()
    this.#works.push(work)
    return work
  }

  state(): unknown {
    const { permits } = this
    const { waiting, closed } = permits
    if (permits instanceof DeferredLock) return { tokens: 1, held: Number(permits.locked), waiting, closed }
    return { tokens: permits.tokens, held: permits.held, waiting, closed }
  }

  get left(): unknown[] {
    for (const work of this.#works) work.cancel()
    return this.#held.all.filter((one) => one.peek().status === 'pending')
  }
}

interface Work {
  readonly of: Handed<Do>
  ended: boolean
}

class PermitsModel implements World<Do> {
  said: string[] = []
  readonly #all = new HeldModel<Do>(this)
  readonly #resizable: boolean
  readonly #backlog: number
  readonly #runs = new Map<Handed<Do>, number>()
  readonly #started = new Set<Handed<Do>>()
  readonly #given: { released: boolean }[] = []
  readonly #works: Work[] = []
  readonly #waiting: Handed<Do>[] = []
  #tokens: number
  #held = 0
  #closed = false
  #serving = false

  constructor(tokens: number, resizable: boolean, backlog: number) {
    this.#tokens = tokens
    this.#resizable = resizable
    this.#backlog = backlog
  }

  do({ do: what, a, b, then }: Command<Do>): void {
    const handed = pick(this.#all.all, a)
    const permit = pick(this.#given, a)
    const work = pick(this.#works, a)
    if (what === 'acquire') this.#join(then, undefined)
    else if (what === 'run') this.#join(then, b % 3)
    else if (what === 'close') this.#close()
    else if (what === 'release') {
      if (permit === undefined || permit.released) return
      permit.released = true
      this.#free()
    } else if (what === 'resize') {
      if (!this.#resizable) return
      this.#tokens = b % 4
      this.#serve()
    } else if (what === 'end') {
      if (work !== undefined) this.#end(work, b % 2 === 0 ? 'done' : 'failed')
    } else if (handed === undefined || handed.settled) return
    else if (this.#started.has(handed)) {
      const work = this.#works.find(({ of, ended }) => of === handed && !ended)
      if (what === 'cancel' && work !== undefined) this.#end(work, 'ERR_CANCELLED')
    } else if (what === 'cancel') {
      remove(this.#waiting, handed)
      this.#all.tell(handed, 'ERR_CANCELLED')
    } else {
      this.#all.tell(handed, 'by hand')
      remove(this.#waiting, handed)
    }
  }

  #join(then: readonly Command<Do>[], kind: number | undefined): void {
    const full = this.#held >= this.#tokens || this.#waiting.length > 0
    if (full && !this.#closed && this.#waiting.length >= this.#backlog) return this.#all.refuse('ERR_QUEUE_UNDERFLOW')
    const handed = this.#all.take(then)
    if (kind !== undefined) this.#runs.set(handed, kind)
    if (this.#closed) this.#all.tell(handed, 'ERR_CLOSED')
    else if (full) this.#waiting.push(handed)
    else this.#give(handed)
  }

  #give(handed: Handed<Do>): void {
    const kind = this.#runs.get(handed)
    this.#started.add(handed)
    this.#held++
    if (kind === undefined) {
      this.#given.push({ released: false })
      return this.#all.tell(handed, 'a permit')
    }
    this.said.push('start')
    if (kind === 2) return void this.#works.push({ of: handed, ended: false })
    this.#free()
    this.#all.tell(handed, kind === 0 ? 'returned' : 'thrown')
  }

  #end(work: Work, how: string): void {
    if (work.ended) return
    work.ended = true
    this.#free()
    this.#all.tell(work.of, how)
  }

  #free(): void {
    this.#held--
    this.#serve()
  }

  /** Those who are served one after the other, not one within the other. */
  #serve(): void {
    if (this.#serving) return
    this.#serving = true
    while (this.#held < this.#tokens && this.#waiting.length > 0) {
      const first = this.#waiting.shift() as Handed<Do>
      if (!first.settled) this.#give(first)
    }
    this.#serving = false
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const handed of this.#waiting.splice(0)) this.#all.tell(handed, 'ERR_CLOSED')
  }

  state(): unknown {
    return { tokens: this.#tokens, held: this.#held, waiting: this.#waiting.length, closed: this.#closed }
  }
}

const backlogs = fc.oneof({ weight: 1, arbitrary: fc.nat(4) }, { weight: 2, arbitrary: fc.constant(Infinity) })

test('a DeferredSemaphore does what a number and an array do, whoever is told does what they like, and close settles the rest', () => {
  fc.assert(
    fc.property(programs(weights), fc.nat(3), backlogs, (program, tokens, backlog) => {
      const real = new RealPermits(new DeferredSemaphore(tokens, { backlog }))
      compare(program, real, new PermitsModel(tokens, true, backlog))
      real.permits.close()
      expect(real.left).toEqual([])
    }),
    runs(),
  )
})

test('a DeferredLock does what a semaphore with one place does', () => {
  fc.assert(
    fc.property(programs(weights), backlogs, (program, backlog) => {
      const real = new RealPermits(new DeferredLock({ backlog }))
      compare(program, real, new PermitsModel(1, false, backlog))
      real.permits.close()
      expect(real.left).toEqual([])
    }),
    runs(),
  )
})
