import { byId, setText } from './dom.ts'
import { ApiProblem } from './admin-api.ts'

type Kind = 'command' | 'reading'

let shown: Kind | undefined

/**
 * Does what the admin asked for. What goes wrong is shown at the top of the page: until the next command if it was one, and
 * until reading works again if it was that, which goes on all the time.
 */
export async function attempt<T>(work: () => Promise<T>, kind: Kind = 'command'): Promise<T | undefined> {
  try {
    const result = await work()
    if (kind === 'command' || shown === 'reading') show('', undefined)
    return result
  } catch (error) {
    if (kind === 'command' || shown !== 'command') {
      show(error instanceof ApiProblem ? error.message : 'The service cannot be reached.', kind)
    }
    return undefined
  }
}

function show(problem: string, kind: Kind | undefined): void {
  shown = kind
  const banner = byId('problem')
  setText(banner, problem)
  banner.hidden = problem === ''
}
