import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MEGABYTE = 2 ** 20

/** A small file system in memory, which somebody else fills up. Needs the right to mount one. */
export class SmallDisk implements Disposable {
  readonly path: string

  /** @throws Error if none can be made here */
  constructor(megabytes: number) {
    this.path = mkdtempSync(join(tmpdir(), 'potoroo-small-disk-'))
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0755`, 'tmpfs', this.path], { encoding: 'utf8' })
    if (mounted.status === 0) return
    rmSync(this.path, { recursive: true, force: true })
    throw new Error(mounted.stderr.trim() || mounted.error?.message)
  }

  /** Why this machine lets nobody make one, if it does not: found out by making one. */
  static whyNot(): string | undefined {
    try {
      using _ = new SmallDisk(1)
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }

  /** To the last page: what does not fit as a whole may fit in part. */
  fill(): void {
    for (let size = MEGABYTE; size >= 4096; size >>= 1) {
      try {
        for (;;) writeFileSync(this.#hog, Buffer.alloc(size), { flag: 'a' })
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ENOSPC') throw error
      }
    }
  }

  makeRoom(): void {
    rmSync(this.#hog)
  }

  get #hog(): string {
    return join(this.path, 'hog')
  }

  [Symbol.dispose](): void {
    spawnSync('umount', ['-l', this.path])
    rmSync(this.path, { recursive: true, force: true })
  }
}
