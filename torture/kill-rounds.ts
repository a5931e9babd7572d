import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Arrival, RecordingCarrier } from './recording-carrier.ts'
import { Random } from './random.ts'
import { ServiceProcess } from './service-process.ts'

export interface KillRounds {
  readonly rounds: number
  readonly seed: number
  readonly width?: number
  readonly log?: (line: string) => void
}

export interface KillReport {
  readonly seed: number
  readonly acknowledged: number
  readonly requests: number
  /** Messages that reached the carrier more than once. */
  readonly repeated: number
  /** What must not have happened, in words; empty if all is well. */
  readonly faults: readonly string[]
}

/** A kill, and when the service was back: what a dead process had sent may be read until then. */
interface Kill {
  readonly at: number
  over: number
}

const TOKEN = 'torture'
/** Messages that are being put at once. */
const SENDERS = 8
/** An answer that was given so many ms before a kill has been recorded, or the service has stood still for that long. */
const SURELY_RECORDED = 2_000

/**
 * Kills the whole process group of the service at random moments while messages are put and sent, and starts it again on
 * the same file. Then lets it come to rest, and holds what the carrier has seen against what had been acknowledged.
 */
export async function killRounds({ rounds, seed, width = 20, log = () => undefined }: KillRounds): Promise<KillReport> {
  const random = new Random(seed)
  const folder = mkdtempSync(join(tmpdir(), 'potoroo-torture-'))
  const carrier = await RecordingCarrier.listen(random, 40)
  const env = {
    POTOROO_STORE: join(folder, 'sms.db'),
    POTOROO_ADMIN_TOKEN: TOKEN,
    CARRIER_URL: carrier.url,
    CARRIER_ACCOUNT: 'AC1',
    CARRIER_TOKEN: 'secret',
    CARRIER_FROM: '+34600000000',
    WIDTH: String(width),
    RATE: 'none',
    MESSAGES_RATE: 'none',
  }
  const acknowledged = new Set<string>()
  const kills: Kill[] = []
  try {
    for (let round = 1; round <= rounds; round++) {
      const service = await start(env, kills)
      const sending = new AbortController()
      const senders = Array.from({ length: SENDERS }, () => send(service.url, acknowledged, sending.signal))
      // The signal to kill is the work itself, at a random point of it; then a few steps of the event loop more.
      await carrier.arrived(random.between(1, 150))
      for (let steps = random.between(0, 30); steps > 0; steps--) await new Promise(setImmediate)
      kills.push({ at: performance.now(), over: Infinity })
      await service.kill()
      sending.abort()
      await Promise.all(senders)
      log(`round ${round}: ${acknowledged.size} acknowledged, ${carrier.arrivals.length} requests`)
    }
    const last = await start(env, kills)
    await atRest(last.url)
    const status = await last.stop()
    const faults = judge(carrier.arrivals, acknowledged, kills)
    if (status !== 0) faults.push(`the service ended with ${status} on SIGTERM`)
    if (carrier.mostOpen > width) faults.push(`${carrier.mostOpen} requests were open at once, and the width is ${width}`)
    return {
      seed,
      acknowledged: acknowledged.size,
      requests: carrier.arrivals.length,
      repeated: [...byId(carrier.arrivals).values()].filter((arrivals) => arrivals.length > 1).length,
      faults,
    }
  } finally {
    carrier.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function start(env: Record<string, string>, kills: readonly Kill[]): Promise<ServiceProcess> {
  const service = await ServiceProcess.start(env)
  const last = kills.at(-1)
  if (last !== undefined) last.over = performance.now()
  return service
}

/** Puts messages one after the other until the service is gone. What it answered with 202 is acknowledged. */
async function send(url: string, acknowledged: Set<string>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const response = await fetch(`${url}/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ to: '+34600111222', text: 'hop' }),
        signal,
      })
      if (response.status !== 202) throw new Error(`POST /messages was answered with ${response.status}`)
      acknowledged.add(((await response.json()) as { id: string }).id)
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('POST')) throw error
      return
    }
  }
}

/** Resolves when nothing is pending or underway: asks for the oldest such job, and waits for its end. */
async function atRest(url: string): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}` }
  for (;;) {
    let waited = false
    for (const state of ['underway', 'pending']) {
      const list = (await (await fetch(`${url}/api/queues/sms/jobs?state=${state}&limit=1`, { headers })).json()) as {
        jobs: { id: string }[]
      }
      const [job] = list.jobs
      if (job === undefined) continue
      waited = true
      await (await fetch(`${url}/api/queues/sms/jobs/${job.id}?wait=30`, { headers })).arrayBuffer()
    }
    if (!waited) return
  }
}

function byId(arrivals: readonly Arrival[]): Map<string, Arrival[]> {
  const all = new Map<string, Arrival[]>()
  for (const arrival of arrivals) {
    const same = all.get(arrival.id)
    if (same) same.push(arrival)
    else all.set(arrival.id, [arrival])
  }
  return all
}

function judge(arrivals: readonly Arrival[], acknowledged: ReadonlySet<string>, kills: readonly Kill[]): string[] {
  const faults: string[] = []
  const seen = byId(arrivals)
  for (const id of acknowledged) if (!seen.has(id)) faults.push(`${id} was acknowledged, and never reached the carrier`)
  for (const [id, same] of seen) {
    for (const [i, later] of same.entries()) {
      const before = same[i - 1]
      if (before === undefined) continue
      const kill = kills.find(({ at, over }) => over >= before.at && at <= later.at)
      if (kill === undefined) faults.push(`${id} was sent twice with no kill between`)
      else if (before.answeredAt !== undefined && kill.at - before.answeredAt > SURELY_RECORDED) {
        faults.push(`${id} was sent again though it had been answered ${Math.round(kill.at - before.answeredAt)} ms before the kill`)
      }
      if (before.attempt === later.attempt) faults.push(`${id} was sent twice with the same attempt token`)
    }
  }
  return faults
}
