/**
 * The floor of a refresh: with plain `fetch` the same three requests that ours makes of an idle instance, one after the
 * other, and of all instances at once. Each is bounded by the time limit. For every line on stdin one round. Arguments: a
 * JSON file with the URLs, the time limit in milliseconds.
 */
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"

interface Session {
  readonly directory: string
}

const [file = "", limit = ""] = process.argv.slice(2)
const urls: ReadonlyArray<string> = JSON.parse(readFileSync(file, "utf8"))

const get = async (url: string): Promise<string> =>
  (await fetch(url, { signal: AbortSignal.timeout(Number(limit)) })).text()

const probe = async (url: string): Promise<boolean> => {
  try {
    const { healthy }: { readonly healthy: boolean } = JSON.parse(await get(`${url}/global/health`))
    const sessions: ReadonlyArray<Session> = JSON.parse(await get(`${url}/session?limit=200`))
    const directories = new Set(sessions.map(({ directory }) => encodeURIComponent(directory)))
    const statuses = await Promise.all(
      Array.from(directories, (each) => get(`${url}/session/status?directory=${each}`)),
    )
    for (const status of statuses) JSON.parse(status)
    return healthy
  } catch {
    return false
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id }: { readonly id: number } = JSON.parse(line)
  void Promise.all(urls.map(probe)).then((healthy) =>
    process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, result: healthy.filter(Boolean).length })}\n`),
  )
})
