/** One error, three readers: an embedding program gets the facts, an MCP client and a terminal get their own next step. */
import { assert, describe, it } from "@effect/vitest"
import { errorText as terminalText } from "../../../src/cli/process/errorText.ts"
import { AmbiguousInstance, InstanceNotFound, InstanceRequired } from "../../../src/fleet/naming.ts"
import { AmbiguousRequest, NoTurn, RequestNotOpen } from "../../../src/opencode/requests/decisionErrors.ts"
import {
  EffectUncertain,
  InstanceUnreachable,
  OpencodeError,
  RequestTimeout,
  RunsElsewhere,
  SessionNotFound,
  Unauthorized,
  UnexpectedResponse,
} from "../../../src/opencode/errors.ts"
import { MessageIdUnusable, SessionBusy } from "../../../src/opencode/turns/sendErrors.ts"
import { AmbiguousSession } from "../../../src/opencode/sessions/sessionReference.ts"
import { FleetToolkit } from "../../../src/tools/FleetToolkit.ts"
import { errorText as mcpText, type ToolError } from "../../../src/tools/shared/errorText.ts"
import { InvalidParameter } from "../../../src/tools/shared/InvalidParameter.ts"

const instance = "api"
const url = "http://127.0.0.1:4096"
const session = "ses_1"
const operation = "read a session"

interface Snapshot {
  readonly error: ToolError
  readonly message: string
  /** What the surface adds to the message. */
  readonly mcp: string
  readonly terminal: string
}

