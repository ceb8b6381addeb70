/** What can stand at the cursor of a command line. */
import { Effect } from "effect"
import type { Completions } from "effect/cli"

export interface Candidate {
  readonly value: string
  readonly description: string
}

/** Names that only the running fleet knows. */
interface LiveNames<R> {
  readonly instances: Effect.Effect<ReadonlyArray<Candidate>, never, R>
  readonly sessions: (instance: string) => Effect.Effect<ReadonlyArray<Candidate>, never, R>
}

/** What the words before the cursor have said. */
interface Position {
  readonly command: Completions.CommandDescriptor
  /** The flag whose value comes next. */
  readonly flag: Completions.FlagDescriptor | undefined
  readonly given: ReadonlyArray<string>
  readonly usedFlags: ReadonlySet<string>
  /** Whether `--` has ended the flags. */
  readonly flagsEnded: boolean
}

const spellings = ({ aliases, name }: Completions.FlagDescriptor) => [
  `--${name}`,
  ...aliases.map((alias) => (alias.length === 1 ? `-${alias}` : `--${alias}`)),
]

const takesValue = ({ optionalValue, type }: Completions.FlagDescriptor) =>
  type._tag !== "Boolean" && optionalValue !== true

const flagIn = ({ flags }: Completions.CommandDescriptor, word: string) => {
  const [name = ""] = word.split("=")
  return flags.find((flag) => spellings(flag).includes(name))
}

const read = (position: Position, word: string): Position => {
  const { command, flag, flagsEnded, given, usedFlags } = position
  if (flag !== undefined) return { ...position, flag: undefined }
  if (word === "--" && !flagsEnded) return { ...position, flagsEnded: true }
  if (word.startsWith("-") && !flagsEnded) {
    const known = flagIn(command, word)
    if (known === undefined) return position
    const waits = takesValue(known) && !word.includes("=")
    return { ...position, flag: waits ? known : undefined, usedFlags: new Set([...usedFlags, known.name]) }
  }
  const subcommand = given.length === 0 ? command.subcommands.find(({ name }) => name === word) : undefined
  return subcommand === undefined
    ? { ...position, given: [...given, word] }
    : { ...position, command: subcommand, usedFlags: new Set() }
}

const plain = (values: ReadonlyArray<string>): ReadonlyArray<Candidate> =>
  values.map((value) => ({ value, description: "" }))

const help = { value: "--help", description: "Show help" }

const flagCandidates = ({ command, usedFlags }: Position): ReadonlyArray<Candidate> => [
  ...command.flags
    .filter(({ name }) => !usedFlags.has(name))
    .map(({ description = "", name }) => ({ value: `--${name}`, description })),
  help,
]

const starting = (all: ReadonlyArray<Candidate>, current: string) =>
  all.filter(({ value }) => value.startsWith(current))

/** Names are accepted by a part and in any case, too. */
const accepted = (all: ReadonlyArray<Candidate>, current: string) => {
  const found = starting(all, current)
  const part = current.toLowerCase()
  return found.length > 0 ? found : all.filter(({ value }) => value.toLowerCase().includes(part))
}

const instances = <R>(live: LiveNames<R>, current: string) =>
  Effect.map(live.instances, (all) => accepted(all, current))

const latest = { value: "latest", description: "the most recently updated session" }

const newSession = { value: "new", description: "a new session" }

const sessions = <R>(live: LiveNames<R>, instance: string, current: string, others: ReadonlyArray<Candidate> = []) =>
  Effect.map(live.sessions(instance), (all) =>
    accepted([...others, ...(all.length === 0 ? [] : [latest]), ...all], current),
  )

/** `INSTANCE/SESSION`: each instance with its latest session, and after the slash the instance's sessions. */
const places = <R>(live: LiveNames<R>, current: string) => {
  const slash = current.indexOf("/")
  const [instance, session] = [current.slice(0, slash), current.slice(slash + 1)]
  return slash === -1
    ? Effect.map(instances(live, current), (all) => all.map((each) => ({ ...each, value: `${each.value}/latest` })))
    : Effect.map(sessions(live, instance, session), (all) =>
        all.map((each) => ({ ...each, value: `${instance}/${each.value}` })),
      )
}

const flagValues = <R>(flag: Completions.FlagDescriptor, live: LiveNames<R>, current: string) => {
  if (flag.type._tag === "Choice") return Effect.succeed(starting(plain(flag.type.values), current))
  if (flag.name === "instance") return instances(live, current)
  return flag.name === "to" ? places(live, current) : Effect.succeed([])
}

const isAt = ({ given }: Position, index: number, variadic: boolean) =>
  variadic ? given.length >= index : given.length === index

const argumentValues = <R>(position: Position, live: LiveNames<R>, current: string) => {
  const { command, given } = position
  const argument = command.arguments.find(({ variadic }, index) => isAt(position, index, variadic))
  if (argument?.type._tag === "Choice") return Effect.succeed(starting(plain(argument.type.values), current))
  switch (argument?.name) {
    case "instance":
      return instances(live, current)
    case "instance/session":
      return places(live, current)
    case "session":
      return sessions(live, given.at(-1) ?? "", current, command.name === "send" ? [newSession] : [])
    default:
      return Effect.succeed([])
  }
}

/** `words`: those after the program's name, before the cursor. `current`: the one at the cursor, up to it. */
export const candidates = Effect.fnUntraced(function* <R>(
  root: Completions.CommandDescriptor,
  words: ReadonlyArray<string>,
  current: string,
  live: LiveNames<R>,
) {
  const start: Position = { command: root, flag: undefined, given: [], usedFlags: new Set(), flagsEnded: false }
  const position = words.reduce(read, start)
  const { command, flag, flagsEnded, given } = position
  const [name = "", typedValue] = current.split("=", 2)
  const assigned = typedValue === undefined || flagsEnded ? undefined : flagIn(command, name)
  if (flag !== undefined) return yield* flagValues(flag, live, current)
  if (assigned !== undefined) {
    const values = yield* flagValues(assigned, live, typedValue ?? "")
    return values.map((each) => ({ ...each, value: `${name}=${each.value}` }))
  }
  if (current.startsWith("-") && !flagsEnded) return starting(flagCandidates(position), current)
  const explained = command.name === "help" ? root.subcommands : command.subcommands
  if (explained.length > 0 && given.length === 0) {
    const commands = explained.map(({ description = "", name }) => ({ value: name, description }))
    return starting(commands, current)
  }
  return yield* argumentValues(position, live, current)
})
