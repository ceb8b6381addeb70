/** `opencode-fleet __complete`: what the shells' scripts ask. Prints one candidate a line. */
import { Console, Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { settingsLayer } from "../settings/settingsLayer.ts"
import { CommandLine } from "../usage/CommandLine.ts"
import { bashReplacement, bashWords } from "./bashWords.ts"
import { type Candidate, candidates } from "./candidates.ts"
import { type Shell, shells } from "./scripts.ts"

/** Loaded on demand, because every other command would start later. */
const live = Effect.map(
  Effect.promise(() => import("./liveNames.ts")),
  ({ liveNames }) => liveNames,
)

const isAssignment = (word: string) => /^[A-Za-z_]\w*=/u.test(word)

const commonStart = (one: string, other: string) => {
  const end = Array.from(one).findIndex((letter, index) => letter !== Array.from(other)[index])
  return end === -1 ? one : Array.from(one).slice(0, end).join("")
}

/** Readline puts the common start of all candidates in place of the word, which must not lose what was typed. */
const losesWord = (found: ReadonlyArray<Candidate>, typed: string) =>
  !found
    .map(({ value }) => value)
    .reduce(commonStart, found[0]?.value ?? "")
    .toLowerCase()
    .includes(typed.toLowerCase())

/** bash passes its line and the part of the word that it replaces. */
const forBash = Effect.fnUntraced(function* (line: string, readlineWord: string) {
  const { descriptor } = yield* CommandLine
  const all = bashWords(line)
  const program = all.findIndex(({ text }) => !isAssignment(text))
  const before = all.slice(program + 1, -1).map(({ text }) => text)
  const current = all.at(-1) ?? { raw: "", text: "" }
  const found = yield* candidates(yield* descriptor, before, current.text, yield* live)
  if (losesWord(found, current.text)) return []
  return found.flatMap(({ value }) => bashReplacement(value, current, readlineWord) ?? [])
})

const lineOf: Record<Exclude<Shell, "bash">, (candidate: Candidate) => string> = {
  zsh: ({ description, value }) => {
    const escaped = value.replaceAll("\\", "\\\\").replaceAll(":", String.raw`\:`)
    return description === "" ? escaped : `${escaped}:${description}`
  },
  fish: ({ description, value }) => `${value}\t${description}`,
}

const run = Effect.fnUntraced(function* ({ shell, words }: { shell: Shell; words: ReadonlyArray<string> }) {
  const { descriptor } = yield* CommandLine
  const lines =
    shell === "bash"
      ? yield* forBash(words[0] ?? "", words[1] ?? "")
      : (yield* candidates(yield* descriptor, words.slice(0, -1), words.at(-1) ?? "", yield* live)).map(lineOf[shell])
  if (lines.length > 0) yield* Console.log(lines.join("\n"))
})

export const complete = Command.make(
  "__complete",
  { shell: Argument.Literals("shell", shells), words: Argument.String("word").pipe(Argument.variadic()) },
  run,
).pipe(Command.provide(settingsLayer), Command.unlisted)
