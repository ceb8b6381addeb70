/** The table of faults: the built executable over a fleet in which each row has an instance of its own. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { health } from "./rows/health.ts"
import { reads } from "./rows/reads.ts"
import { refusals } from "./rows/refusals.ts"
import { shapes } from "./rows/shapes.ts"
import { sizes } from "./rows/sizes.ts"
import { writes } from "./rows/writes.ts"
import type { Row } from "./scene/Row.ts"
import { type Case, casesOf, type Outcome, Scene, sceneLayer } from "./scene/Scene.ts"

const cases = casesOf([...health, ...reads, ...refusals, ...shapes, ...sizes, ...writes])

/** An error says where it happened and what to do next: a tool, or something to check, set or choose. */
const nextStep = /\b(?:[a-z]+_[a-z_]+|Check|Set|Choose|Wait|Pass|Start|Update|Open)\b/u

const holds = (part: RegExp | string) => (text: string) =>
  typeof part === "string" ? text.includes(part) : part.test(text)

const check = (row: Case & Row, { fake, result, session, writes }: Outcome) => {
  const { structured, text } = result
  const shown = `It said: ${text}\nand was asked: ${fake.requests.map(({ route }) => route).join(", ")}`
  assert.deepStrictEqual(
    {
      isError: result.isError,
      unsaid: row.says.filter((part) => !holds(part)(text)),
      saidFalsely: (row.never ?? []).filter((part) => [text, structured].some(holds(part))),
      writes: row.listener === undefined ? writes.length : 0,
      namesTheInstance: !result.isError || text.includes(row.instance),
      namesTheNextStep: !result.isError || nextStep.test(text.replaceAll(row.instance, "")),
    },
    {
      isError: row.fails ?? false,
      unsaid: [],
      saidFalsely: [],
      writes: row.writes ?? 0,
      namesTheInstance: true,
      namesTheNextStep: true,
    },
    shown,
  )
  row.afterwards?.(fake, session)
}

layer(Layer.provideMerge(sceneLayer(cases), NodeServices.layer), { excludeTestServices: true, concurrent: true })(
  "faults",
  (it) => {
    it.effect.each(cases)("on opencode $api: $name", (row) =>
      Effect.gen(function* () {
        const { outcome } = yield* Scene
        check(row, yield* outcome(row))
      }),
    )

    it.effect("leave the server working, every other instance untouched, and no descriptor or socket open", () =>
      Effect.gen(function* () {
        const { bystander, descriptors } = yield* (yield* Scene).remains
        assert.include(bystander.answer, "The session")
        assert.deepStrictEqual(bystander.writes, [])
        assert.isAtMost(descriptors.after, descriptors.before)
      }),
    )
  },
)
