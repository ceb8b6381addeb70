import { assert, describe, it } from "@effect/vitest"
import { displayCommand } from "../../../src/connect/tunnel/displayCommand.ts"

describe("The displayed form of a command line", () => {
  it.each([
    ["ssh me@relay", "ssh me@relay"],
    ["ssh -J bastion me@relay", "ssh … me@relay"],
    ["gcloud compute ssh relay --", "gcloud …"],
    ["SSHPASS=secret sshpass -e ssh relay", "sshpass … relay"],
    ["sshpass -p secret ssh relay", "sshpass … relay"],
    [`A='s e cret' B="s\\" e" ssh relay`, "ssh relay"],
    ["SSHPASS=$(cat /secret) ssh relay", "ssh relay"],
    ["export SSHPASS=secret; sshpass -e ssh relay", "export … relay"],
    ["ssh relay -o ProxyPassword=secret", "ssh …"],
    ["ssh relay\u001B[31m", "ssh relay[31m"],
  ])("keeps only the program and the host: %j", (command, expected) => {
    assert.strictEqual(displayCommand(command), expected)
    assert.notInclude(displayCommand(command), "cret")
  })
})
