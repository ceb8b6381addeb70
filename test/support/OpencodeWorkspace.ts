/**
 * The home and the project of a {@link RealOpencode}: temporary, configured for the scripted model, and set up so that
 * opencode does not use the network.
 */
import { Effect, FileSystem, Path } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { scriptedModelId, ScriptedModel } from "./ScriptedModel.ts"

/** The directories of an instance. */
export interface Workspace {
  /** HOME, with every XDG directory inside. */
  readonly home: string
  /** The project: a git repository with one commit. */
  readonly directory: string
}

export interface WorkspaceOptions {
  /** Whether opencode asks before it runs a shell command. Default: it does not. */
  readonly permission?: "allow" | "ask" | undefined
  /** Name of the project's directory. */
  readonly project?: string | undefined
  /**
   * Whether opencode records what each step changes in the project, as it does by default. Default here: it does not, since
   * the git processes for that take half of the CPU time of a turn.
   */
  readonly snapshots?: boolean | undefined
  /** Slash commands: the content of the Markdown file of each name. */
  readonly commands?: Readonly<Record<string, string>> | undefined
  /** Further top-level entries of `opencode.json`. */
  readonly config?: Readonly<Record<string, unknown>> | undefined
}

const gitIdentity = {
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "Scripted",
  GIT_AUTHOR_EMAIL: "scripted@example.com",
  GIT_COMMITTER_NAME: "Scripted",
  GIT_COMMITTER_EMAIL: "scripted@example.com",
}

/**
 * The catalogue of all providers' models, here without any. Reading the one that is built into opencode takes a quarter of
 * the time from its start to the end of its first turn.
 */
const modelsFile = (home: string) => `${home}/models.json`

/** The whole environment, without any key or configuration of the developer's own opencode. */
export const environment = (home: string, password?: string | undefined) => ({
  ...gitIdentity,
  PATH: process.env["PATH"],
  HOME: home,
  TMPDIR: `${home}/tmp`,
  XDG_CACHE_HOME: `${home}/.cache`,
  XDG_CONFIG_HOME: `${home}/.config`,
  XDG_DATA_HOME: `${home}/.local/share`,
  XDG_STATE_HOME: `${home}/.local/state`,
  OPENCODE_DISABLE_AUTOUPDATE: "1",
  OPENCODE_DISABLE_DEFAULT_PLUGINS: "1",
  OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
  OPENCODE_DISABLE_MODELS_FETCH: "1",
  OPENCODE_DISABLE_SHARE: "1",
  OPENCODE_MODELS_PATH: modelsFile(home),
  OPENCODE_SERVER_PASSWORD: password,
})

const configuration = (modelUrl: string, options: WorkspaceOptions) => ({
  autoupdate: false,
  share: "disabled",
  model: `scripted/${scriptedModelId}`,
  small_model: `scripted/${scriptedModelId}`,
  enabled_providers: ["scripted"],
  provider: {
    scripted: {
      npm: "@ai-sdk/openai-compatible",
      name: "Scripted",
      options: { baseURL: modelUrl, apiKey: "sk-scripted-secret" },
      models: { [scriptedModelId]: { name: "Scripted", tool_call: true, limit: { context: 200_000, output: 8_000 } } },
    },
  },
  permission: { "*": "allow", bash: options.permission ?? "allow" },
  snapshot: options.snapshots ?? false,
  ...options.config,
})

/**
 * opencode installs its plugin library from npm into every configuration directory, with its first request. No
 * variable forbids it, but it believes a lock file (beside a `node_modules`) that says that this has been done.
 */
const installed = { packages: { "": { dependencies: { "@opencode-ai/plugin": "*" } } } }

/** Creates a home and a project, which are removed when the scope closes. */
export const makeWorkspace = Effect.fnUntraced(function* (options: WorkspaceOptions) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const model = yield* ScriptedModel
  // opencode reports real paths, and the temporary directory of macOS is a link.
  const root = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "real-opencode-" }), fs.realPath)
  const home = path.join(root, "home")
  const directory = path.join(root, options.project ?? "project")
  const config = path.join(home, ".config", "opencode")
  yield* Effect.forEach(
    [path.join(config, "node_modules"), path.join(config, "command"), path.join(home, "tmp"), directory],
    (each) => fs.makeDirectory(each, { recursive: true }),
  )
  yield* fs.writeFileString(
    path.join(config, "opencode.json"),
    JSON.stringify(configuration(model.url, options), null, 2),
  )
  yield* Effect.forEach(Object.entries(options.commands ?? {}), ([name, content]) =>
    fs.writeFileString(path.join(config, "command", `${name}.md`), content),
  )
  yield* fs.writeFileString(modelsFile(home), "{}")
  yield* fs.writeFileString(path.join(config, "package-lock.json"), JSON.stringify(installed))
  yield* fs.writeFileString(path.join(directory, "README.md"), `# ${path.basename(directory)}\n`)
  const git = (...args: ReadonlyArray<string>) =>
    spawner.string(ChildProcess.make("git", args, { cwd: directory, env: environment(home) }))
  yield* git("init", "--quiet", "--initial-branch=main")
  yield* git("add", ".")
  yield* git("commit", "--quiet", "--message=Begin")
  return { home, directory }
})
