/** The files of the page that never change, served from this process. The build writes them into the bundle. */
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8")

export const style = read("assets/page.css")
export const script = read("assets/page.js")
export const icon = read("assets/icon.svg")
export const htmx = readFileSync(new URL(import.meta.resolve("htmx.org/dist/htmx.min.js")), "utf8")

/** Changes with the files, so that a browser may keep them. */
export const revision = createHash("sha256")
  .update(style)
  .update(script)
  .update(icon)
  .update(htmx)
  .digest("hex")
  .slice(0, 12)
