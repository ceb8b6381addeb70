/** The table of faults: the built executable over a fleet in which each row has an instance of its own. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { calls } from "./rows/calls.ts"
import { events } from "./rows/events.ts"
import { framing } from "./rows/framing.ts"
import { health } from "./rows/health.ts"
import { outcomes } from "./rows/outcomes.ts"
import { reads } from "./rows/reads.ts"
import { redirects } from "./rows/redirects.ts"
import { refusals } from "./rows/refusals.ts"
import { shapes } from "./rows/shapes.ts"
import { sizes } from "./rows/sizes.ts"
import { takeovers } from "./rows/takeovers.ts"
import { writes } from "./rows/writes.ts"
import type { Row } from "./scene/Row.ts"
import { type Case, casesOf, type Outcome, Scene, sceneLayer } from "./scene/Scene.ts"

const cases = casesOf([
  // They take longest.
  ...takeovers,
  ...calls,
  ...events,
  ...framing,
  ...health,
  ...outcomes,
  ...reads,
  ...redirects,
  ...refusals,
  ...shapes,
  ...sizes,
  ...writes,
])

/** An error says where it happened and what to do next: a tool, or something to check, set or choose. */
const nextStep =
  /\b(?:[a-z]+_[a-z_]+|Check|Set|Choose|Wait|Pass|Start|Update|Open|Correct|Send|try again|Only a person|opencode's log)\b/u

/**
 * Of the server, at any time, with two hundred instances and answers without end. It needs 400, or 1100 where it hardly gets the
 * processor.
 */
const maxMegabytes = 1500

/** A connection, with its timer, that is idle for longer than the test waits: seen once in ten runs on a busy machine. */
const oneIdle = 1

const holds = (part: RegExp | string) => (text: string) =>
  typeof part === "string" ? text.includes(part) : part.test(text)

const check = (row: Case & Row, { fake, result, session, writes }: Outcome) => {
  const { isError, structured, text } = result
  const complaints = [
    ...(isError === (row.fails ?? false) ? [] : [isError ? "an error" : "not an error"]),
    ...row.says.filter((part) => !holds(part)(text)).map((part) => `does not say ${part}`),
    ...(row.never ?? []).filter((part) => [text, structured].some(holds(part))).map((part) => `says ${part}`),
    ...(row.listener !== undefined || writes.length === (row.writes ?? 0) ? [] : [`wrote ${writes.join(", ")}`]),
    ...(isError && !text.includes(row.instance) ? ["does not name the instance"] : []),
    ...(isError && !nextStep.test(text.replaceAll(row.instance, "")) ? ["names no next step"] : []),
  ]
  assert.deepStrictEqual(complaints, [], text)
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

    it.effect(
      "leave the server working, every other instance untouched, and no descriptor, socket, timer or fiber",
      () =>
        Effect.gen(function* () {
          const { bystander, held, megabytes, proxied } = yield* (yield* Scene).remains
          assert.include(bystander.answer, "The session")
          assert.deepStrictEqual(bystander.writes, [])
          const news = held.after.links.filter((link) => !held.before.links.includes(link))
          // What a row leaves behind is there for each of its kind and for both versions of opencode.
          for (const what of ["descriptors", "sockets", "timers", "fibers"] as const)
            assert.isAtMost(held.after[what], held.before[what] + oneIdle, `${what}; new: ${news.join(", ")}`)
          assert.isBelow(megabytes, maxMegabytes)
          assert.strictEqual(proxied, 0, "connections to the proxy of the environment")
        }),
    )
  },
)
