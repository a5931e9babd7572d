import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { median, type Row } from './measure.ts'
import { peer } from './peers.ts'

/** What of autocannon is used here. */
type Cannon = (options: {
  url: string
  method: 'POST'
  headers: Record<string, string>
  body: string
  connections: number
  duration: number
  workers?: number
}) => Promise<{ requests: { average: number }; latency: { p99: number }; non2xx: number; errors: number }>

interface Told {
  readonly delayP99: number
  readonly cpuSeconds: number
  readonly pending: number
}

const ROUNDS = 3
const CONNECTIONS = 50
const SECONDS = 6
const WARMUP_SECONDS = 3

/** The HTTP API as it is used: one job a request, answered after its commit, by a process that does nothing else. */
export async function rows(): Promise<Row[]> {
  const { default: cannon } = await peer<{ default: Cannon }>('autocannon')
  const rounds: { perSecond: number; perCpuSecond: number; p99: number; delayP99: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const token = randomUUID()
    const server = fork(fileURLToPath(new URL('./http/server.ts', import.meta.url)), [token])
    const [{ port }] = (await once(server, 'message')) as [{ port: number }]
    const shoot = (duration: number): ReturnType<Cannon> =>
      cannon({
        url: `http://127.0.0.1:${port}/api/queues/sms/jobs`,
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ arg: { to: '+34600111222', text: 'Your table is ready' } }),
        connections: CONNECTIONS,
        duration,
      })
    await shoot(WARMUP_SECONDS)
    server.send('begin')
    const { requests, latency, non2xx, errors } = await shoot(SECONDS)
    const told = once(server, 'message') as Promise<[Told]>
    server.send('end')
    const [{ delayP99, cpuSeconds, pending }] = await told
    await once(server, 'exit')
    if (non2xx > 0 || errors > 0) throw new Error(`${non2xx} answers were not 2xx, ${errors} requests failed`)
    const answered = requests.average * SECONDS
    if (pending < answered) throw new Error(`${answered} were acknowledged, ${pending} are there`)
    rounds.push({ perSecond: requests.average, perCpuSecond: answered / cpuSeconds, p99: latency.p99, delayP99 })
  }
  const figure = (of: (round: (typeof rounds)[number]) => number): number => median(rounds.map(of))
  const row = (what: string, unit: string, ours: number, target: string, met: boolean | null): Row => ({ what, unit, ours, peers: [], target, met })
  const perSecond = figure((round) => round.perSecond)
  const p99 = figure((round) => round.p99)
  const delayP99 = figure((round) => round.delayP99)
  return [
    row('HTTP, single job puts, 50 connections, power', 'puts/s', perSecond, '≥ 8,000/s on one core', perSecond >= 8_000),
    row('The same, for each second of the server’s processor time', 'puts', figure((round) => round.perCpuSecond), '–', null),
    row('The same, latency p99', 'ms', p99, '≤ 25 ms', p99 <= 25),
    row('The same, event-loop delay p99', 'ms', delayP99, '≤ 10 ms', delayP99 <= 10),
  ]
}
