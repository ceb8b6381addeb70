/**
 * Claims on sessions that all opencode-fleet servers of this user on this machine see: a file for each claimed session, created
 * by the holder and removed by it. The claim of a process that has ended is void.
 */
import { Context, Effect } from "effect"
import { lstat, link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { homedir, hostname, userInfo } from "node:os"
import { isAbsolute, join } from "node:path"
import { errorCode } from "./errorCode.ts"
import type { LocalMachineValues } from "./LocalMachine.ts"

/** `unavailable`: claims cannot be made, for example because the directory cannot be written. */
export type Claim = { readonly release: Effect.Effect<void> } | "taken" | "unavailable"

export interface SessionClaimsValues {
  /** Tries once. */
  readonly claim: (session: string) => Effect.Effect<Claim>
}

/** Default: no claims. The layers of fleets provide those of this machine. */
export const SessionClaims = Context.Reference<SessionClaimsValues>("opencode-fleet/machine/SessionClaims", {
  defaultValue: () => ({ claim: () => Effect.succeed("unavailable") }),
})

/** The directory of this user's claims, or undefined if it may belong to somebody else. */
const ownDirectory = async (directory: string) => {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const found = await lstat(directory)
  const { uid } = userInfo()
  return found.isDirectory() && (uid < 0 || found.uid === uid)
}

/** The claims in a directory. The directory is shared by all servers of the user. */
export const claimsIn = (
  directory: string,
  { birthOf, isAlive }: Pick<LocalMachineValues, "birthOf" | "isAlive">,
  pid = process.pid,
): SessionClaimsValues => {
  let drafts = 0
  const isVoid = (owner: string) => {
    const [host, ownerPid, ...birth] = owner.split(" ")
    return host === hostname() && !isAlive(Number(ownerPid), birth.join(" ") === "" ? undefined : birth.join(" "))
  }

  /** Creates the file with its content in one step, so that no reader sees it empty. */
  const create = async (file: string, owner: string) => {
    const draft = `${file}.${pid}.${drafts++}`
    await writeFile(draft, owner, { flag: "wx", mode: 0o600 })
    try {
      await link(draft, file)
      return true
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false
      throw error
    } finally {
      await rm(draft, { force: true })
    }
  }

  /** Takes a void claim out of the way. Another process may have done so since, and made its own. */
  const removeVoid = async (file: string) => {
    const aside = `${file}.${pid}.${drafts++}`
    await rename(file, aside)
    const owner = await readFile(aside, "utf8")
    if (!isVoid(owner)) await create(file, owner)
    await rm(aside, { force: true })
  }

  const attempt = async (file: string, owner: string, triesLeft: number): Promise<Claim> => {
    if (await create(file, owner)) {
      return { release: Effect.ignore(Effect.tryPromise(() => rm(file, { force: true }))) }
    }
    const current = await readFile(file, "utf8").catch(() => undefined)
    const isInTheWay = current !== undefined && isVoid(current)
    if (triesLeft === 0 || (current !== undefined && !isInTheWay)) return "taken"
    if (isInTheWay) await removeVoid(file).catch(() => undefined)
    return attempt(file, owner, triesLeft - 1)
  }

  const claim = async (session: string): Promise<Claim> =>
    (await ownDirectory(directory))
      ? attempt(join(directory, `${session}.claim`), `${hostname()} ${pid} ${birthOf(pid) ?? ""}`.trim(), 2)
      : "unavailable"

  return {
    claim: (session) =>
      Effect.tryPromise(() => claim(session)).pipe(Effect.orElseSucceed(() => "unavailable" as const)),
  }
}

/** The claims of this user on this machine, in `~/.cache/opencode-fleet/claims`. */
export const machineClaims = (machine: LocalMachineValues): SessionClaimsValues =>
  isAbsolute(homedir())
    ? claimsIn(join(homedir(), ".cache", "opencode-fleet", "claims"), machine)
    : { claim: () => Effect.succeed("unavailable") }
