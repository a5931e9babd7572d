import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { NotHere, type Scenario } from '../scenario.ts'
import { FOREVER, sleep, Workshop } from '../workshop.ts'
import { someLimits } from './limits.ts'

/** Somebody with no rights. */
const NOBODY = 65_534

/** The file may not be written any more: whoever comes is told, whoever is there goes on when it may be written again. */
export const readOnly: Scenario = {
  name: 'read-only',
  about: 'the database is made read-only, for programs that start and (as root) for those that run',
  async run(random, options) {
    const code = /ERR_STORE_(READONLY|IO|OPEN)/
    await using shop = await Workshop.open({
      ...options,
      random,
      ...someLimits(random),
      kinds: ['quick', 'slow'],
      mayWarn: code,
      mayRefuse: code,
    })
    const { file } = shop
    if (file === undefined) throw new NotHere('Only a file has rights')
    await Promise.all([1, 2].map(() => shop.start({ puts: FOREVER, backlog: 50 })))
    const faults: string[] = []
    for (let times = options.short ? 1 : 5; times > 0; times--) {
      await sleep(random.between(50, 300))
      if (process.getuid?.() === 0) {
        setImmutable(file, true)
        try {
          await sleep(random.between(100, options.short ? 400 : 3_000))
        } finally {
          setImmutable(file, false)
        }
        const said = shop.workers.flatMap(({ lines }) => lines).filter((line) => line.type === 'refused' || line.type === 'warning')
        if (said.length === 0) faults.push('Nobody was told that the file could not be written')
      } else options.log('  not as root: programs that run keep their right to write')
      const { finished } = (await shop.queue.status()).counts
      const stalled = await shop.until(({ counts }) => counts.finished >= finished + 20)
      if (stalled !== undefined) faults.push(stalled)
      faults.push(...(await shutOut(shop, file)))
    }
    return [...faults, ...(await shop.end())]
  },
}

/** A program that comes while the file may only be read ends with a clear error; once it may be written, another is at work. */
async function shutOut(shop: Workshop, file: string): Promise<string[]> {
  const isRoot = process.getuid?.() === 0
  const folder = dirname(file)
  const files = readdirSync(folder).map((name) => join(folder, name))
  // The folders above are ours alone: somebody else must get through them.
  if (isRoot) chmodSync(dirname(folder), 0o777)
  const faults: string[] = []
  chmodSync(folder, 0o555)
  for (const each of files) if (existsSync(each)) chmodSync(each, 0o444)
  const stranger = shop.spawn({}, { uid: isRoot ? NOBODY : undefined })
  const status = await stranger.ended
  if (/MODULE_NOT_FOUND|EACCES.*node_modules|Permission denied/.test(stranger.errors)) throw new NotHere(`Nobody else may run this: ${stranger.errors}`)
  if (status === 0 || !/ERR_STORE_(READONLY|OPEN)/.test(stranger.errors)) {
    faults.push(`A program that could only read ended with ${status}: ${stranger.errors}`)
  }
  chmodSync(folder, 0o755)
  for (const each of files) if (existsSync(each)) chmodSync(each, 0o600)
  if (isRoot) chownSync(folder, 0, 0)
  await shop.start()
  return faults
}

/** Not even those who have opened a file can write it then; nor can anybody make another in its place. */
function setImmutable(file: string, immutable: boolean): void {
  const files = [file, `${file}-wal`].filter((each) => existsSync(each))
  const { status, stderr, error } = spawnSync('chattr', [immutable ? '+i' : '-i', ...files], { encoding: 'utf8' })
  if (status !== 0) throw new NotHere(`The file system does not know of immutable files: ${stderr || error?.message}`)
}
