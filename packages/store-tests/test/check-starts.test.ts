import { checkStarts, type LimitChange, type StartRecord } from '@potoroo/store-tests'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const run = (start: number, stop: number | null): StartRecord => ({ start, stop })
const at = (...starts: number[]): StartRecord[] => starts.map((start) => run(start, start))
const wide = { from: 0, width: Infinity }

describe('the width', () => {
  it('is kept by as many at once as it says, and broken by one more', () => {
    const records = [run(0, 10), run(5, 15), run(9, 20)]
    expect(checkStarts(records, [{ from: 0, width: 3 }])).toBe(null)
    expect(checkStarts(records, [{ from: 0, width: 2 }])).toEqual({ limit: 'width', at: 9, width: 2, underway: 3 })
  })

  it('takes a stop for the first of a stop and a start in one millisecond', () => {
    expect(checkStarts([run(0, 10), run(10, 20)], [{ from: 0, width: 1 }])).toBe(null)
  })

  it('takes what nobody saw end to go on', () => {
    expect(checkStarts([run(0, null), run(1_000, 1_001)], [{ from: 0, width: 1 }])).toMatchObject({ limit: 'width', at: 1_000 })
  })

  it('may be lowered below what is underway, and then lets nothing start', () => {
    const changes = [{ from: 0, width: 3 }, { from: 5, width: 1 }]
    const before = [run(0, 10), run(1, 20), run(2, 30)]
    expect(checkStarts([...before, run(30, 40)], changes)).toBe(null)
    expect(checkStarts([...before, run(25, 40)], changes)).toEqual({ limit: 'width', at: 25, width: 1, underway: 2 })
  })

  it('is zero before it is set, and when it is set to zero', () => {
    expect(checkStarts([run(5, 6)], [{ from: 10, width: 1 }])).toMatchObject({ limit: 'width', at: 5, width: 0 })
    expect(checkStarts([run(15, 16)], [{ from: 0, width: 1 }, { from: 10, width: 0 }])).toMatchObject({ at: 15, width: 0 })
    expect(checkStarts([], [])).toBe(null)
  })

  it('may be the old one or the new one while it is being changed', () => {
    const changes = [{ from: 0, width: 2 }, { from: 10, until: 20, width: 1 }, { from: 30, until: 40, width: 2 }]
    expect(checkStarts([run(0, 50), run(20, 25)], changes)).toBe(null)
    expect(checkStarts([run(0, 50), run(30, 35)], changes)).toBe(null)
    expect(checkStarts([run(0, 50), run(21, 25)], changes)).toMatchObject({ at: 21, width: 1 })
    expect(checkStarts([run(0, 50), run(29, 35)], changes)).toMatchObject({ at: 29, width: 1 })
  })
})

