import { spawn } from 'node:child_process'

/**
 * If this process is killed, something that it has started is sent a signal: one that stands still cannot notice by itself, and one that
 * is not made for it does not look.
 *
 * @param target a process, or, as a negative number, a group of them
 * @returns releases it; to be called when the target has ended
 */
export function guard(target: number, signal: 'CONT' | 'KILL'): () => void {
  // The shell hears of it by its input, which the system closes whatever we die of. A kill of our group does not reach it.
  const shell = spawn('sh', ['-c', 'read -r released || kill -s "$1" -- "$0"', String(target), signal], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  shell.on('error', () => undefined)
  shell.stdin.on('error', () => undefined)
  shell.unref()
  return () => void shell.stdin.end('released\n')
}
