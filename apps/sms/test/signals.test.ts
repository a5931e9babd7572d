import { EventEmitter } from 'node:events'
import { ManualClock } from 'potoroo'
import { expect, test } from 'vitest'
import { stopOnSignals } from '../src/signals.ts'

function setUp() {
  const clock = new ManualClock()
  const exits: number[] = []
  let finish = (): void => {}
  const stopped = new Promise<void>((resolve) => (finish = resolve))
  const signalled = Object.assign(new EventEmitter(), { exit: (status: number) => void exits.push(status) })
  let stops = 0
  stopOnSignals(
    () => {
      stops++
      return stopped
    },
    signalled,
    clock,
  )
  return { clock, exits, finish, stopped, signalled, stops: () => stops }
}

test.each(['SIGTERM', 'SIGINT'])('%s stops, and exits with 0 once that is done', async (signal) => {
  const { exits, finish, stopped, signalled } = setUp()
  signalled.emit(signal, signal)
  expect(exits).toEqual([])
  finish()
  await stopped
  expect(exits).toEqual([0])
})

test('signals of one moment are one wish', () => {
  const { clock, exits, signalled, stops } = setUp()
  signalled.emit('SIGINT', 'SIGINT')
  signalled.emit('SIGINT', 'SIGINT')
  clock.advance(1_000)
  signalled.emit('SIGTERM', 'SIGTERM')
  expect(exits).toEqual([])
  expect(stops()).toBe(1)
})

test('a later one stops at once', () => {
  const { clock, exits, signalled } = setUp()
  signalled.emit('SIGINT', 'SIGINT')
  clock.advance(1_001)
  signalled.emit('SIGINT', 'SIGINT')
  expect(exits).toEqual([130])
})
