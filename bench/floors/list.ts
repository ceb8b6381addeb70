/**
 * The floor of `instances --json`: a script that queries all instances concurrently, prints JSON and exits. Arguments: a
 * JSON file with the URLs, the timeout in milliseconds.
 */
import { readFileSync } from "node:fs"
import { ask } from "./ask.ts"

const [file = "", limit = ""] = process.argv.slice(2)
const urls: ReadonlyArray<string> = JSON.parse(readFileSync(file, "utf8"))
const healthy = await Promise.all(urls.map((url) => ask(url, Number(limit))))
const instances = urls.map((url, index) => ({ url, healthy: healthy[index] }))
process.stdout.write(`${JSON.stringify({ instances }, null, 2)}\n`, () => process.exit())
