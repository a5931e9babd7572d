import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

function codes(text: string): string[] {
  return [...new Set(text.match(/ERR_[A-Z_]+/g))].sort()
}

test('the reference of the structures lists every error that they name, and no other', () => {
  const page = readFileSync(join(root, 'docs/reference/structures.md'), 'utf8')
  const sources = globSync('packages/core/src/structures/*.ts', { cwd: root }).map((path) => readFileSync(join(root, path), 'utf8'))
  expect(sources.length).toBeGreaterThan(10)
  expect(codes(page.slice(page.indexOf('## Errors')))).toEqual(codes(sources.join('\n')))
})
