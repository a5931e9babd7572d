import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as potoroo from 'potoroo'
import { expect, test } from 'vitest'
import { pageExamples } from './examples.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** What `pattern` finds in the files of `glob`, each once, in order. */
function found(glob: string, pattern: RegExp): string[] {
  const texts = globSync(glob, { cwd: root }).map((path) => readFileSync(`${root}${path}`, 'utf8'))
  return [...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1] as string)))].sort()
}

test.each([
  ['combining', 'combine', ['ERR_INVALID_TIME']],
  ['holding', 'hold', ['ERR_INVALID_SIGNAL', 'ERR_INVALID_TIME']],
])('the reference on %s lists every code that its functions throw or fail with, and no others', (page, folder, others) => {
  const listed = found(`docs/reference/${page}.md`, /^\| `(ERR_\w+)` \|/gm)
  const inDocstrings = found(`packages/core/src/${folder}/*.ts`, /^ +\* .*\b(?:Error|Group) (ERR_\w+)/gm)
  const made = found(`packages/core/src/${folder}/*.ts`, /'(ERR_\w+)'/g)
  // The others are made by what these rooms share with all.
  expect(listed).toEqual([...new Set([...made, ...others])].sort())
  expect(listed).toEqual(expect.arrayContaining(inDocstrings))
})

test.each([
  ['combining', 'Combining'],
  ['holding', 'Holding calls'],
])('the reference on %s has an executed example of everything that is exported', (page, title) => {
  const index = readFileSync(`${root}packages/core/src/index.ts`, 'utf8')
  const section = index.slice(index.indexOf(`// ${title}\n`)).split('\n\n')[0] as string
  const names = [...section.matchAll(/\b\w+\b/g)].map(([name]) => name).filter((name) => typeof Reflect.get(potoroo, name) === 'function')
  expect(names.length).toBeGreaterThan(8)
  const code = pageExamples(root, 'docs/reference')
    .filter((example) => example.title.includes(`/${page}.md`))
    .map((example) => example.code)
    .join('\n')
  // Errors are in the table.
  const functions = names.filter((name) => !/Error$|Group$/.test(name))
  expect(functions.filter((name) => !new RegExp(`\\b${name}\\b`).test(code))).toEqual([])
})
