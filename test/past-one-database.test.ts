import { expect, it } from 'vitest'
import { MEASURED, play } from '../examples/past-one-database.ts'

const plan = { ...MEASURED, databases: 1, queues: 1, load: 1_000, seconds: 5 }

it('a load that one database carries gets through, each job after its transaction and what it had to wait for that', () => {
  const { done, mean, worst } = play(plan)
  expect(done).toBeGreaterThan(990)
  expect(mean).toBeGreaterThan(plan.fixed)
  expect(worst).toBeLessThan(5 * plan.fixed)
})

it('one queue gets no more through than its transactions, one after the other, have time for', () => {
  const most = 1_000 / plan.perJob
  const { done } = play({ ...plan, load: 3 * most })
  expect(done).toBeLessThanOrEqual(most)
  expect(done).toBeGreaterThan(0.5 * most)
})

it('many queues get no more through than the database has cores for, and twice the databases twice that', () => {
  const most = (plan.cores * 1_000) / plan.perJob
  const [one, two] = [1, 2].map((databases) => play({ ...plan, queues: 16, load: 5 * most, databases }).done)
  expect(one).toBeLessThanOrEqual(most)
  expect(two! / one!).toBeCloseTo(2, 0)
})
