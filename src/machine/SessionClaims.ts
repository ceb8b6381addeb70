/**
 * Claims on sessions that all opencode-fleet servers of this user see: a file for each claimed session, created by the holder
 * and removed by it. The holder renews its claim. A claim that was not renewed for {@link lease} is void, and so is the claim
 * of a process that is known to have ended.
 */
import { Context, Duration, Effect, Exit, Layer, Schedule, Scope } from "effect"
import { open, readFile, readlink, rename, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { line } from "../text/plainText.ts"
import { errorCode } from "./errorCode.ts"
import { systemErrorText } from "./fileError.ts"
import { LocalMachine, type LocalMachineValues } from "./LocalMachine.ts"
import { cacheDirectory, ensureOwn } from "./ownDirectory.ts"

interface HeldClaim {
  readonly release: Effect.Effect<void>
  /**
   * Set if a server that ended without releasing it held it a moment ago, such as one that was killed: it may have sent a
   * message whose turn opencode does not show yet. The effect says that this is known now. Otherwise the next holder learns
   * of it, too.
   */
  readonly abandoned: Effect.Effect<void> | undefined
}

/** `unavailable`: claims cannot be made, for example because the directory cannot be written. */
export type Claim = HeldClaim | "taken" | "unavailable"

export interface SessionClaimsValues {
  /** Tries once. If claims cannot be made, logs each new reason once. */
  readonly claim: (session: string) => Effect.Effect<Claim>
  /** Why claims cannot be made, as a sentence; undefined if they can. */
  readonly problem: Effect.Effect<string | undefined>
}

/** Default: no claims. The layers of fleets provide those of this machine. */
export const SessionClaims = Context.Reference<SessionClaimsValues>("opencode-fleet/machine/SessionClaims", {
  defaultValue: () => ({ claim: () => Effect.succeed("unavailable"), problem: Effect.undefined }),
})

/**
 * How long a claim holds without being renewed. Only this ends the claim of a process on another machine that shares the home
 * directory, in another container, or with a process id that was used again.
 */
export const lease = Duration.seconds(30)

export const renewEvery = Duration.seconds(10)

/** The holder of a void claim that was not renewed for this time had ended before its message could matter. */
const matters = Duration.seconds(20)

/** How long the trace of an abandoned claim is heeded. */
const traceHolds = Duration.minutes(1)

/** A directory on a hung mount never answers. */
const maxWait = Duration.seconds(3)

/** The kernel and the container of this process: only within them does a process id mean one process. */
const processSpace = async ({ birthOf, hostname }: LocalMachineValues) => {
  const boot = birthOf(process.pid)?.split(":")[0] ?? ""
  return [hostname, boot, await readlink("/proc/self/ns/pid").catch(() => "")].join(" ")
}

const mayBeMerged = "messages that several opencode-fleet servers send to a session at the same moment may be merged"

/** Claims that are made by `attempt`, which fails with a clause that says why claims cannot be made, with this consequence. */
const telling = (
  attempt: (name: string) => Effect.Effect<Exclude<Claim, "unavailable">, string>,
  consequence = mayBeMerged,
): SessionClaimsValues => {
  let told: string | undefined
  /** Each new reason once, because every message would repeat it. */
  const tell = (reason: string) =>
    Effect.suspend(() => {
      if (told === reason) return Effect.void
      told = reason
      return Effect.logWarning(`${consequence}: ${reason}`)
    })
  return {
    claim: (session) => Effect.catch(attempt(session), (reason) => Effect.as(tell(reason), "unavailable" as const)),
    problem: attempt("doctor").pipe(
      Effect.flatMap((claim) => (claim === "taken" ? Effect.void : claim.release)),
      Effect.as(undefined),
      Effect.catch((reason) => Effect.succeed(reason)),
    ),
  }
}

const createFile = async (file: string, claim: string) => {
  const created = await open(file, "wx", 0o600).catch((error: unknown) => {
    if (errorCode(error) === "EEXIST") return undefined
    throw error
  })
  if (created === undefined) return false
  try {
    await created.writeFile(claim)
    return true
  } catch (error) {
    // On a full disk. An empty file would be another server's claim.
    await rm(file, { force: true })
    throw error
  } finally {
    await created.close()
  }
}

/** Empty for a file that cannot be read, such as another user's: only its age counts. Fails if there is none. */
const readClaim = async (file: string) => {
  try {
    return await readFile(file, "utf8")
  } catch (error) {
    if (errorCode(error) === "ENOENT") throw error
    return ""
  }
}

const isOurs = async (file: string, claim: string) => (await readFile(file, "utf8")) === claim

const release = async (file: string, claim: string) => {
  if (await isOurs(file, claim)) await rm(file, { force: true })
}

/** Writing makes the file system set the time. A claim that was lost is not made again. */
const renew = async (file: string, claim: string) => {
  if (await isOurs(file, claim)) await writeFile(file, claim, { flag: "r+" })
}

const quietly = (run: () => Promise<void>) => Effect.ignore(Effect.tryPromise(run))

const traceOf = (file: string) => `${file}.abandoned`

interface ClaimOptions {
  /** The process that makes the claims. Default: this one. */
  readonly pid?: number
  /** What the warning says if claims cannot be made. */
  readonly consequence?: string
}

/** The claims in a directory. The directory is shared by all processes of the user. */
export const claimsIn = (
  directory: string,
  machine: LocalMachineValues,
  { consequence, pid = process.pid }: ClaimOptions = {},
): SessionClaimsValues => {
  const isAbandoned = (claim: string, space: string) => {
    const [otherSpace, otherPid, birth] = claim.split("\n")
    return otherSpace === space && !machine.isAlive(Number(otherPid), birth === "" ? undefined : birth)
  }

  /** Milliseconds since the claim was renewed, by the clock of the file system, which all machines share. */
  const ageOf = async (file: string) => {
    const now = join(directory, `${crypto.randomUUID()}.now`)
    try {
      await writeFile(now, "", { flag: "wx", mode: 0o600 })
      return (await stat(now)).mtimeMs - (await stat(file)).mtimeMs
    } finally {
      await rm(now, { force: true })
    }
  }

  const isVoid = async (file: string, space: string) =>
    isAbandoned(await readClaim(file), space) || (await ageOf(file)) >= Duration.toMillis(lease)

  /**
   * Another process may have removed the void claim since, and made its own, which is put back. The trace comes before, because
   * the next claim may be made by any process as soon as the void one is gone.
   */
  const removeVoid = async (file: string, space: string) => {
    if ((await ageOf(file)) < Duration.toMillis(matters)) await writeFile(traceOf(file), "", { mode: 0o600 })
    const aside = join(directory, `${crypto.randomUUID()}.void`)
    await rename(file, aside)
    if (!(await isVoid(aside, space))) await createFile(file, await readClaim(aside))
    await rm(aside, { force: true })
  }

  const attempt = async (file: string, claim: string, space: string, triesLeft: number): Promise<boolean> => {
    if (await createFile(file, claim)) return true
    // Fails for a claim that has just been released.
    const isInTheWay = await isVoid(file, space).catch(() => undefined)
    if (triesLeft === 0 || isInTheWay === false) return false
    if (isInTheWay === true) await removeVoid(file, space).catch(() => undefined)
    return attempt(file, claim, space, triesLeft - 1)
  }

  const isTraced = async (file: string) => {
    try {
      await stat(traceOf(file))
      return (await ageOf(traceOf(file))) < Duration.toMillis(traceHolds)
    } catch {
      return false
    }
  }

  const create = (name: string) =>
    Effect.tryPromise({
      try: async (signal) => {
        await ensureOwn(directory)
        const file = join(directory, `${name}.claim`)
        const space = await processSpace(machine)
        const claim = [space, pid, machine.birthOf(pid) ?? "", crypto.randomUUID()].join("\n")
        if (!(await attempt(file, claim, space, 2))) return undefined
        if (signal.aborted) await release(file, claim)
        return { file, claim, wasAbandoned: await isTraced(file) }
      },
      catch: (error) => systemErrorText(error, "open"),
    }).pipe(
      Effect.timeoutOrElse({ duration: maxWait, orElse: () => Effect.fail("it does not answer") }),
      Effect.mapError((reason) => `${line(directory)} cannot be used: ${reason}`),
    )

  return telling(
    (name) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          const made = yield* restore(create(name))
          if (made === undefined) return "taken"
          const { claim, file, wasAbandoned } = made
          // Closing a scope again does nothing, so releasing twice never removes the claim of another server.
          const scope = yield* Scope.make()
          yield* Scope.addFinalizer(
            scope,
            quietly(() => release(file, claim)),
          )
          yield* quietly(() => renew(file, claim)).pipe(
            Effect.delay(renewEvery),
            Effect.repeat(Schedule.forever),
            Effect.interruptible,
            Effect.forkIn(scope),
          )
          const forget = quietly(() => rm(traceOf(file), { force: true }))
          return { release: Scope.close(scope, Exit.void), abandoned: wasAbandoned ? forget : undefined }
        }),
      ),
    consequence,
  )
}

/** The claims of this user, in `~/.cache/opencode-fleet/claims`. */
export const machineClaims = Layer.effect(
  SessionClaims,
  Effect.map(LocalMachine, (machine) => {
    const directory = cacheDirectory("claims")
    return directory === undefined
      ? telling(() => Effect.fail("this user has no home directory; set HOME"))
      : claimsIn(directory, machine)
  }),
)
