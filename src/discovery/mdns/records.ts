/** What a packet of mDNS says about opencodes. Anybody on the network may have sent it. */
import { Option, Schema } from "effect"
import type { Question } from "./MulticastDns.ts"

/** Where opencode announces itself, among all other web servers. */
const kind = "_http._tcp.local"

/** `opencode-4096._http._tcp.local`. A label has at most 63 bytes. */
const instance = /^(opencode-.{1,54})\._http\._tcp\.local\.?$/isu

/** Which opencodes there are. */
export const browse: Question = { type: "PTR", name: kind }

/** Where one of them is. */
export const whereIs = (label: string): Question => ({ type: "SRV", name: `${label}.${kind}` })

/** Something that was said about the instance of this label; with a time to live of 0 it is a goodbye. */
export type Heard =
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

const labelOf = (name: string): string | undefined => instance.exec(name)?.[1]

const understood = (record: unknown): ReadonlyArray<Heard> => {
  const read = Option.getOrUndefined(decode(record))
  if (read === undefined) return []
  const { ttl } = read
  const label = labelOf(read.type === "PTR" ? read.data : read.name)
  if (label === undefined) return []
  return read.type === "SRV"
    ? [{ _tag: "Location", label, ttl, ...read.data }]
    : read.name.toLowerCase() === kind
      ? [{ _tag: "Pointer", label, ttl }]
      : []
}

/** A goodbye counts, whatever else the packet says of the one that goes. */
export const heard = (records: ReadonlyArray<unknown>): ReadonlyArray<Heard> => {
  const all = records.flatMap(understood)
  const going = new Set(all.flatMap(({ label, ttl }) => (ttl === 0 ? [label.toLowerCase()] : [])))
  return all.filter(({ label, ttl }) => ttl === 0 || !going.has(label.toLowerCase()))
}
