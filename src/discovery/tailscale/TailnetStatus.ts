/**
 * The part of Tailscale's status that is used, as tailscaled's local API and `tailscale status --json` return it. Go
 * encodes an empty list or object as `null`, and fields differ between versions.
 */
import { Option, Schema, SchemaTransformation } from "effect"

const opt = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

/** A 64-bit integer as text, because some user ids exceed the safe integers. */
const Id = Schema.Union([Schema.String, Schema.Finite]).pipe(
  Schema.decodeTo(
    Schema.String,
    SchemaTransformation.transform<string, string | number>({ decode: String, encode: (id) => id }),
  ),
)

export const Peer = Schema.Struct({
  /** The machine's own name: not unique, and often just `localhost`. */
  HostName: opt(Schema.String),
  /** Its name in the tailnet, with a dot at the end. */
  DNSName: opt(Schema.String),
  /** All tagged machines share one pseudo-user. */
  UserID: opt(Id),
  /** The user who shares the machine with this one, if not its owner. */
  AltSharerUserID: opt(Id),
  TailscaleIPs: opt(Schema.Array(Schema.String)),
  Tags: opt(Schema.Array(Schema.String)),
  Online: opt(Schema.Boolean),
  /** Whether it is listed only because this user shares a machine with it. */
  ShareeNode: opt(Schema.Boolean),
  Expired: opt(Schema.Boolean),
})
export type Peer = typeof Peer.Type

export const TailnetStatus = Schema.Struct({
  Version: opt(Schema.String),
  /** False if there is no network device, so only Tailscale's own proxy reaches the peers. */
  TUN: opt(Schema.Boolean),
  BackendState: Schema.String,
  Self: opt(Peer),
  Health: opt(Schema.Array(Schema.String)),
  /** Also in `CurrentTailnet`, which older versions lack. */
  MagicDNSSuffix: opt(Schema.String),
  CurrentTailnet: opt(Schema.Struct({ MagicDNSSuffix: opt(Schema.String) })),
  /** By node key; each is decoded by itself. */
  Peer: opt(Schema.Record(Schema.String, Schema.Unknown)),
  /** Profiles by user id; each is decoded by itself. */
  User: opt(Schema.Record(Schema.String, Schema.Unknown)),
})
export type TailnetStatus = typeof TailnetStatus.Type

/** Keeps integers that a number would round as text. */
const exactly = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" && !Number.isSafeInteger(value) ? (context?.source ?? value) : value

export const TailnetStatusJson = Schema.fromJsonString(TailnetStatus, { reviver: exactly })

const decodePeer = Schema.decodeUnknownOption(Peer)

/** The peers, and the number of those that could not be decoded. */
export const peersOf = ({ Peer: peers }: TailnetStatus) => {
  const all = Object.values(peers ?? {}).map((peer) => decodePeer(peer))
  const decoded = all.flatMap((peer) => Option.toArray(peer))
  return { peers: decoded, undecoded: all.length - decoded.length }
}

const decodeProfile = Schema.decodeUnknownOption(Schema.Struct({ LoginName: Schema.String }))

/** A user's login name, if known. */
export const loginOf = ({ User: users }: TailnetStatus, id: string): string | undefined =>
  users !== null && users !== undefined && Object.hasOwn(users, id)
    ? Option.getOrUndefined(Option.map(decodeProfile(users[id]), ({ LoginName }) => LoginName))
    : undefined
