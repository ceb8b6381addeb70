/**
 * `npm run picture`: runs the demo and writes docs/picture.svg, the picture in the README.
 *
 * The picture is the demo's own output (real opencode, built executable), wrapped as a terminal wraps it. Only whole
 * steps of the tour are left out.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, FileSystem } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { stripVTControlCharacters } from "node:util"
import { fileURLToPath } from "node:url"
import { terminalSvg } from "./terminalSvg.ts"

const root = new URL("../../", import.meta.url)
const pathOf = (file: string) => fileURLToPath(new URL(file, root))

/** The steps of the tour that the picture shows, by the tool that each calls. */
const shown = new Set(["list_instances", "send_message"])
// The tour sends more messages later.
const mostSteps = 2

/** The lines of the tour, divided at its headings. */
const steps = (output: string) => output.split(/\n(?=[^\n]*▌)/u).slice(1)

const toolOf = (step: string) => stripVTControlCharacters(step).split("\n")[1]?.split(" ")[0] ?? ""

const program = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const output = yield* spawner.string(
    ChildProcess.make(process.execPath, [pathOf("examples/demo/main.ts")], {
      env: { FORCE_COLOR: "1" },
      extendEnv: true,
      stderr: "inherit",
    }),
  )
  const text = steps(output)
    .filter((step) => shown.has(toolOf(step)))
    .slice(0, mostSteps)
    .map((step) => step.trim())
    .join("\n\n")
  yield* fs.writeFileString(pathOf("docs/picture.svg"), terminalSvg(text, { title: "npm run demo", columns: 110 }))
})

program.pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
