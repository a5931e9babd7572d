import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll } from 'vitest'

// A test file that leaves a timer, a socket, a server, a child process or a listener on the process behind fails: what keeps
// the tests' process alive would keep a user's program alive, too, and what listens to its end would hold on to what it ends.
// (A pending promise does neither.)

// Taken here, and not in a beforeAll, when a timer of Vitest's own may be running.
const before = active()

afterAll(async () => {
  // What is going down gets a moment to be gone.
  for (let tries = 0; leaked().length > 0; tries++) {
    if (tries === 100) throw new Error(`The tests of this file left behind: ${leaked().join(', ')}.`)
    await sleep(10)
  }
})

function leaked(): string[] {
  return [...active()].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map(([kind]) => kind)
}

/** What keeps this process alive, and who listens to it, counted by kind. */
function active(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  for (const event of process.eventNames()) {
    // Unhandled failures are reported at the exit, and whoever has ever failed stays for that.
    if (event !== 'exit') counts.set(`listeners to '${String(event)}'`, process.listenerCount(event))
  }
  return counts
}
