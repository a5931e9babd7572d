import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Example {
  /** The file and line where it starts. */
  readonly title: string
  readonly code: string
}

/** Every `@example` in the docstrings under `folder`. */
export function docstringExamples(root: string, folder: string): Example[] {
  return files(root, `${folder}/**/*.ts`).flatMap(({ path, lines }) => {
    const examples: Example[] = []
    lines.forEach((line, i) => {
      const indent = /^(\s*\* )@example$/.exec(line)?.[1]
      if (indent === undefined) return
      const rest = lines.slice(i + 1)
      const end = rest.findIndex((next) => /^\s*\*(\/| @)/.test(next))
      examples.push({ title: `${path}:${i + 2}`, code: rest.slice(0, end).map((next) => next.slice(indent.length)).join('\n') })
    })
    return examples
  })
}

/** Every block marked `ts` in the pages under `folder`. */
export function pageExamples(root: string, folder: string): Example[] {
  return files(root, `${folder}/**/*.md`).flatMap(({ path, lines }) => {
    const examples: Example[] = []
    lines.forEach((line, i) => {
      if (line !== '```ts') return
      const rest = lines.slice(i + 1)
      examples.push({ title: `${path}:${i + 2}`, code: rest.slice(0, rest.indexOf('```')).join('\n') })
    })
    return examples
  })
}

function files(root: string, pattern: string): { path: string; lines: string[] }[] {
  const paths = globSync(pattern, { cwd: root }).sort()
  return paths.map((path) => ({ path, lines: readFileSync(join(root, path), 'utf8').split('\n') }))
}

/**
 * Turns what examples say into checks, where it is said in one of two ways, at the end of a line that is a statement:
 * `… // name is value`, and `expression // fires with value`.
 */
export function withChecks(code: string): string {
  return code
    .split('\n')
    .map((line) => {
      const is = /^(.*\S) \/\/ (\w+) is (.+)$/.exec(line)
      if (is) return `${is[1]}\n_same(${is[2]}, ${is[3]})`
      const fires = /^(\w.*\)) \/\/ fires with (.+)$/.exec(line)
      return fires ? `_same(await (${fires[1]}), ${fires[2]})` : line
    })
    .join('\n')
}
