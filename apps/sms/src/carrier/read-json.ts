const LIMIT = 64 * 1024

/**
 * The JSON in an answer; undefined if it isn't JSON, or is longer than anything a carrier has to say (64 KiB). Reads to the
 * end where it can, because only then does the connection serve the next message.
 */
export async function readJson(response: Response): Promise<unknown> {
  if (response.body === null) return undefined
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    length += chunk.byteLength
    if (length > LIMIT) return undefined // leaving the loop lets go of the rest
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch {
    return undefined
  }
}
