/** The opencode records of an mDNS packet, which any device on the network may have sent. */
import { Option, Schema } from "effect"
import type { Question } from "./MulticastDns.ts"

/** The service type under which opencode announces itself, as do all web servers. */
const serviceType = "_http._tcp.local"

/** Captures the label of `opencode-4096._http._tcp.local`. A label has at most 63 bytes. */
const serviceName = /^(opencode-.{1,54})\._http\._tcp\.local\.?$/isu

/** Asks for the names of all services. */
export const browseQuestion: Question = { type: "PTR", name: serviceType }

/** Asks for the host and port of one service. */
export const locationQuestion = (label: string): Question => ({ type: "SRV", name: `${label}.${serviceType}` })

/** A record about the service with this label. `ttl` is in seconds; 0 announces that the service ends. */
export type ServiceRecord =
  | { readonly _tag: "Pointer"; readonly label: string; readonly ttl: number }
  | {
      readonly _tag: "Location"
      readonly label: string
      readonly ttl: number
      readonly port: number
      readonly target: string
    }

const Seconds = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0xff_ff_ff_ff }))

const RelevantRecord = Schema.Union([
  Schema.Struct({ type: Schema.Literal("PTR"), name: Schema.String, ttl: Seconds, data: Schema.String }),
  Schema.Struct({
    type: Schema.Literal("SRV"),
    name: Schema.String,
    ttl: Seconds,
    data: Schema.Struct({
      port: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 65_535 })),
      target: Schema.String,
    }),
  }),
])

const decode = Schema.decodeUnknownOption(RelevantRecord)

const labelOf = (name: string): string | undefined => serviceName.exec(name)?.[1]

const parseRecord = (record: unknown): ReadonlyArray<ServiceRecord> => {
  const decoded = Option.getOrUndefined(decode(record))
  if (decoded === undefined) return []
  const { ttl } = decoded
  const label = labelOf(decoded.type === "PTR" ? decoded.data : decoded.name)
  if (label === undefined) return []
  return decoded.type === "SRV"
    ? [{ _tag: "Location", label, ttl, ...decoded.data }]
    : decoded.name.toLowerCase() === serviceType
      ? [{ _tag: "Pointer", label, ttl }]
      : []
}

/** The records about opencode. A goodbye overrides all other records of its label in the packet. */
export const parseRecords = (records: ReadonlyArray<unknown>): ReadonlyArray<ServiceRecord> => {
  const all = records.flatMap(parseRecord)
  const ended = new Set(all.flatMap(({ label, ttl }) => (ttl === 0 ? [label.toLowerCase()] : [])))
  return all.filter(({ label, ttl }) => ttl === 0 || !ended.has(label.toLowerCase()))
}
