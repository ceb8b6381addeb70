/**
 * What is read of the status that tailscaled gives over its local API, and `tailscale status --json` prints. Tailscale
 * writes it in Go: a list or an object without entries may be `null`, and most versions have fields of their own.
 */
import { Option, Schema, SchemaTransformation } from "effect"

const opt = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

/** A whole number of 64 bits, as text: some users' are larger than what a number holds exactly. */
const Id = Schema.Union([Schema.String, Schema.Finite]).pipe(
  Schema.decodeTo(
    Schema.String,
    SchemaTransformation.transform<string, string | number>({ decode: String, encode: (id) => id }),
  ),
)

export const Peer = Schema.Struct({
  /** As the machine calls itself: not unique, and often just `localhost`. */
  HostName: opt(Schema.String),
  /** Its name in the tailnet, with a dot at the end. */
  DNSName: opt(Schema.String),
  /** A tagged one has a user that stands for all of them. */
  UserID: opt(Id),
  /** Who shares it with this user, if that is not its user. */
  AltSharerUserID: opt(Id),
  TailscaleIPs: opt(Schema.Array(Schema.String)),
  Tags: opt(Schema.Array(Schema.String)),
  Online: opt(Schema.Boolean),
  /** It is here only because something is shared with it. */
  ShareeNode: opt(Schema.Boolean),
  Expired: opt(Schema.Boolean),
})
export type Peer = typeof Peer.Type

export const TailnetStatus = Schema.Struct({
  Version: opt(Schema.String),
  /** False if there is no network device, so that only Tailscale's own proxy reaches the peers. */
  TUN: opt(Schema.Boolean),
  BackendState: Schema.String,
  Self: opt(Peer),
  Health: opt(Schema.Array(Schema.String)),
  /** Of `CurrentTailnet`, which older versions lack. */
  MagicDNSSuffix: opt(Schema.String),
  CurrentTailnet: opt(Schema.Struct({ MagicDNSSuffix: opt(Schema.String) })),
  /** By node key; each is decoded by itself. */
  Peer: opt(Schema.Record(Schema.String, Schema.Unknown)),
  /** Profiles by user id; each is decoded by itself. */
  User: opt(Schema.Record(Schema.String, Schema.Unknown)),
})
export type TailnetStatus = typeof TailnetStatus.Type

/** Keeps as text what a number would round. */
const exactly = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" && !Number.isSafeInteger(value) ? (context?.source ?? value) : value

export const TailnetStatusJson = Schema.fromJsonString(TailnetStatus, { reviver: exactly })

const decodePeer = Schema.decodeUnknownOption(Peer)

/** The peers, and how many there are beside them that cannot be understood. */
export const peersOf = ({ Peer: peers }: TailnetStatus) => {
  const all = Object.values(peers ?? {}).map((peer) => decodePeer(peer))
  const understood = all.flatMap((peer) => Option.toArray(peer))
  return { peers: understood, broken: all.length - understood.length }
}

const decodeProfile = Schema.decodeUnknownOption(Schema.Struct({ LoginName: Schema.String }))

/** The name under which a user logs in, if known. */
export const loginOf = ({ User: users }: TailnetStatus, id: string): string | undefined =>
  users !== null && users !== undefined && Object.hasOwn(users, id)
    ? Option.getOrUndefined(Option.map(decodeProfile(users[id]), ({ LoginName }) => LoginName))
    : undefined
