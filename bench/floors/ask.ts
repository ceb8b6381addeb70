/** With plain `fetch` what ours asks of an instance that is idle. */
interface Session {
  readonly directory: string
}

const get = async (url: string, limit: number): Promise<string> =>
  (await fetch(url, { signal: AbortSignal.timeout(limit) })).text()

/** The same three requests, one after the other, each bounded by the limit in milliseconds; whether it is healthy. */
export const ask = async (url: string, limit: number): Promise<boolean> => {
  try {
    const { healthy }: { readonly healthy: boolean } = JSON.parse(await get(`${url}/global/health`, limit))
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
