/**
 * `npm run build`: the executable (`dist/bin`, with the options of `rolldown.config.ts`) and the library (`dist/lib`).
 *
 * Both are made in a new folder, which then takes the place of `dist/`. The executable can be started during a build, a
 * failed build leaves the previous one, and nothing remains of sources that no longer exist. A process that is running
 * then cannot load further chunks of the previous build, if they have changed.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { renameSync, rmSync } from "node:fs"
import process from "node:process"
import { build } from "rolldown"
import config from "../rolldown.config.ts"

const target = "dist"
// Beside `dist/` and as deep, so that it can be renamed and source maps stay correct.
const fresh = `${target}-${process.pid}`
const previous = `${fresh}-previous`

// Unlike rolldown's own command line, this prints nothing but warnings and errors.
const bundles = config.map((options) => () => build({ ...options, output: { ...options.output, dir: `${fresh}/bin` } }))

const compile = async () => {
  const args = ["--project", "tsconfig.build.json", "--outDir", `${fresh}/lib`]
  const tsc = spawn("tsc", args, { stdio: "inherit", shell: process.platform === "win32" })
  const [status] = await once(tsc, "close")
  if (status !== 0) throw new Error(`tsc ended with ${status}`)
}

const swap = () => {
  try {
    renameSync(target, previous)
  } catch {
    // The first build.
  }
  renameSync(fresh, target)
}

try {
  await Promise.all([...bundles, compile].map((make) => make()))
  swap()
} finally {
  for (const folder of [fresh, previous]) rmSync(folder, { recursive: true, force: true })
}
