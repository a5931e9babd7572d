import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

// Everything that somebody might import.
const beside = './own.ts'
const inCore = ['clock', 'errors', 'index'].map((file) => `../${file}.ts`)
const inFolder = (name: string): string => `../${name}/own.ts`
const folders = ['deferred', 'structures', 'combine', 'hold', 'dispatch'].map(inFolder)
const scoped = ['queue', 'sqlite', 'postgres', 'store-tests', 'protocol', 'server']
const packages = ['potoroo', ...scoped.map((name) => `@potoroo/${name}`)]
const programs = ['@potoroo/cli', '@potoroo/sms']
const libraries = ['node:fs', 'zod', 'hono', 'hono/streaming', '@hono/zod-openapi', 'prom-client', 'pg', 'left-pad']
const inside = [
  'potoroo/deferred', 'potoroo/src/index.ts', '@potoroo/queue/store', '@potoroo/queue/src/store.ts',
  '../src/own.ts', '../dist/own.js', '../../queue/src/store.ts', '../../../packages/queue/dist/store.js',
]
const everything = [beside, ...inCore, ...folders, ...packages, ...programs, ...libraries, ...inside]

// Who may import what of it.
const itself = [beside, ...inCore, ...folders]
const knownToAllOfCore = [beside, '../clock.ts', '../errors.ts']
const knowsDeferred = [...knownToAllOfCore, inFolder('deferred')]
const store = [...itself, 'node:fs', 'potoroo', '@potoroo/queue']
const anyEntry = [...itself, ...packages, ...libraries]

const allowed: Record<string, readonly string[]> = {
  'packages/core/src/clock.ts': [],
  'packages/core/src/errors.ts': [],
  'packages/core/src/index.ts': [beside],
  'packages/core/src/deferred/some.ts': knownToAllOfCore,
  'packages/core/src/structures/some.ts': knowsDeferred,
  'packages/core/src/combine/some.ts': knowsDeferred,
  'packages/core/src/hold/some.ts': knowsDeferred,
  'packages/core/src/dispatch/some.ts': [...knowsDeferred, inFolder('structures')],
  'packages/queue/src/some.ts': [...itself, 'node:fs', 'potoroo'],
  'packages/sqlite/src/some.ts': store,
  'packages/postgres/src/some.ts': [...store, 'pg'],
  'packages/store-tests/src/some.ts': store,
  'packages/protocol/src/some.ts': [...itself, 'zod'],
  'packages/server/src/some.ts': [
    ...itself, 'node:fs', 'potoroo', '@potoroo/queue', '@potoroo/protocol',
    'hono', 'hono/streaming', 'zod', '@hono/zod-openapi', 'prom-client',
  ],
  'apps/sms/src/some.ts': anyEntry,
  'apps/sms/test/some.test.ts': [...anyEntry, '../src/own.ts'], // an app has no public entry
  'packages/core/test/some.test.ts': anyEntry,
  'test/some.test.ts': anyEntry,
  'bench/some.ts': anyEntry,
}

/** Every way to import. `import()` of a name made up at run time is beyond a lint. */
const forms = [
  "import { a } from 'zod'",
  "import type { b } from 'zod'",
  "import 'zod'",
  "export * from 'zod'",
  "export { c } from 'zod'",
  "import d = require('zod')",
  "void import('zod')",
]

/** The lines that the lint refuses, by file: all are linted at once, in a repository of their own. */
let refused: Map<string, string[]>

beforeAll(async () => {
  const imports = everything.map((specifier) => `import '${specifier}'`)
  refused = await lint({
    ...Object.fromEntries(Object.keys(allowed).map((file) => [file, imports])),
    'packages/queue/src/forms.ts': forms,
  })
})

test.each(Object.entries(allowed))('%s imports what it may, and nothing else', (file, specifiers) => {
  const wrong = everything.filter((specifier) => !specifiers.includes(specifier))
  expect(refused.get(file)).toEqual(wrong.map((specifier) => `import '${specifier}'`))
})

test('every form of import is checked', () => {
  expect(refused.get('packages/queue/src/forms.ts')).toEqual(forms)
})

test('every package has its line in the rule', async () => {
  const ruled = (name: string): boolean => Object.keys(allowed).some((file) => file.startsWith(`packages/${name}/src/`))
  const free = ['cli'] // may import anything
  expect((await readdir(join(root, 'packages'))).filter((name) => !ruled(name) && !free.includes(name))).toEqual([])
})

async function lint(files: Record<string, readonly string[]>): Promise<Map<string, string[]>> {
  const folder = await mkdtemp(join(tmpdir(), 'import-rule-'))
  try {
    await cp(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'))
    for (const [file, lines] of Object.entries(files)) {
      await mkdir(dirname(join(folder, file)), { recursive: true })
      await writeFile(join(folder, file), lines.join('\n'))
    }
    const found = (await diagnostics(folder)).filter(({ code }) => code === 'eslint(no-restricted-imports)')
    const linesOf = (file: string): Set<number | undefined> =>
      new Set(found.filter(({ filename }) => filename === file).map(({ labels }) => labels[0]?.span.line))
    const wrong = ([file, lines]: [string, readonly string[]]): [string, string[]] => [
      file,
      lines.filter((_, i) => linesOf(file).has(i + 1)),
    ]
    return new Map(Object.entries(files).map(wrong))
  } finally {
    await rm(folder, { recursive: true })
  }
}

interface Diagnostic {
  code: string
  filename: string
  labels: { span: { line: number } }[]
}

function diagnostics(folder: string): Promise<Diagnostic[]> {
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint')
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [oxlint, '--format=json'], { cwd: folder, maxBuffer: 2 ** 26 }, (_, stdout, stderr) => {
      if (stdout.startsWith('{')) resolve(JSON.parse(stdout).diagnostics)
      else reject(new Error(stdout + stderr))
    })
  })
}
