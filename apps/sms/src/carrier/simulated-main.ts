// The simulated carrier's process, started by the service: listens on any free port of this machine, and tells its parent
// where. It lives as long as its parent does: when that goes away, in whatever way, the channel between them closes.
import type { AddressInfo } from 'node:net'
import { createSimulatedCarrier } from './simulated.ts'

process.on('disconnect', () => process.exit(0))

// A terminal sends these to everybody in it; the service still needs its carrier then, to finish what is underway.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

const [latency, failures, port] = process.argv.slice(2).map(Number)
const server = createSimulatedCarrier({ latency: latency ?? 1_000, failures: failures ?? 0 })
// After a restart the port may be somebody else's by now.
server.once('error', () => server.listen(0, '127.0.0.1'))
server.listen(port ?? 0, '127.0.0.1')
server.on('listening', () => {
  const { port } = server.address() as AddressInfo
  if (process.connected) process.send?.({ port })
  else process.exit(0)
})
