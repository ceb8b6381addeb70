import { assert, it } from "@effect/vitest"
import { ownCommand } from "../../src/text/ownCommand.ts"

it("A command to type has the names of instances as a shell would pass them", () => {
  assert.strictEqual(ownCommand("read", "laptop-api", "ses_1"), "opencode-fleet read laptop-api ses_1")
  assert.strictEqual(ownCommand("read", "my project", "latest"), "opencode-fleet read 'my project' latest")
  assert.strictEqual(
    ownCommand("approve", "a$(touch pwned)", "ses_1"),
    "opencode-fleet approve 'a$(touch pwned)' ses_1",
  )
})
