import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { DeferredPriorityQueue } from 'potoroo'
import { expect, test } from 'vitest'
import { answerJson, listen, type Seen, scriptedCarrier } from './support/http-server.ts'
import { send, ServiceProcess, temporaryFolder } from './support/process.ts'

const TOKEN = 'a-token-of-the-test'
const SIMULATED = { CARRIER_LATENCY: '0', CARRIER_FAILURES: '0', MESSAGES_RATE: 'none', POTOROO_ADMIN_TOKEN: TOKEN }
const authorization = { authorization: `Bearer ${TOKEN}` }

/** The job once it is over. */
async function whenOver(url: string, id: string): Promise<unknown> {
  const answer = await fetch(`${url}/api/queues/sms/jobs/${id}?wait=30`, { headers: authorization })
  return answer.json()
}

/** A carrier that has each message in hand until it is told to take it. */
async function handCarrier() {
  const inHand = new DeferredPriorityQueue<Seen & { take(): void }>()
  const { url, seen } = await scriptedCarrier((response, request) => {
    inHand.put({ ...request, take: () => answerJson(response, 201, { sid: `SM${seen.length}`, status: 'queued' }) })
  })
  const settings = { CARRIER_URL: url.href, POTOROO_ADMIN_TOKEN: TOKEN, WIDTH: '1' }
  return { seen, settings, next: () => inHand.get() }
}

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8)

test('the first start makes the data and the admin token, for this user only, and the next one finds them', async () => {
  const folder = temporaryFolder()
  const first = await ServiceProcess.start(folder)
  const link = await first.output(/(http:\S+\/admin\?token=\S+)/)
  const data = join(folder, 'data')
  expect([mode(data), mode(join(data, 'sms.db')), mode(join(data, 'sms.db.admin-token'))]).toEqual(['700', '600', '600'])
  for (const name of ['sms.db-wal', 'sms.db-shm']) expect(mode(join(data, name)), name).toBe('600')

  const opened = await fetch(link, { redirect: 'manual' })
  expect([opened.status, opened.headers.get('location')]).toEqual([303, '/admin'])
  expect(first.stdout).toContain(join(data, 'sms.db'))
  expect(first.stdout).toMatch(/simulated/)
  expect(first.stdout).not.toContain('\u001b')
  first.signal('SIGTERM')
  expect(await first.ended()).toBe(0)

  const second = await ServiceProcess.start(folder)
  expect(await second.output(/token=(\S+)/)).toBe(new URL(link).searchParams.get('token'))
  expect(second.stderr).toBe('')
})

test('a token from the environment is neither printed nor kept', async () => {
  const folder = temporaryFolder()
  const service = await ServiceProcess.start(folder, SIMULATED)
  await service.output(/Pace/)
  expect(service.stdout).not.toContain(TOKEN)
  expect(existsSync(join(folder, 'data/sms.db.admin-token'))).toBe(false)
  expect((await fetch(`${service.url}/api/queues`, { headers: authorization })).status).toBe(200)
})

test('SIGTERM: what is underway finishes, nothing else starts, exit status 0; the next start goes on with the rest', async () => {
  const folder = temporaryFolder()
  const carrier = await handCarrier()
  const first = await ServiceProcess.start(folder, carrier.settings)
  const one = await send(first.url, 'one')
  const two = await send(first.url, 'two')
  const underway = await carrier.next()

  first.signal('SIGTERM')
  await first.output(/Stopping/)
  expect((await fetch(`${first.url}/readyz`)).status).toBe(503)
  expect((await fetch(`${first.url}/messages`, { method: 'POST', body: new URLSearchParams() })).status).toBe(503)
  underway.take()
  expect(await first.ended()).toBe(0)
  expect(carrier.seen.map(({ form }) => form.get('Body'))).toEqual(['one'])

  const second = await ServiceProcess.start(folder, carrier.settings)
  const next = await carrier.next()
  expect(next.headers['idempotency-key']).toBe(two)
  next.take()
  expect(await whenOver(second.url, two)).toMatchObject({ state: 'finished', attempt: 1 })
  expect(await whenOver(second.url, one)).toMatchObject({ state: 'finished', attempt: 1, result: { sid: 'SM1' } })
})

test('SIGTERM: what does not finish within the grace is put back, and goes out after the next start', async () => {
  const folder = temporaryFolder()
  const carrier = await handCarrier()
  const first = await ServiceProcess.start(folder, { ...carrier.settings, GRACE: '0' })
  const id = await send(first.url)
  await carrier.next()
  first.signal('SIGTERM')
  expect(await first.ended()).toBe(0)

  const second = await ServiceProcess.start(folder, carrier.settings)
  const again = await carrier.next()
  expect(again.headers['idempotency-key']).toBe(id)
  again.take()
  expect(await whenOver(second.url, id)).toMatchObject({ state: 'finished', attempt: 1 })
})

test('kill -9: what was underway goes out again after the next start, with the same key and another token', async () => {
  const folder = temporaryFolder()
  const carrier = await handCarrier()
  const first = await ServiceProcess.start(folder, carrier.settings)
  const id = await send(first.url)
  const before = await carrier.next()
  first.signal('SIGKILL')
  expect(await first.ended()).toBe(null)

  const second = await ServiceProcess.start(folder, carrier.settings)
  const again = await carrier.next()
  expect(again.headers['idempotency-key']).toBe(id)
  expect(again.headers['attempt-token']).not.toBe(before.headers['attempt-token'])
  again.take()
  expect(await whenOver(second.url, id)).toMatchObject({ state: 'finished' })
})

