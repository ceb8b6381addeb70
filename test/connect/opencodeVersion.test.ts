/** The version of the `opencode` on the PATH. */
import { assert, describe, it } from "@effect/vitest"
import { parseVersion } from "../../src/connect/opencodeVersion.ts"

describe("the output of opencode --version", () => {
  it.each([
    ["1.18.33\n", 1, "1.18.33"],
    ["opencode v2.0.15\n", 2, "opencode v2.0.15"],
    ["opencode v0.0.0-dev-202611281200\n", 2, "opencode v0.0.0-dev-202611281200"],
    ["2.1.0\n", 2, "2.1.0"],
    ["v1.2.3", 1, "v1.2.3"],
    ["Loading nix shell 3.4\n1.18.33\n", 1, "1.18.33"],
    ["Using mirror\nopencode v2.0.15\ntip: update\n", 2, "opencode v2.0.15"],
    ["local\n", 1, "local"],
    ["", 1, ""],
  ] as const)("%j is of version %i", (output, api, text) => {
    assert.deepStrictEqual(parseVersion(output), { text, api })
  })
})
