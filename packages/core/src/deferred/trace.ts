/** Told what happens to chains, in debug mode. The engine asks one variable whether there is one. */
export interface Tracer {
  made(chain: object): void
  /** `next`: the pair runs next, before those that stand already. */
  added(chain: object, handler: unknown, kind: number, next: boolean): void
  /** The first of its pairs is about to run, or to be passed by. */
  ran(chain: object, failed: boolean): void
  /** The pair with this handler was taken out before it ran. */
  removed(chain: object, handler: unknown): void
  fired(chain: object): void
  cancelled(chain: object): void
  madeAt(chain: object): string | undefined
}

/** Present in debug mode only. */
export let tracer: Tracer | undefined

export function setTracer(next: Tracer | undefined): void {
  tracer = next
}
