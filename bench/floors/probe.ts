/**
 * The floor of a refresh: all health routes at once with plain `fetch`, each within the time limit. For every line on
 * stdin one round. Arguments: a JSON file with the URLs, the time limit in milliseconds.
 */
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"

const [file = "", limit = ""] = process.argv.slice(2)
const urls: ReadonlyArray<string> = JSON.parse(readFileSync(file, "utf8"))

const probe = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(`${url}/global/health`, { signal: AbortSignal.timeout(Number(limit)) })
    const body: unknown = await response.json()
    return typeof body === "object" && body !== null && "healthy" in body && body.healthy === true
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
