/** The tools over the fake opencode: one instance, named `fake`, found by a discovery that finds only this. */
import { Effect, Layer, Schema, Stream } from "effect"
import { Attention } from "../../src/fleet/attention/Attention.ts"
import { Discovery } from "../../src/discovery/Discovery.ts"
import { Fleet } from "../../src/fleet/Fleet.ts"
import { HealthCheck } from "../../src/fleet/HealthCheck.ts"
import { Identification } from "../../src/discovery/identification/Identification.ts"
import { FleetToolkit } from "../../src/tools/FleetToolkit.ts"
import * as Handlers from "../../src/tools/handlers.ts"
import { overFake, target } from "./overFake.ts"

const discovery = Layer.succeed(Discovery, {
  scan: Effect.succeed({
    announcements: [
      {
        name: "fake",
        host: "laptop",
        url: target.url,
        directory: "/work/project",
        transport: "local-relay",
        source: "/relay/fake.json",
      },
    ],
    problems: [],
  }),
  changes: Stream.empty,
})

export const toolsOverFake = Handlers.layer().pipe(
  Layer.provide(Attention.layer()),
  Layer.provide(Fleet.layer()),
  Layer.provide([HealthCheck.layer(), Identification.layer(), discovery]),
  Layer.provideMerge(overFake),
)

type Tools = (typeof FleetToolkit)["tools"]
export type ToolParameters<Name extends keyof Tools> = Tools[Name]["parametersSchema"]["Encoded"]

/** A failure as a model reads it. */
class ToolFailed extends Schema.TaggedError<ToolFailed>()("ToolFailed", { message: Schema.String }) {}

/** Calls a tool as a client does. Returns the structured answer and the text that a model reads. */
export const call = Effect.fnUntraced(function* <Name extends keyof Tools>(
  name: Name,
  parameters: ToolParameters<Name>,
) {
  const toolkit = yield* FleetToolkit
  const results = yield* Stream.runCollect(yield* toolkit.handle(name, parameters as never))
  const last = results.at(-1)
  if (last === undefined) throw new Error("the tool gave no answer")
  if (last.isFailure) return yield* new ToolFailed({ message: String(last.encodedResult) })
  const text = (last.modelOutput ?? []).map((part) => (part.type === "text" ? part.text : "")).join("\n")
  return { view: last.result as Tools[Name]["successSchema"]["Type"], text }
})
