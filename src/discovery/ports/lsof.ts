/** macOS, and wherever else there is `lsof`: what that program lists. */
import { Effect, Option, type PlatformError, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { line, plainLine } from "../../text/plainText.ts"
import { CurrentUser } from "../../machine/StrictModes.ts"
import { type Listening, ListeningUnknown } from "./ListeningSockets.ts"
import { programOf } from "./program.ts"

/** One file of a process, by the letters of `lsof -F`: those of the process stand in each. */
type Fields = Readonly<Record<string, string>>

/** Bytes that it takes for unprintable are written as `\x20`: without a UTF-8 locale all of other scripts. */
const unescaped = (text: string) =>
  text.replaceAll(/(?:\\x[\da-f]{2})+/giu, (bytes) => Buffer.from(bytes.replaceAll("\\x", ""), "hex").toString("utf8"))

/** Each line is a field, its first letter says which; `p` begins a process, and `f` one of its files. */
const filesIn = (output: string): ReadonlyArray<Fields> => {
  const files: Array<Record<string, string>> = []
  let process: Record<string, string> = {}
  let current = process
  for (const text of output.split("\n")) {
    const letter = text.slice(0, 1)
    const value = unescaped(text.slice(1))
    if (letter === "p") current = process = { p: value }
    else if (letter === "f") files.push((current = { ...process, f: value }))
    else if (letter !== "") current[letter] = value
  }
  return files
}

/** `*:4096`, `127.0.0.1:4096` or `[::1]:4096`. */
const place = /^(?:\*|\[([^\]]+)\]|([\d.]+)):(\d+)$/u

/** The sockets, with the working directories of processes as far as they are known. */
export const parse = (output: string, directories: ReadonlyMap<number, string> = new Map()): ReadonlyArray<Listening> =>
  filesIn(output).flatMap(({ c = "", d = "", f = "", n = "", p = "", t }) => {
    const [, v6, v4, port] = place.exec(n) ?? []
    if (port === undefined) return []
    const pid = Number(p)
    const every = t === "IPv6" ? "::" : "0.0.0.0"
    return [
      {
        key: `${p} ${f} ${d}`,
        address: v6 ?? v4 ?? every,
        port: Number(port),
        owner: { pid, birth: undefined, ...programOf(c, []), directory: directories.get(pid) },
      },
    ]
  })

/** What `-d cwd` lists. */
export const parseDirectories = (output: string): ReadonlyMap<number, string> =>
  new Map(filesIn(output).map(({ n = "", p }) => [Number(p), plainLine(n)]))

/** On macOS it lies where not every PATH leads. */
const elsewhere = "/usr/sbin/lsof"

const isMissing = (error: ListeningUnknown | PlatformError.PlatformError) =>
  error._tag === "PlatformError" && error.reason._tag === "NotFound"

export const lsof = Effect.gen(function* () {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const user = yield* CurrentUser

  /** It ends with 1 both when it has found nothing and when something is wrong, but then it says so. */
  const output = (command: string, args: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const { stderr, stdout } = yield* spawner.spawn(
        ChildProcess.make(command, ["-w", "-n", "-P", "-a", ...args], {
          stdin: "ignore",
          forceKillAfter: "300 millis",
        }),
      )
      const [out, said] = yield* Effect.all(
        [Stream.mkString(Stream.decodeText(stdout)), Stream.mkString(Stream.decodeText(stderr))],
        {
          concurrency: 2,
        },
      )
      return out === "" && said !== "" ? yield* new ListeningUnknown({ detail: line(said) }) : out
    }).pipe(Effect.scoped)

  const run = (args: ReadonlyArray<string>) =>
    output("lsof", args).pipe(
      Effect.catchIf(isMissing, () => output(elsewhere, args)),
      Effect.catchTag(
        "PlatformError",
        (error) => new ListeningUnknown({ detail: isMissing(error) ? "there is no lsof" : line(error.message) }),
      ),
    )

  const list = Effect.gen(function* () {
    if (Option.isNone(user)) return yield* new ListeningUnknown({ detail: "this system does not number its users" })
    const listening = yield* run(["-u", String(user.value), "-iTCP", "-sTCP:LISTEN", "-FpcftdnT"])
    const opencodes = new Set(parse(listening).flatMap(({ owner }) => (owner?.isOpencode === true ? [owner.pid] : [])))
    if (opencodes.size === 0) return parse(listening)
    const directories = yield* run(["-p", [...opencodes].join(","), "-d", "cwd", "-Fpfn"]).pipe(
      Effect.orElseSucceed(() => ""),
    )
    return parse(listening, parseDirectories(directories))
  })
  return { list }
})
