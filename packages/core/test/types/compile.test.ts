import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const here = import.meta.dirname
const modules = fileURLToPath(new URL('../../../../node_modules/', import.meta.url))

function compile(typescript: string): Promise<string> {
  const args = [`${modules}${typescript}/bin/tsc`, '-p', here]
  return new Promise((resolve) => execFile(process.execPath, args, (_, stdout, stderr) => resolve(stdout + stderr)))
}

describe('the type of a chain follows through every method', () => {
  test.each(['typescript-5.9', 'typescript-6', 'typescript'])('under %s', { timeout: 120_000 }, async (typescript) => {
    expect(await compile(typescript)).toBe('')
  })

  test('in more than forty expressions', () => {
    expect(readFileSync(`${here}/deferred.ts`, 'utf8').match(/\btype</g)?.length).toBeGreaterThan(40)
  })
})
