/** What the store uses of a connection of `pg`. */
export interface ClientLike {
  query(config: {
    readonly text: string
    readonly values?: unknown[]
    readonly rowMode?: 'array'
    readonly types?: { getTypeParser(oid: number): (text: string) => unknown }
  }): Promise<{ readonly rows: unknown[] }>
  on(event: 'error' | 'end' | 'notification', listener: (...values: unknown[]) => void): unknown
  removeListener(event: 'error' | 'end' | 'notification', listener: (...values: unknown[]) => void): unknown
}

/** What the store uses of a pool of `pg`: any `Pool` will do. */
export interface PoolLike {
  connect(): Promise<ClientLike & { release(destroy?: boolean): void }>
  on(event: 'error', listener: (...values: unknown[]) => void): unknown
  removeListener(event: 'error', listener: (...values: unknown[]) => void): unknown
  end(): Promise<void>
  readonly options: { readonly max?: number | undefined }
}
