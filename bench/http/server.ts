// Started by bench/http.ts: the queue's HTTP API on one SQLite file, in a process of its own as in life. Says its port; on
// 'begin' measures from there; on the next word tells what it has measured, and ends.
import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createAdaptorServer } from '@hono/node-server'
import { openQueue } from '@potoroo/queue'
import { createServer } from '@potoroo/server'
import { sqliteStore } from '@potoroo/sqlite'

const folder = mkdtempSync(join(tmpdir(), 'potoroo-bench-'))
const queue = await openQueue({ name: 'sms', store: sqliteStore(join(folder, 'jobs.db'), { durability: 'power' }) })
let host = ''
const api = createServer({ queues: [queue], adminToken: process.argv[2]!, hosts: () => [host] })
const listener = createAdaptorServer({ fetch: (request) => api.fetch(request, { remoteAddress: '127.0.0.1' }) }) as Server
listener.listen(0, '127.0.0.1', () => {
  const { port } = listener.address() as AddressInfo
  host = `127.0.0.1:${port}`
  process.send!({ port })
})

const delay = monitorEventLoopDelay({ resolution: 1 })
let cpu = process.cpuUsage()
process.on('message', async (word) => {
  if (word === 'begin') {
    cpu = process.cpuUsage()
    delay.enable()
    delay.reset()
    return
  }
  delay.disable()
  const { user, system } = process.cpuUsage(cpu)
  const { pending } = await queue.counts()
  process.send!({ delayP99: delay.percentile(99) / 1e6, cpuSeconds: (user + system) / 1e6, pending })
  api.close()
  listener.closeAllConnections()
  listener.close()
  await queue.stop()
  rmSync(folder, { recursive: true })
  process.disconnect()
})
