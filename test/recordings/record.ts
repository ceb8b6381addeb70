/**
 * `npm run record`: plays the scenarios on a real opencode and writes its events and stored state to `logs/`, as test data
 * for `test/opencode/turn/recordings.test.ts`. Arguments select scenarios by name.
 *
 * On a new opencode: record, read the difference, and run the tests.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, FileSystem, Layer, Path, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpClientResponse } from "effect/http"
import { start } from "../support/RealOpencode.ts"
import { ScriptedModel } from "../support/ScriptedModel.ts"
import type { Scenario } from "./plays.ts"
import { scenarios } from "./scenarios.ts"
import { openStage } from "./Stage.ts"
import { tidy } from "./tidy.ts"

const wanted = process.argv.slice(2)

const versionOf = (url: string) =>
  HttpClient.get(`${url}/global/health`).pipe(
    Effect.flatMap(HttpClientResponse.schemaBodyJson(Schema.Struct({ version: Schema.String }))),
    Effect.map(({ version }) => version),
    Effect.provide(FetchHttpClient.layer),
  )

const program = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const logs = path.join(import.meta.dirname, "logs")
  yield* fs.makeDirectory(logs, { recursive: true })
  const instances = {
    allowing: yield* start(),
    asking: yield* start({ permission: "ask" }),
    mortal: yield* start({ permission: "ask" }),
  }
  const version = yield* versionOf(instances.allowing.url)

  const record = Effect.fnUntraced(function* ({ name, on, play }: Scenario) {
    const opencode = instances[on]
    const stage = yield* openStage(opencode)
    const { snapshots = [], turns } = yield* play(stage)
    const end = yield* stage.snapshot
    const { session } = stage
    const recording = { name, opencode: version, session, turns, log: yield* stage.log, snapshots, end }
    const file = path.join(logs, `${name.replaceAll(" ", "-")}.json`)
    yield* fs.writeFileString(file, tidy(recording, path.dirname(opencode.directory)))
    yield* Console.log(`${name}: ${recording.log.length} entries`)
  }, Effect.scoped)

  const chosen = scenarios.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
  // The scenarios of one instance run in sequence, because killing the instance ends all of them.
  const groups = Object.values(Object.groupBy(chosen, ({ on }) => on))
  yield* Effect.forEach(groups, (group) => Effect.forEach(group ?? [], record, { discard: true }), {
    concurrency: "unbounded",
    discard: true,
  })
}).pipe(Effect.scoped, Effect.provide(ScriptedModel.layer.pipe(Layer.provideMerge(NodeServices.layer))))

NodeRuntime.runMain(program)
