import { BatchedStore } from './batched-store.ts'
import type { Engine, EngineQueue } from './engine.ts'
import { MemoryQueue } from './memory-queue.ts'
import type { Declared, Store } from './store.ts'

/**
 * A store in memory: the queue with all it does, for programs that need not outlive themselves, and for tests. What is in
 * it is kept when its last queue is stopped, and there when one is opened again.
 */
export function memoryStore(): Store {
  const engine = new MemoryEngine()
  return new BatchedStore(() => engine, queueMicrotask)
}

class MemoryEngine implements Engine {
  readonly #queues = new Map<string, MemoryQueue>()

  /** Operations say no before they change anything, so there is nothing to be rolled back. */
  transaction(work: () => void): void {
    work()
  }

  openQueue(name: string, declared: Declared): EngineQueue {
    let queue = this.#queues.get(name)
    if (queue === undefined) this.#queues.set(name, (queue = new MemoryQueue(name)))
    queue.declare(declared)
    return queue
  }

  queues(): string[] {
    return [...this.#queues.keys()]
  }

  closeQueue(): void {}
  close(): void {}
}