const snapshots: ReadonlyArray<Snapshot> = [
  {
    error: new InstanceUnreachable({ instance, url, mayHaveArrived: false, detail: "ECONNREFUSED" }),
    message: "api (http://127.0.0.1:4096) cannot be reached: ECONNREFUSED.",
    mcp: " Check that opencode is still running there; refresh_instances checks again.",
    terminal: " Check that opencode is still running there; `opencode-fleet instances` shows its health.",
  },
  {
    error: new InstanceUnreachable({ instance, url, mayHaveArrived: true, detail: "ECONNRESET" }),
    message:
      "api (http://127.0.0.1:4096) cannot be reached: ECONNRESET. The request may have arrived before the connection broke.",
    mcp: " Check that opencode is still running there; refresh_instances checks again.",
    terminal: " Check that opencode is still running there; `opencode-fleet instances` shows its health.",
  },
  {
    error: new RequestTimeout({ instance, url, operation, seconds: 10 }),
    message: 'api (http://127.0.0.1:4096) did not answer "read a session" within 10 s.',
    mcp: " It may be starting or stuck; refresh_instances shows its health.",
    terminal: " It may be starting or stuck; `opencode-fleet instances` shows its health.",
  },
  {
    error: new Unauthorized({ instance, url, isOpencode: true }),
    message: "api (http://127.0.0.1:4096) refused the user name and password.",
    mcp: " Set OPENCODE_SERVER_PASSWORD (and OPENCODE_SERVER_USERNAME) of opencode-fleet to the values that this opencode was started with.",
    terminal:
      " Set OPENCODE_SERVER_PASSWORD (and OPENCODE_SERVER_USERNAME) to the values that this opencode was started with.",
  },
  {
    error: new Unauthorized({ instance, url, isOpencode: true, ownCredentials: true }),
    message: "api (http://127.0.0.1:4096) refused the user name and password.",
    mcp: " list_instances shows where they come from.",
    terminal: " `opencode-fleet instances` shows where they come from.",
  },
  {
    error: new Unauthorized({ instance, url, isOpencode: true, api: 2 }),
    message: "api (http://127.0.0.1:4096) refused the user name and password.",
    mcp: " list_instances shows what to do.",
    terminal: " `opencode-fleet instances` shows what to do.",
  },
  {
    error: new Unauthorized({ instance, url, isOpencode: true, withheld: "its owner is unknown" }),
    message: "api (http://127.0.0.1:4096) requires a password, which is not sent there: its owner is unknown.",
    mcp: " list_instances shows what to do.",
    terminal: " `opencode-fleet instances` shows what to do.",
  },
  {
    error: new SessionNotFound({ instance, session: "nope" }),
    message: 'api has no session "nope".',
    mcp: " list_sessions shows its sessions.",
    terminal: " `opencode-fleet sessions api` lists its sessions.",
  },
  {
    error: new OpencodeError({ instance, operation, status: 500, detail: "out of disk" }),
    message: 'opencode on api answered "read a session" with 500: out of disk',
    mcp: " opencode's log on that machine has the details.",
    terminal: " opencode's log on that machine has the details.",
  },
  {
    error: new UnexpectedResponse({ instance, url, operation, status: 200, detail: "text/html" }),
    message:
      'api (http://127.0.0.1:4096) answered "read a session" with something opencode does not send (status 200, text/html). Another program may be listening on that port, or this version of opencode is not supported.',
    mcp: " list_instances shows its address and version.",
    terminal: " `opencode-fleet doctor` checks each instance.",
  },
  {
    error: new RunsElsewhere({ instance, session, until: 0, at: "web" }),
    message: "Nothing was sent: the turn in session ses_1 is running on web, which shares its sessions with api.",
    mcp: ' Pass instance "web" to send_message, which waits for the turn\'s end, wait_for_session, abort_session, respond_permission or answer_question.',
    terminal:
      " `opencode-fleet send web ses_1 MESSAGE` sends it there when that turn ends; `opencode-fleet read web ses_1 --follow` shows it.",
  },
  {
    error: new RunsElsewhere({ instance, session, until: 0, pid: 7 }),
    message:
      "Nothing was sent: the turn in session ses_1 has not ended, and api is not running it. Another opencode of the same user (process 7) is running it, such as a terminal or opencode serve, or was killed during it. It counts as over at 1970-01-01T00:00:00.000Z if nothing more happens in it.",
    mcp: " Wait until it has ended there, or use another session; list_sessions shows when it is idle.",
    terminal:
      " Wait until it has ended there, or use another session; `opencode-fleet sessions api` shows when it is idle.",
  },
  {
    error: new SessionBusy({ instance, session }),
    message: "The message was not sent: session ses_1 on api is busy with another turn.",
    mcp: ' Send it again later, stop the running turn with abort_session, or use if_busy "steer" to add the message to it.',
    terminal:
      " Send it again later, use --if-busy wait to send it when that turn ends, or --if-busy steer to add it to that turn.",
  },
  {
    error: new SessionBusy({
      instance,
      session,
      waitingFor: { kind: "permission", id: "per_1", about: "permission for bash" },
    }),
    message:
      "The message was not sent: session ses_1 on api is busy with another turn, which is waiting for a person (permission for bash).",
    mcp: ' wait_for_session shows the request in full. Show it to your human, and pass on their decision with respond_permission (permission_id per_1); then send the message again. if_busy "steer" adds it to the waiting turn instead.',
    terminal:
      " Decide it with `opencode-fleet approve api ses_1` or `opencode-fleet reject api ses_1`, then send the message again; --if-busy steer adds it to that turn instead.",
  },
  {
    error: new EffectUncertain({ instance, effect: "prompt", session, detail: "ECONNRESET" }),
    message: "It is unknown whether the message reached session ses_1 on api (ECONNRESET). It was not sent again.",
    mcp: " Before you send it again, check with get_session whether it arrived.",
    terminal: " Before you send it again, check with `opencode-fleet read api ses_1` whether it arrived.",
  },
  {
    error: new MessageIdUnusable({ id: "msg_1", detail: "it is the id of an agent's answer" }),
    message: 'The message id "msg_1" cannot be used: it is the id of an agent\'s answer. Nothing was sent.',
    mcp: " Choose a new one, or leave message_id out.",
    terminal: " Choose a new one, or leave --message-id out.",
  },
  {
    error: new NoTurn({ instance, session }),
    message: "Session ses_1 on api has no messages yet, so it has no turn.",
    mcp: " send_message starts one.",
    terminal: " `opencode-fleet send api ses_1 MESSAGE` starts one.",
  },
  {
    error: new RequestNotOpen({ instance, session, kinds: ["permission"] }),
    message:
      "Session ses_1 on api is not waiting for a permission; it may have been settled elsewhere. Nothing was sent.",
    mcp: " wait_for_session follows the turn; get_status shows which sessions are waiting.",
    terminal: " `opencode-fleet sessions api` shows which sessions are waiting.",
  },
  {
    error: new RequestNotOpen({ instance, session, kinds: ["question"], id: "que_1" }),
    message:
      'The question "que_1" is not open in session ses_1 on api: it was already settled, or its turn has ended. Nothing was sent.',
    mcp: " wait_for_session follows the turn; get_status shows which sessions are waiting.",
    terminal: " `opencode-fleet sessions api` shows which sessions are waiting.",
  },
  {
    error: new AmbiguousRequest({ session, kinds: ["permission"], candidates: ["per_1 (bash)", "per_2 (edit)"] }),
    message: "Session ses_1 is waiting for several permissions: per_1 (bash); per_2 (edit). Nothing was sent.",
    mcp: " Choose one with permission_id.",
    terminal: " Choose one with --id.",
  },
  {
    error: new InstanceNotFound({ reference: "nope", known: [] }),
    message: 'There is no instance "nope": no instance was found.',
    mcp: " list_instances shows which transports were scanned.",
    terminal: " `opencode-fleet doctor` shows which transports were scanned.",
  },
  {
    error: new InstanceNotFound({ reference: "nope", known: ["api", "web"] }),
    message: 'There is no instance "nope". There are: api, web.',
    mcp: " list_instances shows each with its directory.",
    terminal: " `opencode-fleet instances` shows each with its directory.",
  },
  {
    error: new AmbiguousInstance({ reference: "a", candidates: ["api", "app"] }),
    message: '"a" matches several instances: api, app.',
    mcp: " Use the full name of one.",
    terminal: " Use the full name of one.",
  },
  {
    error: new InstanceRequired({ online: ["api", "app"], offline: [] }),
    message: "No instance was named, and several are online: api, app.",
    mcp: " Pass one of these names as `instance`.",
    terminal: " Name one of them.",
  },
  {
    error: new InstanceRequired({ online: [], offline: ["web"] }),
    message: "No instance is online (found: web).",
    mcp: " list_instances shows why.",
    terminal: " `opencode-fleet instances` shows why.",
  },
  {
    error: new AmbiguousSession({
      reference: "parser",
      candidates: ["ses_1 (Fix the parser)", "ses_2 (Test the parser)"],
    }),
    message: '"parser" matches several sessions: ses_1 (Fix the parser); ses_2 (Test the parser).',
    mcp: " Use the full id of one.",
    terminal: " Use the full id of one.",
  },
]

