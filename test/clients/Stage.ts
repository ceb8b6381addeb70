/** The surroundings of one client: a home, a project, a model and the recorded executable, all of its own. */
import { Effect, FileSystem, Path, Schema, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { executable } from "../support/Executable.ts"
import { openTerminal } from "../support/PseudoTerminal.ts"
import { killAll, startedWith } from "../support/processes.ts"
import { connectionOf } from "./http/connection.ts"
import type { Served } from "./http/servedFleet.ts"
import { makeStandIn } from "./model/StandIn.ts"
import { type PlannedCall, promptOf } from "./model/script.ts"
import { readRecording } from "./record/Recording.ts"

/** A client did not do what it was told to; `output` is the end of what it printed. */
export class ClientFailed extends Schema.TaggedError<ClientFailed>()("ClientFailed", {
  what: Schema.String,
  output: Schema.String,
}) {
  override get message() {
    return `${this.what}: ${this.output}`
  }
}

export interface Fleet {
  /** RELAY_REGISTRY_DIR, with the instance `main`. */
  readonly relay: string
  /** A session of `main` with more text than an answer holds. */
  readonly longSession: string
  /** Creates a session of `main`. */
  readonly newSession: Effect.Effect<string, unknown>
  readonly isBusy: (session: string) => Effect.Effect<boolean>
  /** The texts of a session's messages, as opencode has stored them. */
  readonly stored: (session: string) => Effect.Effect<ReadonlyArray<string>>
  /** The server over HTTP that all clients use. Undefined if each starts one of its own. */
  readonly served: Served | undefined
}

export interface StageOptions {
  /** A short name for files and messages. */
  readonly name: string
  readonly fleet: Fleet
  /** The folder of the client's programs; undefined if it needs none. */
  readonly bin: string | undefined
  /** Over HTTP, without a token: the client logs in. */
  readonly logsIn: boolean
}

type Variables = Readonly<Record<string, string>>

const recorderSource = fileURLToPath(new URL("record/recorder.mjs", import.meta.url))

/** Follows the redirects to the client, as the browser of a person does who is logged in at the issuer. */
const browserScript = `#!/bin/sh
exec "${process.execPath}" -e 'fetch(process.argv[1])' "$1"
`

const maxSeconds = 90

export const makeStage = Effect.fnUntraced(function* ({ bin, fleet, logsIn, name }: StageOptions) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const home = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "mcp-client-" }), fs.realPath)
  const project = path.join(home, "project")
  const recorderFolder = path.join(home, "recorder")
  const recorder = path.join(recorderFolder, "opencode-fleet.mjs")
  yield* Effect.forEach([project, recorderFolder, path.join(home, "tmp")], (each) => fs.makeDirectory(each))
  yield* fs.copyFile(recorderSource, recorder)
  yield* fs.writeFileString(path.join(recorderFolder, "executable.txt"), executable)
  const model = yield* makeStandIn
  const session = yield* fleet.newSession
  const http = fleet.served === undefined ? undefined : yield* connectionOf(fleet, fleet.served, logsIn)
  const browser = path.join(home, "browser", "xdg-open")
  yield* fs.makeDirectory(path.dirname(browser))
  yield* fs.writeFileString(browser, browserScript, { mode: 0o755 })
  // Some clients leave a daemon behind. All processes of this home end with the stage.
  yield* Effect.addFinalizer(() => killAll(startedWith("HOME", home)))

  const environment: Variables = {
    PATH: [path.dirname(browser), bin, dirname(process.execPath), "/usr/local/bin", "/usr/bin", "/bin"]
      .filter(Boolean)
      .join(":"),
    HOME: home,
    TMPDIR: path.join(home, "tmp"),
    TERM: "xterm-256color",
    LANG: "C.UTF-8",
    BROWSER: browser,
    NO_COLOR: "1",
    ...http?.environment,
  }

  const run = Effect.fnUntraced(function* (
    argv: readonly [string, ...ReadonlyArray<string>],
    { env = {}, stdin = "", stdout: onlyStdout = false }: { env?: Variables; stdin?: string; stdout?: boolean } = {},
  ) {
    const [command, ...args] = argv
    const handle = yield* ChildProcess.make(command, args, {
      cwd: project,
      env: { ...environment, ...env },
      stdin: Stream.make(new TextEncoder().encode(stdin)),
      forceKillAfter: "3 seconds",
    })
    let output = ""
    const source = onlyStdout ? handle.stdout : handle.all
    yield* source.pipe(
      Stream.decodeText,
      Stream.runForEach((text) => Effect.sync(() => void (output += text))),
      Effect.andThen(handle.exitCode),
      Effect.timeoutOrElse({
        duration: `${maxSeconds} seconds`,
        orElse: () =>
          Effect.suspend(
            () => new ClientFailed({ what: `${command} did not end in ${maxSeconds} s`, output: output.slice(-2000) }),
          ),
      }),
    )
    return output
  }, Effect.scoped)

  /** What `opencode-fleet config CLIENT` prints on stdout. */
  const config = (client: string) =>
    run([process.execPath, recorder, "config", client, ...(http?.configFlags ?? [])], {
      env: { RELAY_REGISTRY_DIR: fleet.relay },
      stdout: true,
    })

  return {
    name,
    home,
    project,
    recorder,
    fleet,
    /** An empty session of `main`, for this client alone. */
    session,
    model,
    environment,
    /** Runs a program to its end, and returns what it printed. */
    run,
    config,
    /** Runs the command that `config` prints, as its `--help` says. */
    configure: (client: string) => Effect.flatMap(config(client), (command) => run(["sh", "-c", command])),
    /** Writes a file below the home. */
    write: (file: string, content: string | object) =>
      Effect.gen(function* () {
        const whole = path.join(home, file)
        yield* fs.makeDirectory(path.dirname(whole), { recursive: true })
        yield* fs.writeFileString(whole, typeof content === "string" ? content : JSON.stringify(content, undefined, 2))
        return whole
      }),
    read: (file: string) => Effect.orElseSucceed(fs.readFileString(path.join(home, file)), () => ""),
    terminal: (
      argv: readonly [string, ...ReadonlyArray<string>],
      { env = {}, ...size }: { env?: Variables; columns?: number; rows?: number } = {},
    ) => openTerminal({ argv, cwd: project, env: { ...environment, ...env }, ...size }),
    recording: http?.recording ?? readRecording(recorderFolder),
    /** How to reach the server over HTTP. Undefined on stdio. */
    http,
    /** The command that the agent asks permission for. */
    command: `echo ${name}`,
    /**
     * The calls that every client's model makes: a list, a long text, a message whose turn needs a permission, and over HTTP
     * a call during which the connection breaks.
     */
    prompt: promptOf([
      { tool: "list_instances", input: {} },
      { tool: "get_session", input: { instance: "main", session_id: fleet.longSession } },
      ...(http === undefined ? [] : [http.cutCall]),
      { tool: "send_message", input: { instance: "main", session_id: session, message: `run: echo ${name}` } },
    ]),
    /** A message to the session, and what the model does then with that session. */
    promptTo: (message: string, ...others: ReadonlyArray<PlannedCall>) =>
      promptOf(
        [{ tool: "send_message", input: { message } }, ...others].map(({ input, tool }) => ({
          tool,
          input: { instance: "main", session_id: session, ...input },
        })),
      ),
  }
})
export type Stage = Effect.Success<ReturnType<typeof makeStage>>
