import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { jQueryFactory } from 'jquery/factory'
import { JSDOM } from 'jsdom'
import * as potoroo from 'potoroo'
import { Deferred, Failure } from 'potoroo'
import { expect, test } from 'vitest'
import { tool } from '../../../../scripts/vitest/tools.ts'

const guide = readFileSync(new URL('../../../../docs/guides/from-twisted-jquery-promises.md', import.meta.url), 'utf8')
const [, fromTwisted = '', fromJQuery = '', fromPromises = ''] = guide.split(/^## /m)

/** The names that a part of the guide does not have in any piece of code. */
function notIn(part: string, names: readonly string[]): string[] {
  const code = [...part.matchAll(/`[^`\n]+`/g)].join(' ')
  return names.filter((name) => !new RegExp(`\\b${name}\\b`).test(code))
}

const twisted = `
import json
from twisted.internet import defer
from twisted.python.failure import Failure
public = lambda thing: [name for name in dir(thing) if not name.startswith("_")]
print(json.dumps([public(defer.Deferred()), defer.__all__, public(Failure)]))
`
/** Python's own, Twisted's insides, and what is said of in one line for all. */
const LEFT_OUT = /^(send|add_note|args|with_traceback|AlreadyTryingToLockError|.*(Traceback|TracebackObject|stack|pickled|cleanFailure|throwExceptionIntoGenerator))$/

const name = 'the guide maps every method of Twisted’s Deferred and Failure, and every name of its module'
const python = tool('TWISTED_PYTHON', name)
test.skipIf(python === undefined)(name, () => {
  const names = JSON.parse(execFileSync(python as string, ['-W', 'ignore', '-c', twisted], { encoding: 'utf8' })) as string[][]
  expect(names.flat().length).toBeGreaterThan(40)
  expect(notIn(fromTwisted, names.flat().filter((one) => !LEFT_OUT.test(one)))).toEqual([])
  expect(notIn(fromTwisted, ['getTraceback', 'printTraceback'])).toEqual([])
})

test('the guide maps every method of jQuery’s Deferred', () => {
  const $ = jQueryFactory(new JSDOM('').window as unknown as Window & typeof globalThis)
  const names = [...Object.keys($.Deferred()), ...Object.keys($.Deferred)]
  expect(names.length).toBeGreaterThan(14)
  expect(notIn(fromJQuery, names)).toEqual([])
})

test('the guide maps every method of Promise', () => {
  const names = [...Object.getOwnPropertyNames(Promise), ...Object.getOwnPropertyNames(Promise.prototype)]
  const methods = names.filter((name) => !['length', 'name', 'prototype', 'constructor'].includes(name))
  expect(methods.length).toBeGreaterThan(9)
  expect(notIn(fromPromises, methods)).toEqual([])
})

test('what the guide maps them onto is there', () => {
  const ours = guide.split('\n').flatMap((line) => /^\|(?:[^|]|\\\|)*\|((?:[^|]|\\\|)*)\|/.exec(line)?.[1] ?? [])
  const calls = ours.flatMap((cell) => [...cell.matchAll(/(?<![.\w])(?:new )?(\w+)\(/g)].map(([, name = '']) => name))
  const methods = ours.flatMap((cell) => [...cell.matchAll(/\bd\.(\w+)/g)].map(([, name = '']) => name))
  expect(calls.length).toBeGreaterThan(20)
  expect(methods.length).toBeGreaterThan(20)
  expect(calls.filter((name) => !(name in potoroo) && name !== 'function')).toEqual([])
  expect(methods.filter((name) => !(name in potoroo.Deferred.prototype))).toEqual([])
})

test('the guide shows every method of a Deferred and of a Failure', () => {
  const names = [Deferred.prototype, Failure.prototype].flatMap(Object.getOwnPropertyNames)
  expect(names.length).toBeGreaterThan(25)
  expect(notIn(guide, names.filter((name) => name !== 'constructor'))).toEqual([])
})

test('the reference shows every method of a Deferred and of a Failure', () => {
  const reference = readFileSync(new URL('../../../../docs/reference/deferred.md', import.meta.url), 'utf8')
  const names = [Deferred.prototype, Failure.prototype].flatMap(Object.getOwnPropertyNames)
  expect(notIn(reference, names.filter((name) => name !== 'constructor'))).toEqual([])
})
