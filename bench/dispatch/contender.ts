import { median } from '../measure.ts'
import { type Contest, CONTESTS, perSecond } from './contenders.ts'

// One contender in a process of its own: told how many jobs, and how many times, it says how many of them a second it has done.

const [contest, name] = process.argv.slice(2) as [Contest, string]
const makeQueue = await CONTESTS[contest][name]!()
// Until the compiler has seen enough of it, and the heap has the size that it needs: as in a program that has run for a while.
for (let i = 0; i < 15; i++) await perSecond(100_000, makeQueue())
process.on('message', ([jobs, times]: [jobs: number, times: number]) => {
  // Once: the heap is small after it, and those who are measured by the millisecond would pay for it each time.
  globalThis.gc?.()
  void repeat(jobs, times).then((figure) => process.send!(figure))
})
async function repeat(jobs: number, times: number): Promise<number> {
  const figures: number[] = []
  for (let i = 0; i < times; i++) figures.push(await perSecond(jobs, makeQueue()))
  return median(figures)
}
process.send!('ready')