describe('the rate', () => {
  const rate = { limit: 3, per: 100 }
  const changes = [{ ...wide, rate }]

  it('is kept by as many starts in a window as it says, and broken by one more', () => {
    expect(checkStarts(at(0, 50, 99, 101, 151), changes)).toBe(null)
    expect(checkStarts(at(0, 50, 99, 99), changes)).toEqual({ limit: 'rate', rate, from: -1, to: 99, starts: 4 })
  })

  it('takes windows as half open: starts exactly `per` apart are not in one', () => {
    expect(checkStarts(at(0, 1, 2, 99), changes)).toEqual({ limit: 'rate', rate, from: -1, to: 99, starts: 4 })
    expect(checkStarts(at(0, 1, 2, 100), changes)).toBe(null)
  })

  it('looks at windows anywhere, not only at multiples of `per`', () => {
    expect(checkStarts(at(90, 95, 105, 110), changes)).toMatchObject({ limit: 'rate', to: 110, starts: 4 })
  })

  it('does not care in which order the records come', () => {
    expect(checkStarts(at(110, 95, 105, 90), changes)).toMatchObject({ to: 110, starts: 4 })
  })

  it('counts from when it was set, and what an earlier rate had to remember', () => {
    const starts = at(0, 0, 0, 0, 0, 50, 50, 50)
    expect(checkStarts(starts, [wide, { from: 20, rate }])).toBe(null)
    const lowered = [{ ...wide, rate: { limit: 5, per: 100 } }, { from: 20, rate }]
    expect(checkStarts(at(0, 0, 0, 0, 0, 101), lowered)).toBe(null)
    expect(checkStarts(at(0, 0, 0, 0, 0, 50), lowered)).toMatchObject({ limit: 'rate', to: 50, starts: 6 })
  })

  it('lets an earlier, shorter rate have forgotten, but not for being turned down and up again', () => {
    const longer = [{ ...wide, rate: { limit: 3, per: 10 } }, { from: 50, rate }]
    expect(checkStarts(at(0, 0, 0, 60, 60, 60), longer)).toBe(null)
    expect(checkStarts(at(45, 45, 45, 60), longer)).toMatchObject({ limit: 'rate', to: 60, starts: 4 })
    const downAndUp = [{ ...wide, rate }, { from: 50, rate: { limit: 3, per: 10 } }, { from: 52, rate }]
    expect(checkStarts(at(0, 0, 0, 60), downAndUp)).toMatchObject({ limit: 'rate', to: 60, starts: 4 })
    expect(checkStarts(at(0, 0, 0, 101), downAndUp)).toBe(null)
  })

  it('may be none', () => {
    expect(checkStarts(at(0, 0, 0, 0, 60, 60, 60, 60), [{ ...wide, rate }, { from: 0, rate: null }])).toBe(null)
  })

  it('may be the old one or the new one while it is being changed', () => {
    const changes = [{ ...wide, rate }, { from: 10, until: 20, rate: { limit: 4, per: 100 } }]
    expect(checkStarts(at(0, 0, 0, 10), changes)).toBe(null)
    expect(checkStarts(at(0, 0, 0, 9), changes)).toMatchObject({ limit: 'rate', to: 9 })
  })
})

describe('the proof', () => {
  const perMs = (records: readonly StartRecord[], { width, limit, per }: { width: number; limit: number; per: number }): boolean =>
    records.every(({ start }, i) => {
      // The last of those that start in one millisecond sees them all.
      if (records.some((other, j) => other.start === start && j > i)) return true
      const begun = records.filter((other) => other.start <= start)
      const underway = begun.length - records.filter((other) => other.stop !== null && other.stop <= start).length
      return underway <= width && begun.filter((other) => other.start > start - per).length <= limit
    })

  it('is that of looking at every start in turn', () => {
    const record = fc.tuple(fc.nat(60), fc.nat(20)).map(([start, length]) => run(start, start + length))
    const limits = fc.record({ width: fc.integer({ min: 1, max: 6 }), limit: fc.integer({ min: 1, max: 6 }), per: fc.integer({ min: 1, max: 30 }) })
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), limits, (records, { width, limit, per }) => {
        const sorted = records.toSorted((a, b) => a.start - b.start)
        const violation = checkStarts(records, [{ from: 0, width, rate: { limit, per } }])
        expect(violation === null).toBe(perMs(sorted, { width, limit, per }))
      }),
      { seed: Number(process.env.POTOROO_SEED ?? Math.floor(Math.random() * 2 ** 31)), numRuns: 2_000 },
    )
  })

  it('takes 300,000 records, and a change for every thousand of them', () => {
    const records = Array.from({ length: 300_000 }, (_, i) => run(i, i + 5))
    const changes = Array.from({ length: 300 }, (_, i): LimitChange => {
      return { from: i * 1_000, width: 5 + (i % 2), rate: { limit: 51 + (i % 3), per: 50 } }
    })
    expect(checkStarts(records, changes)).toBe(null)
    expect(checkStarts([...records, run(150_500, 150_501)], changes)).toMatchObject({ limit: 'width', at: 150_500 })
  })
})
