/**
 * The floor of a refresh: queries all instances concurrently. One round for each line on stdin. Arguments: a JSON file with
 * the URLs, the timeout in milliseconds.
 */
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import { ask } from "./ask.ts"

const [file = "", limit = ""] = process.argv.slice(2)
const urls: ReadonlyArray<string> = JSON.parse(readFileSync(file, "utf8"))

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id }: { readonly id: number } = JSON.parse(line)
  void Promise.all(urls.map((url) => ask(url, Number(limit)))).then((healthy) =>
    process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, result: healthy.filter(Boolean).length })}\n`),
  )
})
