import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { postgresStore } from '@potoroo/postgres'
import { PostgresServer } from '../test/postgres-server.ts'
import { interleaved, type Row } from './measure.ts'
import { cancelToAbort, inTwoProcesses, putToStart, quiet, type Question } from './processes/two-processes.ts'

const TIMES = 10

/** From one process to another, there and back by a pipe: so the pipe's time is in the figures, too. */
export async function rows(): Promise<Row[]> {
  await using server = await PostgresServer.start(['fsync=on', 'full_page_writes=on'])
  const ways = ['notes', 'no notes'] as const
  const contenders = ways.flatMap((way) => QUESTIONS.map(({ what, measure }) => ({ name: `${way}: ${what}`, run: () => onOneServer(server, way, measure) })))
  const figures = await interleaved(contenders)
  const row = (what: string, ours: number, most: number): Row => ({ what, unit: 'ms', ours, peers: [], target: `≤ ${most} ms`, met: ours <= most })
  return [
    ...QUESTIONS.map(({ what, most }) => row(`PostgreSQL, ${what}, in another process`, figures.get(`notes: ${what}`)!, most)),
    ...QUESTIONS.map(({ what }) => row(`PostgreSQL behind a pooler that lets no notes through, ${what}, in another process`, figures.get(`no notes: ${what}`)!, 100)),
  ]
}

const QUESTIONS: readonly { readonly what: string; readonly most: number; readonly measure: Question }[] = [
  {
    what: 'idle put → handler starts',
    most: 10,
    measure: putToStart,
  },
  {
    what: 'cancel → signal of the handler aborted',
    most: 100,
    measure: cancelToAbort,
  },
  {
    what: 'pause → it is known',
    most: 100,
    async measure(queue, heard) {
      const figure = await heard.after('[10,null,true]', () => queue.update({ paused: true }))
      await heard.next('[10,null,false]', () => queue.update({ paused: false }))
      return figure
    },
  },
  {
    what: 'resume → a handler starts',
    most: 100,
    async measure(queue, heard) {
      await heard.next('[10,null,true]', () => queue.update({ paused: true }))
      await queue.put({ waits: false })
      await quiet()
      return heard.after('started', () => queue.update({ paused: false }))
    },
  },
  {
    what: 'wider → a handler starts',
    most: 100,
    async measure(queue, heard) {
      await heard.next('[0,null,false]', () => queue.update({ width: 0 }))
      await queue.put({ waits: false })
      await quiet()
      return heard.after('started', () => queue.update({ width: 10 }))
    },
  },
  {
    what: 'narrower → it is known',
    most: 100,
    async measure(queue, heard) {
      const figure = await heard.after('[3,null,false]', () => queue.update({ width: 3 }))
      await heard.next('[10,null,false]', () => queue.update({ width: 10 }))
      return figure
    },
  },
  {
    what: 'another rate → it is known',
    most: 100,
    async measure(queue, heard) {
      const figure = await heard.after('[10,{"limit":5,"per":1000},false]', () => queue.update({ rate: { limit: 5, per: 1_000 } }))
      await heard.next('[10,null,false]', () => queue.update({ rate: null }))
      return figure
    },
  },
]

function onOneServer(server: PostgresServer, way: 'notes' | 'no notes', question: Question): Promise<number> {
  const worker = fork(fileURLToPath(new URL('./postgres/worker.ts', import.meta.url)), [server.url(), way])
  const store = postgresStore({ connectionString: server.url() })
  return inTwoProcesses(worker, { name: 'bench', store, width: 10 }, TIMES, question)
}
