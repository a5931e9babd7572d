import { expect, test } from 'vitest'
import { Bench, settle } from './bench.ts'

const MINUTE = 60_000
const codes = ({ warnings }: Bench): unknown[] => warnings.map((warning) => (warning as { code?: string }).code)

/** Minute by minute: time that is jumped over has no looks in it. */
async function minutes(bench: Bench, n: number): Promise<void> {
  for (let i = 0; i < n; i++) await bench.advance(MINUTE)
}

test('a handler that says nothing for ten minutes is a warning, once', async () => {
  await using bench = await Bench.open({ width: 2 })
  const { id } = await bench.queue.put('hangs')
  await bench.called(1)
  await minutes(bench, 9)
  expect(bench.warnings).toEqual([])
  await minutes(bench, 20)
  expect(codes(bench)).toEqual(['ERR_HANDLER_HUNG'])
  expect(bench.warnings[0]!.message).toContain(id)
  expect(bench.warnings[0]!.message).toContain('timeout')
})

test('one that reports or logs is not taken to hang, until it has stopped doing so for ten minutes', async () => {
  await using bench = await Bench.open({ width: 2 })
  await bench.queue.putMany([{ arg: 'reports' }, { arg: 'logs' }])
  await bench.called(2)
  for (let i = 0; i < 6; i++) {
    await minutes(bench, 5)
    bench.calls[0]!.job.report(i)
    bench.calls[1]!.job.log(`line ${i}`)
  }
  expect(bench.warnings).toEqual([])
  await minutes(bench, 11)
  expect(codes(bench)).toEqual(['ERR_HANDLER_HUNG', 'ERR_HANDLER_HUNG'])
})

test('one that goes on though its job was cancelled, or has run out of time, is told of as such', async () => {
  await using bench = await Bench.open({ width: 2, retry: { maxAttempts: 1 } })
  const cancelled = await bench.queue.put('cancelled')
  await bench.queue.put('late', { timeout: 1_000 })
  await bench.called(2)
  await minutes(bench, 5)
  await cancelled.cancel()
  await minutes(bench, 11)
  expect(codes(bench)).toEqual(['ERR_HANDLER_HUNG', 'ERR_HANDLER_HUNG'])
  for (const { message } of bench.warnings) expect(message).toContain('job.signal')
})

test('one that has ended is not', async () => {
  await using bench = await Bench.open({ width: 2 })
  await bench.queue.put('ends')
  await bench.called(1)
  await minutes(bench, 9)
  bench.calls[0]!.finish()
  await settle()
  await minutes(bench, 9)
  expect(bench.warnings).toEqual([])
})
