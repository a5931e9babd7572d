/** One of the server's names: the host as a URL has it, and the scheme where it is known. */
interface Name {
  readonly host: string
  readonly scheme: string | undefined
}

/** The names that a server goes by, and whether a request is meant for it and comes from its own pages. */
export class Hosts {
  readonly #list: () => readonly string[]
  /** Reading a name costs microseconds, and they are asked for at every request. */
  readonly #read = new Map<string, Name>()

  constructor(hosts: readonly string[] | (() => readonly string[])) {
    this.#list = typeof hosts === 'function' ? hosts : () => hosts
  }

  /** Whether a `Host`, or the host of a URL, is one of the names. */
  knows(host: string): boolean {
    const asked = readName(host)
    return asked !== undefined && this.#some((name) => name.host === asked.host)
  }

  /** Whether an `Origin` is one of the names: host, port, and the scheme where it is known. */
  isOwn(origin: string): boolean {
    if (!/^https?:\/\//.test(origin)) return false
    const asked = readName(origin)
    if (asked === undefined) return false
    return this.#some(({ host, scheme }) => host === asked.host && (scheme ?? asked.scheme) === asked.scheme)
  }

  /** Whether browsers reach this host over TLS only. */
  isSecure(host: string): boolean {
    const asked = readName(host)
    return asked !== undefined && this.#some((name) => name.host === asked.host && name.scheme === 'https:')
  }

  #some(test: (name: Name) => boolean): boolean {
    return this.#list().some((text) => {
      let name = this.#read.get(text)
      if (name === undefined) {
        name = readName(text)
        if (name === undefined) return false
        this.#read.set(text, name)
      }
      return test(name)
    })
  }
}

/** Through a URL, so that case, a default port and the spelling of an IPv6 address make no difference. */
function readName(text: string): Name | undefined {
  const hasScheme = text.includes('://')
  const url = URL.parse(hasScheme ? text : `http://${text}`)
  if (url === null || url.host === '' || url.username !== '' || url.pathname !== '/' || url.search !== '') return undefined
  return { host: url.host, scheme: hasScheme ? url.protocol : undefined }
}
