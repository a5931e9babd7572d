import { byId, setText } from './dom.ts'
import { ApiProblem } from './admin-api.ts'

/** Does what the admin asked for; what goes wrong is shown at the top of the page, until something goes right. */
export async function attempt<T>(command: () => Promise<T>): Promise<T | undefined> {
  try {
    const result = await command()
    show('')
    return result
  } catch (error) {
    show(error instanceof ApiProblem ? error.message : 'The service cannot be reached.')
    return undefined
  }
}

function show(problem: string): void {
  const banner = byId('problem')
  setText(banner, problem)
  banner.hidden = problem === ''
}
