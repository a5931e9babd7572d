import { HELPERS } from './sql/helpers.ts'
import { RUN } from './sql/run.ts'
import { SESSIONS } from './sql/sessions.ts'
import { TABLES } from './sql/tables.ts'
import { TRANSACTIONS } from './sql/transactions.ts'

/**
 * The schema's shape, as numbered steps that are only ever added to. The table `potoroo_migrations` says how many have been
 * taken, and marks the schema as ours. They run with the schema as the search path.
 */
export const MIGRATIONS: readonly string[] = [TABLES + HELPERS + RUN + TRANSACTIONS + SESSIONS]
