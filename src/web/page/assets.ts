/** The files of the page that never change, served from this process. The build writes them into the bundle. */
import { readFileSync } from "node:fs"
import { digest } from "../../text/digest.ts"

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8")

export const style = read("assets/page.css")
export const script = read("assets/page.js")
export const icon = read("assets/icon.svg")
export const htmx = readFileSync(new URL(import.meta.resolve("htmx.org/dist/htmx.min.js")), "utf8")

/** Changes with the files, so that a browser may keep them. */
export const revision = digest([style, script, icon, htmx].join("")).toString("hex").slice(0, 12)
