export { postgresStore, type PostgresOptions } from './postgres-store.ts'
export type { PoolLike, ClientLike } from './pool.ts'
