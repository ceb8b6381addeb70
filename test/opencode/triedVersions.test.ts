/** What is said about a version of opencode. */
import { assert, describe, it } from "@effect/vitest"
import { oldestSupported, triedVersions, versionNote } from "../../src/opencode/triedVersions.ts"

describe("The note about a version", () => {
  it.each([oldestSupported, "1.2.0", "1.14.41", ...Object.values(triedVersions), "1.18.33-beta.1"])(
    "says nothing of %s",
    (version) => assert.isUndefined(versionNote(version)),
  )

  it.each(["1.1.52", "1.1.11", "1.0.185", "0.5.29"])("says that %s is too old", (version) =>
    assert.include(versionNote(version), `${oldestSupported} or newer is needed`),
  )

  it.each(["3.0.0", "nightly", ""])("says that %j was not tried", (version) =>
    assert.include(versionNote(version), "was tried with"),
  )
})