const tools = new RegExp(Object.keys(FleetToolkit.tools).join("|"), "u")

describe("Each surface chooses its own words for an error", () => {
  it.each(snapshots.map((snapshot) => [snapshot.error._tag, snapshot] as const))("%s", (_, snapshot) => {
    const { error, mcp, message, terminal } = snapshot
    assert.strictEqual(error.message, message)
    assert.strictEqual(mcpText(error), message + mcp)
    assert.strictEqual(terminalText(error), message + terminal)
    assert.notMatch(message, tools)
    assert.notMatch(terminal, tools)
    assert.notMatch(message + mcp, /`opencode-fleet /u)
  })

  it("names the flag, not the parameter, of an agent that the terminal was given", () => {
    const error = new InvalidParameter({ parameter: "agent", value: "nope", detail: "this opencode has build" })
    assert.strictEqual(mcpText(error), 'agent "nope" cannot be used: this opencode has build.')
    assert.strictEqual(terminalText(error), '--agent "nope" cannot be used: this opencode has build.')
  })

  it("says in each surface's terms where to find the id of a message", () => {
    const error = new InvalidParameter({ parameter: "message_id", value: "msg_x", detail: "the session has none" })
    assert.strictEqual(
      mcpText(error),
      'message_id "msg_x" cannot be used: the session has none. get_session shows the ids of the session\'s messages; omit message_id for the whole session.',
    )
    assert.strictEqual(
      terminalText(error),
      '--message "msg_x" cannot be used: the session has none. `opencode-fleet read INSTANCE SESSION` shows the ids of its messages.',
    )
  })
})
