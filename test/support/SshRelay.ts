/**
 * A relay for tests: a real `sshd` on a loopback port, with keys, configuration and a home of its own, for the current user.
 * It can go down and come back, lose its connections, and leave them half open.
 */
import { NodeServices } from "@effect/platform-node"
import { Context, Deferred, Effect, Exit, FileSystem, Layer, Path, Ref, Schema, Scope, Semaphore, Stream } from "effect"
import type { PlatformError } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { type FaultProxy, makeFaultProxy } from "./FaultProxy.ts"
import { freePort } from "./loopback.ts"
import { descendants, killAll, signal, startedWith } from "./processes.ts"
import { find, isolate } from "./requirements.ts"
import { hosts, makeFiles, type FilesOptions } from "./SshRelayFiles.ts"
import { patience } from "./patience.ts"

/** sshd ended or does not listen; `log` is the end of its output. */
export class SshdStartFailed extends Schema.TaggedError<SshdStartFailed>()("SshdStartFailed", {
  reason: Schema.String,
  log: Schema.String,
}) {
  override get message() {
    return `sshd did not start: ${this.reason}\n${this.log}`
  }
}

export interface Options extends FilesOptions {
  /** Whether its processes see only each other, like those of another machine. Needs `withMachines`. */
  readonly isolated?: boolean | undefined
}

/** A command that connects to the relay. */
export interface Way {
  /** For `ChildProcess.make` or `spawn`: options of ssh and the remote command may follow. */
  readonly argv: readonly [string, ...ReadonlyArray<string>]
  /** The same as one line, for RELAY_SSH_CMD. */
  readonly command: string
}

type StartError = SshdStartFailed | PlatformError.PlatformError

export class SshRelay extends Context.Service<
  SshRelay,
  Way & {
    readonly port: number
    /** The directory of the keys and configurations. */
    readonly root: string
    /** HOME and working directory of every command there. The developer's own home is not used. */
    readonly home: string
    /** The relay directory there. It does not exist yet. */
    readonly directory: string
    /** The client's configuration: `ssh -F <configFile> relay`. */
    readonly configFile: string
    /** Connects through {@link proxy}, which can drop data, cut connections, and refuse them. */
    readonly throughProxy: Way
    readonly proxy: FaultProxy
    /** An executable script, like a cloud provider's wrapper: passes its arguments to ssh and hides ssh's output. */
    readonly quietWrapper: string
    /** sshd's log so far: connections, and why they were refused. */
    readonly log: Effect.Effect<string>
    /** Takes the machine down: nothing listens, and all connections and commands end. Does nothing if it is down. */
    readonly stop: Effect.Effect<void>
    /** Starts the machine again: same port, same keys, same home. Does nothing if it is up. */
    readonly start: Effect.Effect<void, StartError>
    /** Sends SIGKILL to all connections, but not to their commands. New connections work. */
    readonly killConnections: Effect.Effect<void>
    /** Makes all connections half open: they stay, but nothing answers. New connections work. */
    readonly freeze: Effect.Effect<void>
    /** Continues the frozen connections. */
    readonly thaw: Effect.Effect<void>
  }
>()("opencode-fleet/test/SshRelay") {
  static readonly layerNoDeps = (options?: Options) => Layer.effect(SshRelay, start(options))

  /** A relay of its own; the Node services stay available to the tests. */
  static readonly layer = (options?: Options) =>
    SshRelay.layerNoDeps(options).pipe(Layer.provideMerge(NodeServices.layer))
}

type Services = FileSystem.FileSystem | Path.Path | ChildProcessSpawner.ChildProcessSpawner

