/** `npm run check:types`: TypeScript's own diagnostics and those of the Effect language service, in one run of its `tsc`. */
import { execFileSync, spawnSync } from "node:child_process"
import process from "node:process"

const shell = process.platform === "win32"
const tsc = execFileSync("effect-tsgo", ["get-exe-path"], { encoding: "utf8", shell }).trim()
const { status } = spawnSync(tsc, process.argv.slice(2), { stdio: "inherit" })
process.exitCode = status ?? 1
