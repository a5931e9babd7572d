interface Runtime {
  readonly process?: { emitWarning?(message: string, options: { type: string; code: string }): void }
  readonly console: { warn(...data: unknown[]): void }
}
const runtime = globalThis as unknown as Runtime

/** A queue's warning, if nobody else wants to have it. */
export function warn({ message, name, code }: { readonly message: string; readonly name: string; readonly code: string }): void {
  if (runtime.process?.emitWarning) runtime.process.emitWarning(message, { type: name, code })
  else runtime.console.warn(`${name}: ${message}`)
}
