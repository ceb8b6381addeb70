/** Converts a tool's model output to MCP content. */
import type { ContentBlock } from "@modelcontextprotocol/server"
import { Option, Result } from "effect"
import type { Prompt } from "effect/ai"
import { Base64 } from "effect/encoding"

export const textBlock = (text: string): ContentBlock => ({ type: "text", text })

const isText = (mediaType: string) => /^text\/|[/+](?:json|xml|yaml)$|\/javascript$/u.test(mediaType)

/** The URL of a remote file. `data:` URLs contain the file itself. */
const remoteUrl = (data: Prompt.FilePart["data"]): Option.Option<string> => {
  const url = String(data)
  return data instanceof Uint8Array || !/^(?!data:)[a-z][a-z0-9+.-]*:/iu.test(url) ? Option.none() : Option.some(url)
}

const base64OfDataUrl = (url: string): string => {
  const comma = url.indexOf(",")
  const body = url.slice(comma + 1)
  return url.slice(0, comma).endsWith(";base64") ? body : Base64.encode(decodeURIComponent(body))
}

const base64Of = (data: Prompt.FilePart["data"]): string => {
  if (data instanceof Uint8Array) return Base64.encode(data)
  const text = String(data)
  return text.startsWith("data:") ? base64OfDataUrl(text) : text
}

/** A resource needs a URI. A plain file name becomes the path of an `attachment:` URI. */
const uriOf = (fileName: string | undefined): string =>
  fileName !== undefined && URL.canParse(fileName)
    ? fileName
    : `attachment:///${encodeURIComponent(fileName ?? "file")}`

const fileBlock = ({ data, fileName, mediaType: mimeType }: Prompt.FilePart): ContentBlock => {
  const url = remoteUrl(data)
  if (Option.isSome(url)) return { type: "resource_link", uri: url.value, name: fileName ?? url.value, mimeType }
  const base64 = base64Of(data)
  if (mimeType.startsWith("image/")) return { type: "image", data: base64, mimeType }
  if (mimeType.startsWith("audio/")) return { type: "audio", data: base64, mimeType }
  const uri = uriOf(fileName)
  const text = isText(mimeType) ? Result.getSuccess(Base64.decodeString(base64)) : Option.none()
  return {
    type: "resource",
    resource: Option.isSome(text) ? { uri, mimeType, text: text.value } : { uri, mimeType, blob: base64 },
  }
}

export const contentBlocks = (parts: ReadonlyArray<Prompt.ToolModelOutputPart>): Array<ContentBlock> =>
  parts.map((part) => (part.type === "text" ? textBlock(part.text) : fileBlock(part)))
