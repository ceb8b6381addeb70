/** The changes of a turn as its user message stores them. */
import { Effect, Option, Schema, TextDiff } from "effect"
import type { FileDiff } from "../changes/FileDiff.ts"
import { tolerantArray, understood } from "../http/tolerantArray.ts"
import { WireFileDiff } from "./wire/WireFileDiff.ts"
import type { WireMessage } from "./wire/WireMessage.ts"

/** Older servers ignore the message in `GET /session/:id/diff`, and answer with the changes of the whole session. */
export const oldestWithTurnDiff = "1.17.0"

const opt = Schema.optionalKey

/** Until 1.2, with both texts in place of a patch. */
const Stored = Schema.Struct({
  diffs: tolerantArray(
    Schema.Struct({ ...WireFileDiff.fields, before: opt(Schema.String), after: opt(Schema.String) }),
  ),
})

const decode = Schema.decodeUnknownOption(Stored)

/** Beyond it, the search for the smallest patch takes too long, and a larger one is taken. */
const maxEdits = 2000

const withPatch = ({ after, before, ...diff }: FileDiff & { readonly before?: string; readonly after?: string }) => {
  if (diff.patch !== undefined || before === undefined || after === undefined || before === after) return diff
  const script = TextDiff.lines(before, after, { maxEdits })
  const whole = { context: before.length + after.length }
  return { ...diff, patch: TextDiff.unified(script, { fromFile: diff.file, toFile: diff.file, ...whole }) }
}

/** Empty for an answer, and for a turn that has not ended. */
export const storedDiffs = ({ info }: typeof WireMessage.Type): Effect.Effect<ReadonlyArray<FileDiff>> =>
  Option.match(info.role === "user" ? decode(info.summary) : Option.none(), {
    onNone: () => Effect.succeed([]),
    onSome: ({ diffs }) => Effect.map(understood("file change")(diffs), (all) => all.map(withPatch)),
  })
