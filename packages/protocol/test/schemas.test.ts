import { jobSchema, listQuerySchema, putBodySchema, putSchema, queuePatchSchema, timeSchema } from '@potoroo/protocol'
import { describe, expect, it } from 'vitest'

describe('the shapes', () => {
  it.each(['2026-07-26T09:30:00.000Z'])('%s is a time', (text) => {
    expect(timeSchema.safeParse(text).success).toBe(true)
  })

  it.each(['2026-07-26T09:30:00Z', '2026-07-26T09:30:00.000+02:00', '2026-07-26', 1, null])('%s is no time', (value) => {
    expect(timeSchema.safeParse(value).success).toBe(false)
  })

  it('a put wants an argument, be it null, and no unknown field', () => {
    expect(putSchema.safeParse({ arg: null }).success).toBe(true)
    expect(putSchema.safeParse({}).success).toBe(false)
    expect(putSchema.safeParse({ arg: 1, priorty: 1 }).success).toBe(false)
  })

  it('an argument is nested five hundred levels deep at most, whatever the depth is made of', () => {
    const nest = (depth: number): unknown => {
      let value: unknown = 1
      for (let level = 0; level < depth; level++) value = level % 2 ? [value] : { value }
      return value
    }
    expect(putSchema.safeParse({ arg: nest(500) }).success).toBe(true)
    expect(putSchema.safeParse({ arg: nest(501) }).success).toBe(false)
    expect(putSchema.safeParse({ arg: nest(100_000) }).success).toBe(false)
  })

  it('a body is a put or a list of puts', () => {
    expect(putBodySchema.safeParse([]).success).toBe(true)
    expect(putBodySchema.safeParse([{ arg: 1 }, {}]).success).toBe(false)
  })

  it('a width without a limit is null, because JSON has no Infinity', () => {
    expect(queuePatchSchema.safeParse({ width: null }).success).toBe(true)
    expect(queuePatchSchema.safeParse({ width: Infinity }).success).toBe(false)
    expect(queuePatchSchema.safeParse({ rate: null }).success).toBe(true)
    expect(queuePatchSchema.safeParse({}).success).toBe(false)
  })

  it('a page has fifty jobs unless the query says otherwise', () => {
    expect(listQuerySchema.parse({})).toEqual({ limit: 50 })
    expect(listQuerySchema.parse({ limit: '500' })).toEqual({ limit: 500 })
  })

  it('a job says all of what it says in words, so that no reader has to guess', () => {
    for (const field of ['result', 'arg', 'progress', 'error']) expect(Object.keys(jobSchema.shape)).toContain(field)
  })
})