/** Starts a relay. Closing the scope ends it and all processes on it, and removes its files. */
export const start = Effect.fn("SshRelay.start")(function* (options: Options = {}) {
  const path = yield* Path.Path
  const services = yield* Effect.context<Services>()
  const port = yield* freePort
  const proxy = yield* makeFaultProxy({ port })
  const files = yield* makeFiles({ direct: port, throughProxy: proxy.port }, options)
  const log = yield* Ref.make("")
  const lock = yield* Semaphore.make(1)
  const running = yield* Ref.make<Running | undefined>(undefined)
  yield* makePrivilegeSeparationDirectory

  const launch = Effect.fnUntraced(function* () {
    if ((yield* Ref.get(running)) !== undefined) return
    // Not in this scope, which would end it before `stop` could find its connections.
    const scope = yield* Scope.make()
    const listener = yield* spawn(files.serverConfigFile, log, options.isolated === true).pipe(
      Scope.provide(scope),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
      Effect.tap(({ handle }) => Ref.set(running, { pid: handle.pid, scope })),
      Effect.uninterruptible,
    )
    yield* awaitListening(listener, log).pipe(Effect.onError(() => stop()))
  })

  const stop = Effect.fnUntraced(function* () {
    const current = yield* Ref.getAndSet(running, undefined)
    if (current === undefined) return
    // Before sshd ends, because its connections are then no longer its children.
    yield* signal([current.pid], "SIGSTOP")
    const children = yield* descendants(current.pid)
    yield* signal([current.pid, ...children.map(({ pid }) => pid)], "SIGKILL")
    yield* killAll(startedWith("HOME", files.home))
    yield* Scope.close(current.scope, Exit.void)
  }, Effect.uninterruptible)

  const signalConnections = (name: NodeJS.Signals) =>
    Effect.gen(function* () {
      const current = yield* Ref.get(running)
      if (current === undefined) return
      const all = (yield* descendants(current.pid)).filter((each) => each.name.startsWith("sshd"))
      // There, sshd itself is a child of `unshare`.
      const connections = options.isolated === true ? all.slice(1) : all
      yield* signal(
        connections.map(({ pid }) => pid),
        name,
      )
    }).pipe(Effect.provideContext(services), lock.withPermits(1))

  yield* Effect.addFinalizer(() => stop().pipe(Effect.provideContext(services)))
  yield* launch()

  return SshRelay.of({
    ...way(files.configFile, hosts.direct),
    port,
    root: files.root,
    home: files.home,
    directory: path.join(files.home, ".local", "share", "opencode-relay"),
    configFile: files.configFile,
    throughProxy: way(files.configFile, hosts.throughProxy),
    proxy,
    quietWrapper: files.quietWrapper,
    log: Ref.get(log),
    stop: stop().pipe(Effect.provideContext(services), lock.withPermits(1)),
    start: launch().pipe(Effect.provideContext(services), lock.withPermits(1)),
    killConnections: signalConnections("SIGKILL"),
    freeze: signalConnections("SIGSTOP"),
    thaw: signalConnections("SIGCONT"),
  })
})

interface Running {
  readonly pid: number
  readonly scope: Scope.Closeable
}

const way = (configFile: string, host: string): Way => {
  const argv = ["ssh", "-F", configFile, host] as const
  return { argv, command: argv.join(" ") }
}

/** Creates sshd's empty privilege-separation directory, which root needs and which may be missing if sshd never ran. */
const makePrivilegeSeparationDirectory = Effect.gen(function* () {
  if (process.getuid?.() !== 0) return
  const fs = yield* FileSystem.FileSystem
  yield* fs.makeDirectory("/run/sshd", { recursive: true, mode: 0o755 })
})

const spawn = Effect.fnUntraced(function* (configFile: string, log: Ref.Ref<string>, isolated: boolean) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  // sshd re-executes itself for every connection, so it needs an absolute path.
  const sshd = find("sshd") ?? "/usr/sbin/sshd"
  const args = ["-f", configFile]
  // Since 9.8, sshd temporarily refuses addresses with lost connections, and here all connections have the same address.
  const lenient = ["-o", "PerSourcePenalties=no"]
  const knows = (yield* spawner.exitCode(ChildProcess.make(sshd, ["-t", ...args, ...lenient]))) === 0
  const command = [...(isolated ? isolate : []), sshd, "-D", "-e", ...args, ...(knows ? lenient : [])]
  const handle = yield* ChildProcess.make(command[0] ?? sshd, command.slice(1), { stdin: "ignore" })
  const listening = yield* Deferred.make<void>()
  yield* handle.all.pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.runForEach((line) =>
      Ref.update(log, (before) => `${before}${line}\n`.slice(-20_000)).pipe(
        Effect.andThen(line.startsWith("Server listening on") ? Deferred.succeed(listening, undefined) : Effect.void),
      ),
    ),
    Effect.forkScoped,
  )
  return { handle, listening }
})

const awaitListening = Effect.fnUntraced(function* (
  { handle, listening }: Effect.Success<ReturnType<typeof spawn>>,
  log: Ref.Ref<string>,
) {
  const failed = (reason: string) =>
    Effect.flatMap(Ref.get(log), (log) => Effect.fail(new SshdStartFailed({ reason, log })))
  const died = Effect.exit(handle.exitCode).pipe(Effect.flatMap((exit) => failed(`it ended: ${exit._tag}`)))
  yield* Deferred.await(listening).pipe(
    Effect.raceFirst(died),
    Effect.timeoutOrElse({ duration: patience, orElse: () => failed(`it does not listen after ${patience}`) }),
  )
})
