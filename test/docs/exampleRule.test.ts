/** The rule of an example that programs copy: what it allows without a person. */
import { assert, it } from "@effect/vitest"
import { isReadOnly } from "../../examples/readOnlyRule.ts"
import { permission } from "../../src/testing/samples.ts"

const asked = { ...permission("1"), permission: "bash", patterns: ["ls"], hasArguments: true }
const allows = (details: Readonly<Record<string, string>>) => isReadOnly({ ...asked, details })

it("The example's rule allows a command that only reads", () => {
  assert.isTrue(allows({ command: "ls -a" }))
})

// `patterns` is `ls` for all of them.
it.each([
  { command: "ls > out.txt" },
  { command: "cd . && ls > out.txt" },
  { command: "ls\nrm -rf ." },
  { command: "ls=1 rm -rf ." },
  { command: "ls/script.sh" },
  { command: "ls =(id)" },
  { command: "ls", workdir: "/etc" },
])("The example's rule leaves %j to a person", (details) => {
  assert.isFalse(allows(details))
})

it("The example's rule leaves a command to a person that opencode has not told, or not its directory", () => {
  assert.isFalse(isReadOnly(asked))
  assert.isFalse(isReadOnly({ ...permission("1"), permission: "bash", patterns: ["ls"], details: { command: "ls" } }))
})
