import { assert, describe, it } from "@effect/vitest"
import { shownCommand } from "../../src/connect/shownCommand.ts"

describe("A command line that is shown", () => {
  it.each([
    ["ssh me@relay", "ssh me@relay"],
    ["ssh -o ProxyJump=bastion me@relay", "ssh -o ProxyJump=bastion me@relay"],
    ["SSHPASS=secret sshpass -e ssh relay", "SSHPASS=… sshpass -e ssh relay"],
    [`env A='s e "c' B="r\\" e" C=t\\ x ssh relay`, "env A=… B=… C=… ssh relay"],
    ["ssh relay \u001B[31m\n", "ssh relay [31m"],
  ])("hides what it puts into the environment: %j", (command, shown) => {
    assert.strictEqual(shownCommand(command), shown)
  })
})
