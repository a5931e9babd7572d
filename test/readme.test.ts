import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

test('the code in the README works when it is pasted, and prints what it says', () => {
  const code = /```ts\n([\s\S]*?)```/.exec(readFileSync('README.md', 'utf8'))?.[1] ?? ''
  const printed = /console\.log\(.*\/\/ '(.*)'/.exec(code)?.[1]
  const folder = mkdtempSync(join(tmpdir(), 'potoroo-readme-'))
  try {
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
    writeFileSync(join(folder, 'example.mts'), code)
    const said = execFileSync(process.execPath, ['--conditions=potoroo-source', 'example.mts'], { cwd: folder, encoding: 'utf8' })
    expect(said.trimEnd()).toBe(printed)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
