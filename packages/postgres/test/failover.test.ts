import { type DurableJob, openQueue } from '@potoroo/queue'
import { postgresStore } from '@potoroo/postgres'
import { Deferred, ManualClock } from 'potoroo'
import { expect, test } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { Proxy } from './proxy.ts'

test('when a standby takes over, whatever was acknowledged runs, and runs once, and the queue goes on by itself', async () => {
  await using primary = await PostgresServer.start()
  await using standby = await primary.standby()
  await using proxy = await Proxy.to(primary.port)
  // At half the pace of the time of day: nobody's patience ends before the standby has taken over.
  const clock = new ManualClock(Date.now())
  const passing = setInterval(() => clock.advance(5), 10)
  using _passing = { [Symbol.dispose]: () => clearInterval(passing) }
  const troubles: (string | null)[] = []
  const warnings: Error[] = []
  const open = (handler?: (n: number, job: DurableJob<number, string>) => string | Promise<string>) =>
    openQueue<number, string>({
      name: 'q',
      store: postgresStore({ connectionString: proxy.url, clock, onTrouble: (error) => troubles.push(error?.code ?? null) }),
      width: 5,
      onWarning: (error) => warnings.push(error),
      ...(handler && { handler }),
    })
  const runs = new Map<number, number>()
  const gate = new Deferred()
  const openGate = (): void => void (gate.called || gate.callback())
  await using producer = await open()
  await using _worker = await open(async (n, { attempt }) => {
    runs.set(n, (runs.get(n) ?? 0) + 1)
    // One is at work all the while.
    if (n === -1) await gate
    return `${n}, attempt ${attempt}`
  })
  using _gate = { [Symbol.dispose]: openGate }
  const jobs = [await producer.put(-1)]
  let isPutting = true
  const put = async (first: number): Promise<void> => {
    for (let n = first; isPutting; n += 10) jobs.push(await producer.put(n))
  }
  const putting = Array.from({ length: 10 }, (_, first) => put(first))
  await expect.poll(() => runs.size).toBeGreaterThan(100)

  // The answer to a put is on its way when the primary dies: only its standby can say what became of that.
  let isLost = false
  proxy.onAnswer = (_, query) => {
    isLost ||= query.includes('"op":"put"')
    return isLost ? 'cut' : 'pass'
  }
  await expect.poll(() => isLost).toBe(true)
  await primary.crash()
  let isAsked = false
  proxy.onQuery = (text) => {
    isAsked ||= text.includes('.recall(')
    return 'pass'
  }
  proxy.onAnswer = () => 'pass'
  proxy.port = standby.port
  // As long as it is a standby it takes no writes, and is asked again.
  await expect.poll(() => isAsked).toBe(true)
  const before = jobs.length
  expect(troubles).toContain('ERR_STORE_UNAVAILABLE')
  await standby.promote()

  await expect.poll(() => jobs.length).toBeGreaterThan(before + 100)
  isPutting = false
  await Promise.all(putting)
  openGate()
  for (const [i, job] of jobs.entries()) {
    const { arg, result } = await job.watch()
    expect(result, `job ${i}`).toBe(`${arg}, attempt 1`)
  }
  expect([...runs.values()].filter((times) => times !== 1)).toEqual([])
  expect(runs.size).toBe(jobs.length)
  expect(await producer.counts()).toMatchObject({ pending: 0, underway: 0, finished: jobs.length, failed: 0 })
  expect(warnings).toEqual([])
  expect(troubles.at(-1)).toBeNull()
})
