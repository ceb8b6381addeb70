#!/usr/bin/env node
/**
 * The executable. It is this small for two reasons: V8's compile cache only serves modules that are loaded after it is
 * enabled, and an old Node must be able to parse this file to report that it is too old.
 *
 * `opencode-fleet` and `opencode-fleet serve` load only the server, and requests for help only its text; every other command
 * line loads the command-line parser.
 */
import { lstatSync, mkdirSync } from "node:fs"
// The whole module, because a named import that an old Node lacks would fail before the first line runs.
import nodeModule from "node:module"
import { dirname, isAbsolute, join } from "node:path"
import process from "node:process"
import { homeDirectory } from "./machine/homeDirectory.ts"
import { isNodeTooOld, oldestNode } from "./machine/oldestNode.ts"

/** Milliseconds after the start at which the compile cache is written, after the first requests are answered. */
const flushAfterMs = 1500

/**
 * The user's cache directory, never one below the working directory. A relative XDG_CACHE_HOME is ignored, as its specification
 * requires.
 */
const userCache = (): string | undefined => {
  const { LOCALAPPDATA, XDG_CACHE_HOME } = process.env
  if (XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME)) return XDG_CACHE_HOME
  const isSet = LOCALAPPDATA !== undefined && isAbsolute(LOCALAPPDATA)
  if (process.platform === "win32" && isSet) return LOCALAPPDATA
  const home = homeDirectory()
  return home === undefined ? undefined : join(home, ".cache")
}

/** Creates one directory that only this user can access. Not `recursive`, which never returns below /proc. */
const makePrivate = (directory: string): void => {
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch {
    // It exists already or cannot be created; `isPrivate` checks.
  }
}

/** Code is loaded from the cache, so no other user may own it or write to it. */
const isPrivate = (directory: string): boolean => {
  const stats = lstatSync(directory, { throwIfNoEntry: false })
  if (stats === undefined || !stats.isDirectory()) return false
  return process.getuid === undefined || (stats.uid === process.getuid() && (stats.mode & 0o022) === 0)
}

/** V8's compile cache saves a quarter of the start-up time. Everything works without it, so errors are ignored. */
const enableCompileCache = (): void => {
  try {
    const cache = userCache()
    if (cache === undefined) return
    const directory = join(cache, "opencode-fleet", "compile-cache")
    for (const path of [dirname(dirname(directory)), dirname(directory), directory]) makePrivate(path)
    if (!isPrivate(dirname(directory)) || !isPrivate(directory)) return
    nodeModule.enableCompileCache(directory)
    // Node writes the cache when it exits, which never happens if the client kills its server.
    setTimeout(() => nodeModule.flushCompileCache(), flushAfterMs).unref()
  } catch {
    // No permission or a full disk: start without the cache.
  }
}

/**
 * zod, a dependency of the MCP SDK, compiles every object schema with `new Function` at its first use. For a few messages
 * per second that never pays off, and it delays the start by 2 ms of 60. This is `z.config({ jitless: true })`, set before
 * the SDK's modules create their schemas.
 */
const skipSchemaCompilation = (): void => {
  Object.assign(globalThis, { __zod_globalConfig: { jitless: true } })
}

/** Exits during the start. A client may give up at any moment, and death by a signal would look like a crash. */
const exitEarly = () => process.exit(0)

/** Many of Node's functions throw if the working directory has been removed. */
const workingDirectoryIsGone = (): boolean => {
  try {
    process.cwd()
    return false
  } catch {
    return true
  }
}

const helpArguments = new Set(["--help", "-h", "help", "--version", "-v", "version"])

/** Such as `--help`, `send --help` or `help send`. */
const mayAskForHelp = (args: ReadonlyArray<string>) => args.length <= 2 && args.some((arg) => helpArguments.has(arg))

const start = async (args: ReadonlyArray<string>): Promise<void> => {
  const [command, ...others] = args
  const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const
  for (const signal of stopSignals) process.on(signal, exitEarly)
  enableCompileCache()
  skipSchemaCompilation()
  if (others.length === 0 && (command === undefined || command === "serve"))
    await (await import("./cli/commands/serve.ts")).runServe()
  else if (mayAskForHelp(args) && (await import("./cli/usage/quickHelp.ts")).showQuickHelp(args)) return
  else (await import("./cli/cli.ts")).runCli()
  // From here on, Effect's runtime handles the first two. A closed terminal means the same.
  process.on("SIGHUP", () => process.kill(process.pid, "SIGTERM"))
  // After the other listeners: without any, Node drops a signal that has arrived but has not been handled.
  for (const signal of stopSignals) process.off(signal, exitEarly)
}

if (isNodeTooOld(process.versions.node)) {
  process.stderr.write(`opencode-fleet needs Node ${oldestNode} or newer; this is ${process.versions.node}\n`)
  process.exitCode = 1
} else if (workingDirectoryIsGone()) {
  process.stderr.write("opencode-fleet: the working directory no longer exists; change to another one\n")
  process.exitCode = 1
} else {
  await start(process.argv.slice(2))
}
