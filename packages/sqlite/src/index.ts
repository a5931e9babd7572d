export { sqliteStore, type SqliteOptions } from './sqlite-store.ts'
export type { Durability } from './database.ts'
