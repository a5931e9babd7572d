import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NotHere } from '../scenario.ts'
import type { WorkerProcess } from '../work/worker-process.ts'

/** A way to let a store have no more room. */
export interface Shortage extends Disposable {
  readonly how: string
  /** Where the store is to be; undefined: anywhere. */
  readonly folder: string | undefined
  begin(workers: readonly WorkerProcess[], file: string): void
  end(workers: readonly WorkerProcess[]): void
}

const MEGABYTE = 2 ** 20

/** A small file system in memory, which somebody else fills up. Needs the right to mount one. */
export function smallDisk(): Shortage {
  const folder = mkdtempSync(join(tmpdir(), 'potoroo-disk-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=0700', 'tmpfs', folder], { encoding: 'utf8' })
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true, force: true })
    throw new NotHere(`No small file system can be mounted: ${mounted.stderr || mounted.error?.message}`)
  }
  const hog = join(folder, 'hog')
  return {
    how: 'a file system of 24 MB that is full',
    folder,
    begin() {
      // To the last page: what does not fit as a whole may fit in part.
      for (let size = 24 * MEGABYTE; size >= 4096; size >>= 1) {
        try {
          while (true) writeFileSync(hog, Buffer.alloc(size), { flag: 'a' })
        } catch (error) {
          if ((error as { code?: unknown }).code !== 'ENOSPC') throw error
        }
      }
    },
    end: () => rmSync(hog),
    [Symbol.dispose]() {
      spawnSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Files may not grow beyond what they are: a commit is cut short in the middle of a write. */
export function quota(): Shortage {
  const set = ({ pid }: WorkerProcess, bytes: string): void => {
    const { status, stderr, error } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`], { encoding: 'utf8' })
    if (status !== 0) throw new NotHere(`No limit can be set for the size of files: ${stderr || error?.message}`)
  }
  return {
    how: 'a limit for the size of files',
    folder: undefined,
    begin: (workers, file) => {
      const size = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0
      // In the middle of a page, so that the log ends with half of one.
      for (const worker of workers) set(worker, String(Math.max(size, 1) + 1_000))
    },
    end: (workers) => {
      for (const worker of workers) set(worker, 'unlimited')
    },
    [Symbol.dispose]: () => undefined,
  }
}
