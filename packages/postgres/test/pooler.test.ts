import { describe } from 'vitest'
import { tool } from '../../../scripts/vitest/tools.ts'
import { Pooler } from './pooler.ts'
import { wholeSuite } from './whole-suite.ts'

const program = tool('PGBOUNCER', 'the suite behind PgBouncer')

describe.skipIf(program === undefined)('behind PgBouncer in transaction mode', () => {
  wholeSuite(({ port }) => Pooler.before(port, program!))
})