test('a reader who goes away does not end the service, nor its clean stop', async () => {
  const service = await ServiceProcess.start(temporaryFolder(), SIMULATED)
  await service.output(/Pace/)
  service.child.stdout!.destroy()
  service.child.stderr!.destroy()
  const id = await send(service.url)
  expect(await whenOver(service.url, id)).toMatchObject({ state: 'finished' })
  service.signal('SIGTERM')
  expect(await service.ended()).toBe(0)
})

test('an open event stream, and a request that waits, do not hold the stop up', async () => {
  const service = await ServiceProcess.start(temporaryFolder(), { ...SIMULATED, WIDTH: '0' })
  const id = await send(service.url)
  const stream = await fetch(`${service.url}/api/events`, { headers: authorization })
  const waiting = whenOver(service.url, id)
  // Asked and answered after it: by then it has come, too, and is not cut off as one that never arrived.
  for (let n = 0; n < 2; n++) await (await fetch(`${service.url}/healthz`)).text()
  service.signal('SIGTERM')
  expect(await service.ended()).toBe(0)
  await stream.text()
  // Where it stands, or that the service is stopping: an answer, in any case.
  expect(await waiting).toHaveProperty('queue' in ((await waiting) as object) ? 'state' : 'code')
})

test('Ctrl-C in a terminal reaches everybody; the simulated carrier still finishes what is underway', async () => {
  const folder = temporaryFolder()
  const first = await ServiceProcess.start(folder, { ...SIMULATED, CARRIER_LATENCY: '300ms' })
  const id = await send(first.url)
  first.signal('SIGINT', { group: true })
  first.signal('SIGINT')
  expect(await first.ended()).toBe(0)
  expect(first.stderr).toBe('')

  const second = await ServiceProcess.start(folder, { ...SIMULATED, WIDTH: '0' })
  expect(await whenOver(second.url, id)).toMatchObject({ state: 'finished', attempt: 1 })
})

test.skipIf(process.platform !== 'linux')('the simulated carrier is started again when it dies, and dies with the service', async () => {
  const service = await ServiceProcess.start(temporaryFolder(), SIMULATED)
  const carriers = () => childrenOf(service.child.pid!)
  const [carrier] = carriers()
  process.kill(carrier!, 'SIGKILL')
  const id = await send(service.url)
  expect(await whenOver(service.url, id)).toMatchObject({ state: 'finished' })
  const [next] = carriers()
  expect(next).not.toBe(carrier)
  service.signal('SIGKILL')
  await service.ended()
  await expect.poll(() => isRunning(next!)).toBe(false)
})

test('wrong settings are listed, each with what is expected: exit status 2', async () => {
  const folder = temporaryFolder()
  const service = new ServiceProcess(folder, { PORT: 'http', RATE: 'fast', POTOROO_STORE: 'postgres://me:hunter2@' })
  expect(await service.ended()).toBe(2)
  expect(service.stdout).toBe('')
  expect(service.stderr.split('\n')).toEqual([
    'These settings are wrong:',
    expect.stringMatching(/^ {2}PORT: expected a port/),
    expect.stringMatching(/^ {2}POTOROO_STORE: expected postgres:/),
    expect.stringMatching(/^ {2}RATE: expected/),
    '',
  ])
  expect(service.stderr).not.toContain('hunter2')
  expect(existsSync(join(folder, 'data'))).toBe(false)
})

test.each<[string, (folder: string) => Promise<Record<string, string>> | Record<string, string>, RegExp]>([
  [
    'a port that is taken',
    async () => ({ PORT: (await listen(createServer())).port }),
    /^Cannot listen on 127\.0\.0\.1, port \d+: something listens there already\n$/,
  ],
  ['an address of another machine', () => ({ HOST: '192.0.2.1' }), /^Cannot listen on 192\.0\.2\.1, port 0: this machine has no such/],
  [
    'a folder that cannot be made',
    (folder) => {
      writeFileSync(join(folder, 'data'), '')
      return {}
    },
    /^Cannot keep the data in \S+: .+\n$/,
  ],
  [
    'a data file that is a folder',
    (folder) => {
      mkdirSync(join(folder, 'data/sms.db'), { recursive: true })
      return {}
    },
    /^Cannot keep the data in \S+: it is a folder\n$/,
  ],
  [
    'a data file that is none',
    (folder) => {
      writeFileSync(join(folder, 'jobs.db'), 'Dear diary, '.repeat(1_000))
      return { POTOROO_STORE: 'jobs.db' }
    },
    /^[^\n]+\n$/,
  ],
])('%s is said in one line: exit status 1', async (_, prepare, line) => {
  const folder = temporaryFolder()
  const service = new ServiceProcess(folder, { ...SIMULATED, ...(await prepare(folder)) })
  expect(await service.ended()).toBe(1)
  expect(service.stdout).toBe('')
  expect(service.stderr).toMatch(line)
})

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
}

/** A process whose parent is gone may be left as a zombie where nobody looks after orphans. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
