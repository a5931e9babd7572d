interface Node<V> {
  value: V | undefined
  children: Map<unknown, Node<V>> | undefined
}

/** A map whose keys are lists of arguments, compared by identity (as `Map` does: NaN is itself) and by their number. */
export class ArgumentsMap<V> {
  /** By far the most common: one argument. */
  #single = new Map<unknown, V>()
  /** The others: each argument leads one level down. */
  #root: Node<V> = { value: undefined, children: undefined }

  get(args: readonly unknown[]): V | undefined {
    if (args.length === 1) return this.#single.get(args[0])
    let node: Node<V> | undefined = this.#root
    for (let i = 0; i < args.length && node !== undefined; i++) node = node.children?.get(args[i])
    return node?.value
  }

  getOne(arg: unknown): V | undefined {
    return this.#single.get(arg)
  }

  set(args: readonly unknown[], value: V): void {
    if (args.length === 1) {
      this.#single.set(args[0], value)
      return
    }
    let node = this.#root
    for (const arg of args) {
      const children: Map<unknown, Node<V>> = (node.children ??= new Map())
      let next = children.get(arg)
      if (next === undefined) children.set(arg, (next = { value: undefined, children: undefined }))
      node = next
    }
    node.value = value
  }

  delete(args: readonly unknown[]): void {
    if (args.length === 1) this.#single.delete(args[0])
    else prune(this.#root, args, 0)
  }

  clear(): void {
    this.#single.clear()
    this.#root = { value: undefined, children: undefined }
  }
}

/** Takes the value out, and the levels that led only to it. Whether `node` is empty now. */
function prune<V>(node: Node<V>, args: readonly unknown[], depth: number): boolean {
  if (depth === args.length) {
    node.value = undefined
  } else {
    const next = node.children?.get(args[depth])
    if (next !== undefined && prune(next, args, depth + 1)) {
      node.children?.delete(args[depth])
      if (node.children?.size === 0) node.children = undefined
    }
  }
  return node.value === undefined && node.children === undefined
}
