/** The JSON file that announces an instance in the relay directory. */
import { Schema, SchemaTransformation } from "effect"
import { isLoopback } from "../../text/loopback.ts"
import { plainLine } from "../../text/plainText.ts"
import { accessFields } from "./RegistrationAccess.ts"

/** One printable line, because registrations may come from other machines. */
const Line = Schema.String.pipe(
  Schema.decodeTo(Schema.String, SchemaTransformation.transform({ decode: plainLine, encode: (line) => line })),
)

const nameLength = 200

const Port = Schema.Int.check(
  Schema.isBetween({ minimum: 1, maximum: 65_535 }, { expected: "a port number from 1 to 65535" }),
)

/**
 * The state of `opencode-fleet connect`, which it keeps in the registration on its own machine for `connect --status` and
 * `doctor`. The copy on a relay does not have it.
 */
export const ConnectState = Schema.Struct({
  /** The process id of `opencode-fleet connect`. */
  pid: Schema.Int,
  /** Path of its log file. */
  log: Line,
  /** Its tunnel, if it uses a relay. */
  tunnel: Schema.optionalKey(
    Schema.Struct({
      /** The command that connects to the relay. */
      relay: Line,
      state: Schema.Literals(["connecting", "connected", "waiting"]),
      /** When that state began (ISO 8601). */
      since: Line,
      /** Port of the tunnel on the relay, while it is connected. */
      port: Schema.optionalKey(Port),
      /** Why the last attempt failed, while it waits for the next one. */
      reason: Schema.optionalKey(Line),
    }),
  ),
})
export type ConnectState = typeof ConnectState.Type

/** Unknown fields are ignored, so other programs may add their own. */
export const Registration = Schema.Struct({
  name: Line.check(
    Schema.isBetweenLength(1, nameLength, { expected: `a name of 1 to ${nameLength} printable characters` }),
  ),
  /** The same in everything that announces this instance. */
  id: Schema.optionalKey(Line.check(Schema.isBetweenLength(1, 100, { expected: "an id of 1 to 100 characters" }))),
  /** The host name of the machine on which opencode runs. */
  hostname: Schema.optionalKey(Line),
  /** The port to connect to on this machine: opencode's own port, or that of a tunnel. */
  port: Port,
  /** The loopback address to connect to, if it is not 127.0.0.1. */
  address: Schema.optionalKey(
    Schema.String.check(Schema.makeFilter(isLoopback, { expected: "a loopback address, such as ::1" })),
  ),
  /** opencode's port on its own machine, if `port` is that of a tunnel. */
  localPort: Schema.optionalKey(Port),
  /** The version of opencode's API. Default: the first answer shows it. */
  api: Schema.optionalKey(Schema.Literals([1, 2])),
  /** opencode's working directory. */
  cwd: Schema.optionalKey(Line),
  /** opencode's process on `hostname`. `birth` distinguishes it from others with the same id; see `LocalMachine.birthOf`. */
  pid: Schema.optionalKey(Schema.Int),
  birth: Schema.optionalKey(Schema.String),
  connectedAt: Schema.optionalKey(Schema.Union([Schema.String, Schema.Finite])),
  /** A {@link ConnectState}, unless another program uses the field. */
  connect: Schema.optionalKey(Schema.Unknown),
})
export type Registration = typeof Registration.Type

export const RegistrationJson = Schema.fromJsonString(Registration)

/** A registration as it is read: with a URL in place of a port, and with references to secrets; see `RegistrationAccess.ts`. */
export const ReadRegistration = Schema.Struct({
  ...Registration.fields,
  ...accessFields,
  port: Schema.optionalKey(Port),
})
export type ReadRegistration = typeof ReadRegistration.Type
