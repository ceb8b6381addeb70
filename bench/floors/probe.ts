/**
 * The floor of a refresh: queries all instances concurrently. One round for each line on stdin. Arguments: a JSON file with
 * the URLs, the timeout in milliseconds, and `quiet` for known instances at which nothing happens.
 */
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import { ask, askQuiet } from "./ask.ts"

const [file = "", limit = "", what] = process.argv.slice(2)
const urls: ReadonlyArray<string> = JSON.parse(readFileSync(file, "utf8"))

const asked = what === "quiet" ? askQuiet : ask

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id }: { readonly id: number } = JSON.parse(line)
  void Promise.all(urls.map((url) => asked(url, Number(limit)))).then((healthy) =>
    process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, result: healthy.filter(Boolean).length })}\n`),
  )
})
