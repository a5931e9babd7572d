import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ERROR_CODES } from '@potoroo/protocol'
import { describe, expect, test } from 'vitest'

// Three things name codes: the code of the packages, its docstrings, and the one table of the reference. They must agree.

const root = fileURLToPath(new URL('..', import.meta.url))
const page = 'docs/reference/errors.md'

interface Row {
  readonly code: string
  /** The classes of the error, and its status over HTTP. */
  readonly classes: string
  readonly when: string
  readonly cure: string
}

interface Source {
  readonly path: string
  readonly code: string
  readonly comments: string
}

const rows = tableOf(page)
const known = new Map(rows.map((row) => [row.code, row]))
const sources = globSync('packages/*/src/**/*.ts', { cwd: root }).sort().map(read)
const core = sources.filter(({ path }) => path.startsWith('packages/core/'))

/** What the failure of a test names, so that whoever has added a code knows what is missing where. */
const missing: string[] = []
const made = new Set<string>()
for (const { path, code } of sources) {
  for (const [found] of code.matchAll(/(?<=['"])ERR_\w+(?=['"])|\bERR_\w+(?=:)/g)) {
    if (!made.has(found) && !known.has(found)) missing.push(`${found} of ${path} has no row in ${page}`)
    made.add(found)
  }
}

test('every code that a package can give has a row in the table of the reference', () => {
  expect(made.size).toBeGreaterThan(60)
  expect(missing).toEqual([])
})

test('every code in the table can be given by a package', () => {
  expect(rows.map(({ code }) => code).filter((code) => !made.has(code))).toEqual([])
})

test('every code stands in the table once, with when it comes and what to do about it', () => {
  const codes = rows.map(({ code }) => code)
  expect(codes.filter((code, i) => codes.indexOf(code) !== i)).toEqual([])
  expect(rows.filter(({ classes, when, cure }) => classes === '' || when === '' || cure === '')).toEqual([])
})

describe('in the core', () => {
  const throwing = core.flatMap(madeIn)

  /** Of a code that has no row nothing is to be said but that. */
  const agrees = ({ code, type }: { code: string; type: string }): boolean =>
    known.get(code)?.classes.includes(`\`${type}\``) ?? true

  test('every code comes with the class that the table gives it', () => {
    expect(throwing.length).toBeGreaterThan(30)
    const wrong = throwing.filter((one) => !agrees(one))
    expect(wrong.map(({ path, code, type }) => `${code} is a ${type} in ${path}`)).toEqual([])
  })

  test('every class that the table gives a code is one that it comes with', () => {
    // Some come with another class from a durable queue.
    const all = sources.flatMap(madeIn).map(({ code, type }) => `${code} \`${type}\``)
    const ours = rows.filter(({ code }) => throwing.some((one) => one.code === code))
    const stated = ours.flatMap(({ code, classes }) => (classes.match(/`\w+`/g) ?? []).map((type) => `${code} ${type}`))
    expect(stated.filter((one) => !all.includes(one))).toEqual([])
  })

  test('every docstring that names a code names its class, too', () => {
    const stated = core.flatMap(({ path, comments }) =>
      [...comments.matchAll(/@throws (\w+) ((?:ERR_\w+(?:, | or | and )?)+)/g)].flatMap(([, type = '', codes = '']) =>
        [...codes.matchAll(/ERR_\w+/g)].map(([code]) => ({ path, code, type })),
      ),
    )
    expect(stated.length).toBeGreaterThan(15)
    expect(stated.filter((one) => !agrees(one))).toEqual([])
  })

  test('no error is made without a code', () => {
    // The one exception is not thrown: its stack is what it is made for.
    const bare = core.flatMap(({ path, code }) =>
      [...code.matchAll(/new (?:Type|Range)?Error\((?!\)\.stack)/g)].map(([found]) => `${path}: ${found}`),
    )
    expect(bare).toEqual([])
  })
})

test('every code that the HTTP API answers with has its status in the table', () => {
  const wrong = Object.entries(ERROR_CODES).filter(([code, { status }]) => !known.get(code)?.classes.includes(`HTTP ${status}`))
  expect(wrong).toEqual([])
})

test('every code that another page names is in the table', () => {
  const pages = globSync(['docs/**/*.md', 'README.md'], { cwd: root }).filter((path) => path !== page)
  const named = pages.flatMap((path) => [...text(path).matchAll(/`(ERR_\w+)`/g)].map(([, code = '']) => ({ path, code })))
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter(({ code }) => !known.has(code))).toEqual([])
})

/** The errors that a file makes: by `usageError`, or in the constructor of a class. */
function madeIn({ path, code: text }: Source): { path: string; code: string; type: string }[] {
  return [...text.matchAll(/(=== )?'(ERR_\w+)'/g)].flatMap(({ 1: compared, 2: code = '', index }) => {
    if (compared !== undefined) return []
    const before = text.slice(0, index)
    const type = /usageError\(\s*(\w+),\s*$/.exec(before)?.[1] ?? [...before.matchAll(/\bclass (\w+)/g)].at(-1)?.[1] ?? 'nothing'
    return [{ path, code, type }]
  })
}

function tableOf(path: string): Row[] {
  return text(path)
    .split('\n')
    .flatMap((line) => {
      const [code, classes = '', when = '', cure = ''] = line.split('|').slice(1, -1).map((cell) => cell.trim())
      const name = /^`(ERR_\w+)`$/.exec(code ?? '')?.[1]
      return name === undefined ? [] : [{ code: name, classes, when, cure }]
    })
}

function read(path: string): Source {
  const isComment = (line: string): boolean => /^\s*(\/\/|\/\*|\*)/.test(line)
  const lines = text(path).split('\n')
  return {
    path,
    code: lines.filter((line) => !isComment(line)).join('\n'),
    comments: lines.filter(isComment).join('\n').replaceAll(/\n\s*\* (?!@)/g, ' '),
  }
}

function text(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
