/**
 * The path of a tool that a test needs, or nothing: then the test is to be skipped, which is said aloud, and never is so in
 * CI. The configuration sets these variables.
 */
export function tool(variable: 'CHROMIUM' | 'TWISTED_PYTHON' | 'PGBOUNCER' | 'IP', tests: string): string | undefined {
  const path = process.env[variable] ?? ''
  if (path !== '') return path
  if (process.env['CI']) throw new Error(`There is no ${variable}, and in CI no test is skipped`)
  console.warn(`>>> NO ${variable}: "${tests}" IS SKIPPED <<<`)
  return undefined
}
