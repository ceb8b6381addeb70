/**
 * Recognises what should have been replaced by a value: `${user_config.ports}`, `${HOME}/relay`, `%USERPROFILE%\relay`,
 * `{{PASSWORD}}`. MCP clients differ in which of these they fill in, and pass on the others unchanged.
 */
import { Option } from "effect"
import type { variables } from "./variables.ts"

type Content = (typeof variables)[keyof typeof variables]["content"]

/** `${X}`, `{{X}}`, `{env:X}`, `%X%`; `$X` and `$env:X` as the first segment of a path; `<X>` as the whole value. */
const anywhere =
  /\$\{[^{}]*\}|\{\{[^{}]*\}\}|\{(?:env|file):[^{}]*\}|%[A-Za-z_][A-Za-z0-9_()]+%|^\$(?:env:)?[A-Za-z_]\w*(?=$|[/\\])|^<[^<>]+>$/iu

/** A shell fills in `$X` and `${X:-y}`, but not `${env:X}`. */
const inCommand = /\$\{\w+[.:][A-Za-z_][^{}]*\}|^\$\{[^{}]*\}$|^\{\{[^{}]*\}\}$|^%\w{2,}%$|^<[^<>]+>$/u

/** A secret may contain any character, so only a whole one counts. A name without a `_` could be the secret itself. */
const wholeSecret =
  /^(?:\$\{.*\}|\{\{.*\}\}|\{(?:env|file):.*\}|%[A-Za-z_]\w+%|\$env:\w+|\$(?:PASSWORD|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)|<[^<>]+>)$/su

const patterns: Readonly<Record<Content, RegExp>> = {
  text: anywhere,
  path: anywhere,
  command: inCommand,
  secret: wholeSecret,
}

/** The name of a secret, which is shown. Any other text inside a placeholder may be the secret itself, such as a default. */
const secretName =
  /^\W*(?:(?:env|file|input|user_config|secrets?)[.:])?(?:OPENCODE|OTEL|NTFY|WEBHOOK)_[A-Z_]+\W*$|^\$\{(?:(?:input|user_config)[.:]\w+)?\}$/u

/** The first placeholder in the value, as an error may show it. */
export const placeholderIn = (content: Content, value: string): Option.Option<string> => {
  const [found] = patterns[content].exec(value.trim()) ?? []
  return Option.map(Option.fromUndefinedOr(found), (text) =>
    content === "secret" && !secretName.test(text) ? "…" : text,
  )
}
