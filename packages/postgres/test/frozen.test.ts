import { openQueue } from '@potoroo/queue'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { openStore } from './open-store.ts'

test('a worker that stands still holds nobody up, loses its job to another, and its result is refused when it goes on', async () => {
  await using server = await PostgresServer.start()
  const where = `${server.url()}#frozen`
  const program = fileURLToPath(new URL('./worker-program.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=potoroo-source', program, where], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const lines: string[] = []
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  try {
    await expect.poll(() => lines).toContain('ready')
    await using producer = await openQueue<number, string>({ name: 'q', store: openStore(where), width: 1 })
    const job = await producer.put(1)
    await expect.poll(() => lines).toContain(`start ${job.id} 1`)
    child.kill('SIGSTOP')
    // It holds no lock, whatever it was doing.
    await producer.put(2)
    await using other = await openQueue<number, string>({
      name: 'q',
      store: openStore(where),
      lease: 5_000,
      handler: (_, { attempt }) => `ours, attempt ${attempt}`,
    })
    expect((await job.watch()).result).toBe('ours, attempt 2')
    child.kill('SIGCONT')
    child.stdin.write('end\n')
    await expect.poll(() => lines.some((line) => line.startsWith('warning A late result'))).toBe(true)
    expect((await other.job(job.id)).result).toBe('ours, attempt 2')
    await other.idle()
    expect(await other.counts()).toMatchObject({ finished: 2, failed: 0, underway: 0 })
    child.stdin.write('stop\n')
    expect((await ended)[0]).toBe(0)
  } finally {
    child.kill('SIGKILL')
    await ended
  }
})
