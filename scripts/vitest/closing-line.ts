import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node'

/**
 * Ends the run with one plain line, for programs that read logs: `N passed, N failed`, and `, N skipped` if any were.
 * What failed outside of any test (a file that doesn't load, a hook, an unhandled rejection) counts as failed, too.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[], reason: TestRunEndReason): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length
    const groups = modules.flatMap((module) => [module, ...module.children.allSuites()])
    const outside = groups.filter((group) => group.errors().length > 0).length + unhandled.length
    const failed = Math.max(count('failed') + outside, reason === 'passed' ? 0 : 1)
    const skipped = count('skipped') === 0 ? '' : `, ${count('skipped')} skipped`
    // At exit, because the other reporters have not finished yet.
    process.once('exit', () => process.stdout.write(`${count('passed')} passed, ${failed} failed${skipped}\n`))
  }
}
