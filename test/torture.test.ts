import { expect, test } from 'vitest'
import { killRounds } from '../torture/kill-rounds.ts'

test('every acknowledged message reaches the carrier, though the service is killed at random moments', { timeout: 120_000 }, async () => {
  const seed = Number(process.env.POTOROO_SEED ?? Math.floor(Math.random() * 2 ** 32))
  const report = await killRounds({ rounds: 4, seed })
  expect(report).toMatchObject({ seed, faults: [] })
  expect(report.acknowledged).toBeGreaterThan(0)
  expect(report.requests).toBeGreaterThanOrEqual(report.acknowledged)
})
