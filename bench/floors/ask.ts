/** The requests of a refresh, with plain `fetch`. */
interface Session {
  readonly directory: string
}

const get = async (url: string, limit: number): Promise<string> =>
  (await fetch(url, { signal: AbortSignal.timeout(limit) })).text()

/**
 * The four requests to an instance that is not known yet, in sequence, each with a timeout in milliseconds. Returns whether it
 * is healthy.
 */
export const ask = async (url: string, limit: number): Promise<boolean> => {
  try {
    const { healthy }: { readonly healthy: boolean } = JSON.parse(await get(`${url}/global/health`, limit))
    await get(`${url}/path`, limit)
    const sessions: ReadonlyArray<Session> = JSON.parse(await get(`${url}/experimental/session?limit=200`, limit))
    const directories = new Set(sessions.map(({ directory }) => encodeURIComponent(directory)))
    const statuses = await Promise.all(
      Array.from(directories, (each) => get(`${url}/session/status?directory=${each}`, limit)),
    )
    for (const status of statuses) JSON.parse(status)
    return healthy
  } catch {
    return false
  }
}

/** The two requests to an instance that is known and at which nothing has happened. */
export const askQuiet = async (url: string, limit: number): Promise<boolean> => {
  try {
    const { healthy }: { readonly healthy: boolean } = JSON.parse(await get(`${url}/global/health`, limit))
    JSON.parse(await get(`${url}/experimental/session?limit=1`, limit))
    return healthy
  } catch {
    return false
  }
}
