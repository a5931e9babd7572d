import { type Contest, CONTESTS, perSecond } from './contenders.ts'

// One contender in a process of its own: told how many jobs, it says how many of them a second it has done.

const [contest, name] = process.argv.slice(2) as [Contest, string]
const makeQueue = await CONTESTS[contest][name]!()
// Until the compiler has seen enough of it, and the heap has the size that it needs: as in a program that has run for a while.
for (let i = 0; i < 15; i++) await perSecond(100_000, makeQueue())
process.on('message', (jobs: number) => {
  globalThis.gc?.()
  void perSecond(jobs, makeQueue()).then((figure) => process.send!(figure))
})
process.send!('ready')
