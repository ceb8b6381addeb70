/** What can become of the port while a turn is running: the message has arrived, and its outcome is not known any more. */
import type { FakeState } from "../../../src/testing/FakeState.ts"
import { toldOnce } from "../scene/facts.ts"
import type { Row } from "../scene/Row.ts"
import * as wire from "../scene/wireFaults.ts"

const other = (fake: FakeState) => {
  fake.pid += 1_000_000
  fake.directory = "/work/other"
  fake.sessions = []
  fake.messages.clear()
  fake.statuses.clear()
  fake.cut()
}

const withPassword = (fake: FakeState) => {
  fake.credentials = { username: "opencode", password: "another" }
  fake.cut()
}

const page = wire.reply(200, "<!doctype html><title>My app</title>", { "content-type": "text/html" })

const message = {
  call: ["send_message", { message: "Do it" }],
  says: [/unreachable|unknown|still running|another opencode has the port/u],
  never: ["the session was deleted", "completed", "fake-password", "another:"],
  writes: 1,
  afterwards: toldOnce("Do it"),
} as const satisfies Partial<Row>

const takenOverBy = (what: string, fault: typeof wire.lost): Row => ({
  ...message,
  name: `the port is taken over during a turn by ${what}`,
  faults: wire.everywhere(fault).map((each) => ({ ...each, afterWrite: true })),
  onWrite: (fake) => fake.cut(),
})

export const takeovers: ReadonlyArray<Row> = [
  { ...message, name: "the port is taken over during a turn by an opencode of another project", onWrite: other },
  {
    ...message,
    name: "the port is taken over during a turn by an opencode with another password",
    onWrite: withPassword,
  },
  takenOverBy("a web server", page),
  takenOverBy("a server that never answers", wire.hang),
  takenOverBy("another protocol", wire.notHttp),
  takenOverBy("a proxy without an opencode", wire.proxyPage(502)),
  takenOverBy("nothing", wire.lost),
]
