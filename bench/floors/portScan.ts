/**
 * The floor of finding opencodes among many ports: one request each, 64 concurrently. One round for each line on stdin.
 * Arguments: a JSON file with the URLs, the timeout in milliseconds.
 */
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"

const [file = "", limit = ""] = process.argv.slice(2)
const urls: ReadonlyArray<string> = JSON.parse(readFileSync(file, "utf8"))
const atOnce = 64

const isOpencode = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(`${url}/global/health`, { signal: AbortSignal.timeout(Number(limit)) })
    const answer = await response.text()
    return response.ok && answer.includes("healthy")
  } catch {
    return false
  }
}

const scan = async (): Promise<number> => {
  let found = 0
  const left = [...urls]
  const ask = async () => {
    for (let url = left.pop(); url !== undefined; url = left.pop()) if (await isOpencode(url)) found += 1
  }
  await Promise.all(Array.from({ length: atOnce }, ask))
  return found
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id }: { readonly id: number } = JSON.parse(line)
  void scan().then((result) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, result })}\n`))
})
