/** `npm run samples`: copies the current code of examples/ and test/ into the pages of docs/. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { withCurrentSamples } from "./samples.ts"

const root = new URL("../../", import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), "utf8")

for (const name of readdirSync(new URL("docs/", root)).filter((name) => name.endsWith(".md"))) {
  const page = read(`docs/${name}`)
  const current = withCurrentSamples(page, read)
  if (current !== page) {
    writeFileSync(new URL(`docs/${name}`, root), current)
    process.stdout.write(`updated docs/${name}\n`)
  }
}
