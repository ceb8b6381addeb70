/** What can listen on a registered port besides the opencode that was announced. */
import { Random } from "effect"
import { silentServer, webServer } from "../../support/loopback.ts"
import type { Row } from "../scene/Row.ts"
import * as wire from "../scene/wireFaults.ts"

/** Below the ports that the system hands out, so that no other row gets it. */
const closedPort = Random.nextIntBetween(20_000, 30_000)

export const health: ReadonlyArray<Row> = [
  {
    name: "nothing listens on the port",
    listener: closedPort,
    call: ["list_sessions"],
    fails: true,
    says: ["ECONNREFUSED", "cannot be reached"],
  },
  {
    name: "the port accepts connections and never answers",
    listener: silentServer,
    call: ["list_sessions"],
    fails: true,
    says: ["did not answer"],
  },
  {
    name: "a web server listens on the port",
    listener: webServer,
    call: ["list_sessions"],
    fails: true,
    says: ["text/html"],
  },
  {
    name: "another protocol answers on the port",
    faults: [
      { to: "health", fault: wire.notHttp },
      { to: "sessions", fault: wire.notHttp },
    ],
    call: ["list_sessions"],
    fails: true,
    says: ["not HTTP"],
  },
  {
    name: "the server redirects to another one",
    faults: [{ to: "sessions", fault: wire.reply(307, "", { location: "http://elsewhere.test/" }) }],
    call: ["list_sessions"],
    fails: true,
    says: ["redirects", "elsewhere.test"],
  },
  {
    name: "the health route fails, and the rest works",
    on: 2,
    faults: [{ to: "health", fault: wire.reply(500, { _tag: "UnknownError", message: "cannot tell" }) }],
    call: ["list_instances"],
    says: ["unhealthy"],
    never: ["too old"],
  },
  {
    name: "the health route answers with other JSON",
    faults: [{ to: "health", fault: wire.reply(200, { status: "ok" }) }],
    call: ["list_instances"],
    says: ["unhealthy"],
    never: ["too old"],
  },
  {
    name: "an opencode of another directory listens on the port",
    on: 1,
    prepare: (fake) => {
      fake.directory = "/work/other"
    },
    call: ["create_session"],
    fails: true,
    says: ["/work/other"],
  },
]
