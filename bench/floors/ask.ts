/** The requests that a refresh sends to an idle instance, with plain `fetch`. */
interface Session {
  readonly directory: string
}

const get = async (url: string, limit: number): Promise<string> =>
  (await fetch(url, { signal: AbortSignal.timeout(limit) })).text()

/** Sends the same four requests in sequence, each with a timeout in milliseconds. Returns whether the instance is healthy. */
export const ask = async (url: string, limit: number): Promise<boolean> => {
  try {
    const { healthy }: { readonly healthy: boolean } = JSON.parse(await get(`${url}/global/health`, limit))
    await get(`${url}/path`, limit)
    const sessions: ReadonlyArray<Session> = JSON.parse(await get(`${url}/session?limit=200`, limit))
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
