import { build } from '../setup/build.mjs'
import { underLock } from '../setup/lock.mjs'
import { say } from '../setup/say.mjs'

/**
 * Tests that start real processes start them from dist: builds it once, however vitest was called. A failure stops
 * `npm test` before it comes here; whoever calls vitest by hand, in the middle of a change, wants the other tests to run.
 */
export default (): Promise<void> =>
  underLock(build).catch(({ message }: Error) => say(`${message} TESTS THAT START PROCESSES START AN OLD BUILD.`))
