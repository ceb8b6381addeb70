/** The JSON file that announces an instance in the relay directory. */
import { Schema, SchemaTransformation } from "effect"
import { plainLine } from "../../text/plainText.ts"

/** One printable line: the file may come from anybody who can reach the relay. */
const Line = Schema.String.pipe(
  Schema.decodeTo(Schema.String, SchemaTransformation.transform({ decode: plainLine, encode: (line) => line })),
)

const nameLength = 200

const Port = Schema.Int.check(
  Schema.isBetween({ minimum: 1, maximum: 65_535 }, { expected: "a port number from 1 to 65535" }),
)

/**
 * What `opencode-fleet connect` keeps of itself in the registration on its own machine, for `connect --status` and
 * `doctor`. Its relay's copy has no such field.
 */
export const ConnectState = Schema.Struct({
  /** Of `opencode-fleet connect` itself. */
  pid: Schema.Int,
  /** Path of its log. */
  log: Line,
  /** Its tunnel, if it has a relay. */
  tunnel: Schema.optionalKey(
    Schema.Struct({
      /** The command that leads to the relay. */
      relay: Line,
      state: Schema.Literals(["connecting", "connected", "waiting"]),
      /** ISO 8601: when it came into that state. */
      since: Line,
      /** The tunnel's end on the relay, of one that is connected. */
      port: Schema.optionalKey(Port),
      /** What went wrong, of one that waits for the next try. */
      reason: Schema.optionalKey(Line),
    }),
  ),
})
export type ConnectState = typeof ConnectState.Type

/** Fields that are not named here are ignored, so that other programs may keep their own in the file. */
export const Registration = Schema.Struct({
  name: Line.check(
    Schema.isBetweenLength(1, nameLength, { expected: `a name of 1 to ${nameLength} printable characters` }),
  ),
  /** The machine that opencode runs on. */
  hostname: Schema.optionalKey(Line),
  /** The port to connect to on this machine: opencode's own, or the end of a tunnel. */
  port: Port,
  /** opencode's port on its own machine, where a tunnel leads there. */
  localPort: Schema.optionalKey(Port),
  /** opencode's working directory. */
  cwd: Schema.optionalKey(Line),
  /** opencode's process on `hostname`, and what tells it from others of that id; see `LocalMachine.birthOf`. */
  pid: Schema.optionalKey(Schema.Int),
  birth: Schema.optionalKey(Schema.String),
  connectedAt: Schema.optionalKey(Schema.Union([Schema.String, Schema.Finite])),
  /** A {@link ConnectState}, unless some other program has put something else there. */
  connect: Schema.optionalKey(Schema.Unknown),
})
export type Registration = typeof Registration.Type

export const RegistrationJson = Schema.fromJsonString(Registration)
