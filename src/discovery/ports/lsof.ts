/** Listening sockets from `lsof`: on macOS, and on other systems that have it. */
import { Effect, Option, type PlatformError, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { line, plainLine } from "../../text/plainText.ts"
import { failureText } from "../../machine/fileError.ts"
import { CurrentUser } from "../../machine/StrictModes.ts"
import { type Listening, ListeningUnknown } from "./ListeningSockets.ts"
import { programOf } from "./program.ts"

/** The fields of one file of a process, by their letters in `lsof -F`, with the fields of the process. */
type Fields = Readonly<Record<string, string>>

/** lsof writes bytes as `\x20` if it considers them unprintable, such as all non-ASCII ones without a UTF-8 locale. */
const unescaped = (text: string) =>
  text.replaceAll(/(?:\\x[\da-f]{2})+/giu, (bytes) => Buffer.from(bytes.replaceAll("\\x", ""), "hex").toString("utf8"))

/** Each line is a field, named by its first letter. `p` begins a process, and `f` one of its files. */
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
const endpoint = /^(?:\*|\[([^\]]+)\]|([\d.]+)):(\d+)$/u

/** The listening sockets. `directories` holds working directories by process id. */
export const parse = (output: string, directories: ReadonlyMap<number, string> = new Map()): ReadonlyArray<Listening> =>
  filesIn(output).flatMap(({ c = "", d = "", f = "", n = "", p = "", t }) => {
    const [, v6, v4, port] = endpoint.exec(n) ?? []
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

/** Working directories by process id, as `lsof -d cwd` lists them. */
export const parseDirectories = (output: string): ReadonlyMap<number, string> =>
  new Map(filesIn(output).map(({ n = "", p }) => [Number(p), plainLine(n)]))

/** The path of lsof on macOS, because not every PATH contains its directory. */
const systemPath = "/usr/sbin/lsof"

const isMissing = (error: ListeningUnknown | PlatformError.PlatformError) =>
  error._tag === "PlatformError" && error.reason._tag === "NotFound"

export const lsof = Effect.gen(function* () {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const user = yield* CurrentUser

  /** lsof exits with status 1 both if it found nothing and if it failed; only a failure prints to stderr. */
  const output = (command: string, args: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const { stderr, stdout } = yield* spawner.spawn(
        ChildProcess.make(command, ["-w", "-n", "-P", "-a", ...args], {
          stdin: "ignore",
          forceKillAfter: "300 millis",
        }),
      )
      const [out, err] = yield* Effect.all(
        [Stream.mkString(Stream.decodeText(stdout)), Stream.mkString(Stream.decodeText(stderr))],
        {
          concurrency: 2,
        },
      )
      return out === "" && err !== "" ? yield* new ListeningUnknown({ detail: line(err) }) : out
    }).pipe(Effect.scoped)

  const run = (args: ReadonlyArray<string>) =>
    output("lsof", args).pipe(
      Effect.catchIf(isMissing, () => output(systemPath, args)),
      Effect.catchTag(
        "PlatformError",
        (error) => new ListeningUnknown({ detail: isMissing(error) ? "lsof is not installed" : failureText(error) }),
      ),
    )

  const list = Effect.gen(function* () {
    if (Option.isNone(user)) return yield* new ListeningUnknown({ detail: "users have no numeric ids on this system" })
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
