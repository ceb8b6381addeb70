/** What must still be true of a fake opencode after a row. */
import { assert } from "@effect/vitest"
import type { FakeState } from "../../../src/testing/FakeState.ts"

/** The message arrived exactly once, whatever happened to its answer. */
export const toldOnce = (text: string) => (fake: FakeState) =>
  assert.deepStrictEqual(
    fake.prompts.map((prompt) => prompt.text),
    [text],
  )

/** No message arrived. */
export const toldNothing = (fake: FakeState) => assert.deepStrictEqual(fake.prompts, [])
