#!/usr/bin/env node
/**
 * The executable. It stays this small for two reasons: V8's compile cache only serves modules that are loaded after it
 * has been switched on, and an old Node must be able to parse this file to say that it is too old.
 *
 * `opencode-fleet` and `opencode-fleet serve` load the server and nothing else; every other command line goes to the
 * command-line parser, which the server never loads.
 */
import { lstatSync, mkdirSync } from "node:fs"
// The whole module, for a named import of what an old Node lacks would fail before the first line runs.
import nodeModule from "node:module"
import { homedir } from "node:os"
import { dirname, isAbsolute, join } from "node:path"
import process from "node:process"
import { isNodeTooOld, oldestNode } from "./machine/oldestNode.ts"

/** How long after the start the compile cache is written: late enough that the first requests have been answered. */
const flushAfterMs = 1500

/** The user's own cache directory; a relative XDG_CACHE_HOME is to be ignored, says its specification. */
const userCache = (): string => {
  const { LOCALAPPDATA, XDG_CACHE_HOME } = process.env
  if (XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME)) return XDG_CACHE_HOME
  return process.platform === "win32" && LOCALAPPDATA !== undefined ? LOCALAPPDATA : join(homedir(), ".cache")
}

/** Makes one directory, for this user alone. Not `recursive`: that never returns where /proc is the parent. */
const makePrivate = (directory: string): void => {
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch {
    // It is there already, or cannot be made; `isPrivate` tells.
  }
}

/** Code is loaded from the cache, so nobody else may own it or write to it. */
const isPrivate = (directory: string): boolean => {
  const stats = lstatSync(directory, { throwIfNoEntry: false })
  if (stats === undefined || !stats.isDirectory()) return false
  return process.getuid === undefined || (stats.uid === process.getuid() && (stats.mode & 0o022) === 0)
}

/** V8's compile cache: a quarter of the start-up time. Without it everything works the same, so it never complains. */
const enableCompileCache = (): void => {
  try {
    const directory = join(userCache(), "opencode-fleet", "compile-cache")
    for (const path of [dirname(dirname(directory)), dirname(directory), directory]) makePrivate(path)
    if (!isPrivate(dirname(directory)) || !isPrivate(directory)) return
    nodeModule.enableCompileCache(directory)
    // Node writes the cache when it exits; clients that kill their servers would never have one.
    setTimeout(() => nodeModule.flushCompileCache(), flushAfterMs).unref()
  } catch {
    // No home, no permission, a full disk: start without.
  }
}

/**
 * zod, which comes with the MCP SDK, would compile every object schema with `new Function` at its first use. For a few
 * messages a second that never pays, and the start waits for it: 2 ms of 60. This is `z.config({ jitless: true })`, in
 * force before the SDK's modules make their schemas.
 */
const skipSchemaCompilation = (): void => {
  Object.assign(globalThis, { __zod_globalConfig: { jitless: true } })
}

/** Ends what has not begun yet. Clients may give up on a server at any moment, and an exit by a signal looks like a crash. */
const leave = () => process.exit(0)

/** The directory was removed since: much of Node throws there. */
const workingDirectoryIsGone = (): boolean => {
  try {
    process.cwd()
    return false
  } catch {
    return true
  }
}

const start = async ([command, ...others]: ReadonlyArray<string>): Promise<void> => {
  const stopSignals = ["SIGINT", "SIGTERM"] as const
  for (const signal of stopSignals) process.on(signal, leave)
  enableCompileCache()
  skipSchemaCompilation()
  if (others.length === 0 && (command === undefined || command === "serve"))
    (await import("./cli/commands/serve.ts")).runServe()
  else (await import("./cli/cli.ts")).runCli()
  // From here on the program ends by itself at these two. A terminal that is closed asks for the same.
  for (const signal of stopSignals) process.off(signal, leave)
  process.on("SIGHUP", () => process.kill(process.pid, "SIGTERM"))
}

if (isNodeTooOld(process.versions.node)) {
  process.stderr.write(`opencode-fleet needs Node ${oldestNode} or newer; this is ${process.versions.node}\n`)
  process.exitCode = 1
} else if (workingDirectoryIsGone()) {
  process.stderr.write("opencode-fleet: the working directory does not exist any more; change to another one\n")
  process.exitCode = 1
} else {
  await start(process.argv.slice(2))
}
