/** Parses the JSON of opencode without blocking the other calls of this process, however large it is. */
import { Effect, Schema } from "effect"
import { parseInSlices } from "../../text/jsonSlices.ts"

/** Bytes that are parsed at once, within a few milliseconds. */
const smallJson = 256 * 1024

export class InvalidJson extends Schema.TaggedError<InvalidJson>()("InvalidJson", { cause: Schema.Defect() }) {}

const orInvalid = <A>(step: () => A) => Effect.try({ try: step, catch: (cause) => new InvalidJson({ cause }) })

/** Lets others have their turn before the first slice and after each. Strings over 1 MiB are shortened. */
const parseLarge = Effect.fnUntraced(function* (content: Buffer | string) {
  yield* Effect.yieldNow
  const steps = parseInSlices(typeof content === "string" ? Buffer.from(content) : content)
  for (;;) {
    yield* Effect.yieldNow
    const { done = false, value } = yield* orInvalid(() => steps.next())
    if (done) return value
  }
})

/** A text, or bytes of one. */
export const parseJson = (content: Buffer | string): Effect.Effect<unknown, InvalidJson> =>
  content.length <= smallJson ? orInvalid((): unknown => JSON.parse(content.toString())) : parseLarge(content)
