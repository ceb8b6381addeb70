import { assert, it } from "@effect/vitest"
import { Option } from "effect"
import { connectErrorText } from "../../../src/cli/connect/connectErrorText.ts"
import {
  type ConnectError,
  type MembershipProblem,
  OpencodeNeverAnswered,
  RelayNotConnected,
} from "../../../src/connect/connect.ts"
import { RelayNeedsPassword } from "../../../src/connect/RelayNeedsPassword.ts"
import type { ConnectServiceError } from "../../../src/connect/service/connectService.ts"
import { ServiceFailed, ServiceNotStarted, ServiceRefused } from "../../../src/connect/service/ensureService.ts"
import { OpencodeNotFound, OpencodeNotStarted } from "../../../src/connect/OpencodeChild.ts"
import { PortTaken } from "../../../src/connect/OpencodeProcess.ts"
import { RegistrationFailed } from "../../../src/discovery/relay/RegistrationFiles.ts"
import { InstanceUnreachable, Unauthorized } from "../../../src/opencode/errors.ts"

const texts: ReadonlyArray<readonly [ConnectError | ConnectServiceError | MembershipProblem, string]> = [
  [
    new OpencodeNotFound(),
    "opencode could not be started: there is no `opencode` on the PATH. Install it (https://opencode.ai), or register a running one with --attach.",
  ],
  [
    new PortTaken({ port: 4096 }),
    "opencode could not be started: port 4096 is taken. If an opencode is running there, register it with --attach 4096.",
  ],
  [
    new RelayNeedsPassword({ api: 2, isSet: false }),
    "opencode is not connected to a relay without a password, because anyone with an account there could run commands on this machine. Set OPENCODE_SERVER_PASSWORD to a password of your choice, here and on the relay. It is not opencode's own.",
  ],
  [
    new RelayNeedsPassword({ api: 1, isSet: false }),
    "opencode is not connected to a relay without a password, because anyone with an account there could run commands on this machine. Set OPENCODE_SERVER_PASSWORD, here and on the relay, or add --no-password if you trust everyone with an account there.",
  ],
  [
    new RelayNeedsPassword({ api: 1, isSet: true }),
    "opencode answers without the password that is set here, so it is not connected to a relay: anyone with an account there could run commands on this machine. Restart that opencode with OPENCODE_SERVER_PASSWORD set, or add --no-password if you trust everyone with an account there.",
  ],
  [
    new ServiceRefused({ file: "/state/service.json", reason: "names process 17" }),
    "opencode was not started: /state/service.json names process 17. `opencode-fleet doctor` says what to do.",
  ],
  [
    new ServiceNotStarted({ detail: "Port 49374 is taken" }),
    "opencode's background service could not be started: Port 49374 is taken. `opencode-fleet doctor` checks the service.",
  ],
  [
    new ServiceFailed({ detail: "no database" }),
    "opencode's background service is running, but does not work: no database. `opencode-fleet doctor` checks the service.",
  ],
  [new OpencodeNotStarted({ detail: "EACCES" }), "opencode could not be started: EACCES."],
  [
    new RegistrationFailed({ directory: "/relay", detail: "EROFS" }),
    "No registration can be written to /relay: EROFS. Fix the directory, or choose another one with RELAY_REGISTRY_DIR.",
  ],
  [new OpencodeNeverAnswered(), "opencode ended before it answered."],
  [
    new RelayNotConnected({ reason: Option.some("no route") }),
    "the relay was not connected: no route. `opencode-fleet doctor` checks the connection to the relay.",
  ],
  [
    new RelayNotConnected({ reason: Option.none() }),
    "the relay was not connected: it had not answered yet. `opencode-fleet doctor` checks the connection to the relay.",
  ],
  [
    new InstanceUnreachable({
      instance: "opencode",
      url: "http://127.0.0.1:4096",
      mayHaveArrived: false,
      detail: "ECONNREFUSED",
    }),
    "opencode (http://127.0.0.1:4096) cannot be reached: ECONNREFUSED. Check that opencode is listening on that port.",
  ],
  [
    new Unauthorized({ instance: "opencode", url: "http://127.0.0.1:4096", isOpencode: true }),
    "opencode (http://127.0.0.1:4096) refused the user name and password. Set OPENCODE_SERVER_PASSWORD (and OPENCODE_SERVER_USERNAME) to the values that this opencode was started with.",
  ],
]

it.each(texts.map(([error, text]) => [error._tag, error, text] as const))(
  "connect reports %s with the next step, in terms of commands and variables",
  (_tag, error, text) => {
    assert.strictEqual(connectErrorText(error), text)
  },
)
