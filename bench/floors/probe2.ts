/**
 * The floor of a refresh of opencode 2 services: sends the same requests to all of them concurrently. One round for each
 * line on stdin. Arguments: a JSON file with the URLs, the timeout in milliseconds.
 */
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"

const [file = "", limit = ""] = process.argv.slice(2)
const urls: ReadonlyArray<string> = JSON.parse(readFileSync(file, "utf8"))
const headers = { authorization: `Basic ${btoa("opencode:bench")}` }

const get = async (url: string): Promise<unknown> =>
  (await fetch(url, { headers, signal: AbortSignal.timeout(Number(limit)) })).json()

/** In sequence, as ours. */
const ask = async (url: string) => {
  await get(`${url}/api/info`)
  await get(`${url}/api/session?limit=1`)
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id }: { readonly id: number } = JSON.parse(line)
  void Promise.all(urls.map(ask)).then((all) =>
    process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, result: all.length })}\n`),
  )
})
