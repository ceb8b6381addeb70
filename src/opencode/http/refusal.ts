/**
 * What an answer with an error status says. opencode has several shapes of JSON for it, whatever its OpenAPI document
 * declares, and a proxy in front of it sends its own JSON, a plain text or a web page.
 */
import { Option, Record, Schema } from "effect"
import type { HttpClientResponse } from "effect/http"
import { line } from "../../text/plainText.ts"
import { NotOpencode, RefusedRequest } from "./clientErrors.ts"

const opt = Schema.optionalKey

const Message = Schema.Struct({ message: Schema.String })

/** The sentences of an error that names no message otherwise. */
const starting = (code: string) => `the server ${code.includes("stopping") ? "is stopping" : "is starting"}`

/** opencode's own shapes. */
const decodeOwn = Schema.decodeUnknownOption(
  Schema.Union([
    Schema.Struct({ name: Schema.String, data: opt(Schema.Record(Schema.String, Schema.Unknown)) }),
    Schema.Struct({ _tag: Schema.String, message: opt(Schema.String) }),
    /** Of a service that is not ready. `action` is a sentence. */
    Schema.Struct({ code: Schema.String, message: opt(Schema.String), action: opt(Schema.String) }),
  ]),
)

const decodeOther = Schema.decodeUnknownOption(
  Schema.Union([
    Message,
    Schema.Struct({ error: Message }),
    Schema.Struct({ error: Schema.String }),
    Schema.Struct({ detail: Schema.String }),
    Schema.Struct({ title: Schema.String }),
    Schema.String,
  ]),
)

/** An error of a configuration file has a path besides, and may have issues in place of a message. */
const namedReason = (name: string, { message, path, ...rest }: Readonly<Record<string, unknown>>) => {
  const where = typeof path === "string" ? `${path}: ` : ""
  if (typeof message === "string" && message !== "") return where + message
  return Record.isEmptyRecord(rest) && where === "" ? name : `${where}${name} ${JSON.stringify(rest)}`
}

const ownReason = (json: unknown) =>
  Option.map(decodeOwn(json), (body) => {
    if ("name" in body) return namedReason(body.name, body.data ?? {})
    if ("_tag" in body) return body.message ?? body._tag
    const { action, code, message } = body
    return [message, action].filter((sentence) => sentence !== undefined).join(" ") || starting(code)
  })

const otherReason = (json: unknown) =>
  Option.map(decodeOther(json), (body) => {
    if (typeof body === "string") return body
    if ("message" in body) return body.message
    if ("error" in body) return typeof body.error === "string" ? body.error : body.error.message
    return "detail" in body ? body.detail : body.title
  })

const titleOf = (html: string) => /<(title|h1)\b[^>]*>([\s\S]*?)<\/\1>/iu.exec(html)?.[2]

const decodeJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

/** Characters of a reason that are kept. */
const maxReason = 500

const short = (text: string) => line(text, maxReason)

/** The first text of a body that is not opencode's. */
const textOf = (text: string, contentType: string) =>
  /html/u.test(contentType) || /^\s*<(?:!doctype|html)\b/iu.test(text) ? (titleOf(text) ?? "a web page") : text

/** Seconds; undefined without a `retry-after` header. `now` in epoch milliseconds. */
export const retryAfterOf = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined
  const seconds = /^\s*\d+\s*$/u.test(header) ? Number(header) : (Date.parse(header) - now) / 1000
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined
}

/** `text` is the body, or the beginning of a long one. */
export const refusal = (
  { headers, status }: Pick<HttpClientResponse.HttpClientResponse, "headers" | "status">,
  text: string,
  now: number,
): RefusedRequest | NotOpencode => {
  const { "content-type": contentType = "", "retry-after": retryHeader } = headers
  const after = retryAfterOf(retryHeader, now)
  const retryAfter = after === undefined ? {} : { retryAfter: after }
  const json = Option.getOrUndefined(decodeJson(text))
  const own = Option.getOrUndefined(ownReason(json))
  if (own !== undefined) return new RefusedRequest({ status, message: short(own), ...retryAfter })
  const other = short(Option.getOrUndefined(otherReason(json)) ?? textOf(text, contentType))
  return new NotOpencode({ status, detail: other === "" ? "without a reason" : other, ...retryAfter })
}
