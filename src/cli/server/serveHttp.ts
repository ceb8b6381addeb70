/** `opencode-fleet serve --http`: the MCP server over HTTP, until a signal arrives. */
import { Cause, Effect, Exit, Option } from "effect"
import { Argument, type Command, Flag } from "effect/cli"
import { isIPv6 } from "node:net"
import { hostOf } from "../../discovery/address.ts"
import { bareFlag } from "../arguments/bareFlag.ts"
import { defaultAddress, isHostName, parseAddress } from "../arguments/listenAddress.ts"
import { webUrl, webUrlForms } from "../arguments/webUrl.ts"
import { endProcess } from "../process/endProcess.ts"
import { exitStatus, failedBecause } from "../process/exitStatus.ts"
import { capitalised } from "../../text/capitalised.ts"
import { accessFlags, givenAccessFlags } from "./accessFlags.ts"

const addressForms = "HOST:PORT, HOST or PORT"

/** What follows the host would be in every address that is shown. */
const publicUrl = (text: string) =>
  Option.filter(
    webUrl(text),
    ({ hash, password, search, username }) => [username, password, search, hash].join("") === "",
  )

/** As a browser asks for it: `Host` without its port. */
const hostName = (text: string) => {
  const name = text.replace(/^\[(.*)\]$/u, "$1")
  const host = isIPv6(name) ? `[${name}]` : name
  return (isIPv6(name) || isHostName(name)) && URL.canParse(`http://${host}`)
    ? Option.some(new URL(`http://${host}`).hostname)
    : Option.none()
}

export const serveInput = {
  http: bareFlag("http").pipe(
    Flag.withDescription("Serve over HTTP instead of stdin and stdout, for any number of clients"),
  ),
  address: Argument.String("address").pipe(
    Argument.withDescription(
      `With --http, where to listen: ${addressForms} (default ${defaultAddress.host}:${defaultAddress.port})`,
    ),
    Argument.filterMap(parseAddress, () => `${addressForms}, with a port from 0 to 65535`),
    Argument.optional,
  ),
  ...accessFlags,
  names: Flag.String("host").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("A further host name under which clients reach the server. Can be repeated"),
    Flag.filterMap(hostName, () => "a host name or an IP address, without a port"),
    Flag.atLeast(0),
  ),
  publicUrl: Flag.String("public-url").pipe(
    Flag.withMetavar("URL"),
    Flag.withDescription("The URL under which clients reach the server through a proxy"),
    Flag.filterMap(publicUrl, () => `${webUrlForms} without user, query and fragment`),
    Flag.optional,
  ),
  revision: Flag.Literals("revision", ["2025", "2026", "both"]).pipe(
    Flag.withDescription("The revisions of MCP to serve: sessions up to 2025-11-25, 2026-07-28, or both (default)"),
    Flag.optional,
  ),
}

type ServeInput = Command.Command.Config.Infer<typeof serveInput>

/** What is wrong if flags for HTTP are given without it. */
export const needsHttp = (input: ServeInput) => {
  const { address, names, publicUrl, revision } = input
  const given = [
    ...Option.toArray(Option.map(address, ({ host, port }) => `the address ${hostOf(host)}:${port}`)),
    ...(names.length > 0 ? ["--host"] : []),
    ...(Option.isSome(publicUrl) ? ["--public-url"] : []),
    ...(Option.isSome(revision) ? ["--revision"] : []),
    ...givenAccessFlags(input),
  ]
  return given.length === 0
    ? Effect.void
    : Effect.fail(
        failedBecause(
          `${capitalised(given.join(", "))} ${given.length === 1 ? "needs" : "need"} --http, as in opencode-fleet serve --http.`,
          exitStatus.usage,
        ),
      )
}

/** A signal is the only way to stop it, so it is no failure. Waits for the exit, which pending files delay. */
const stopped = <E>(exit: Exit.Exit<never, E>) =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
    ? Effect.andThen(
        Effect.sync(() => endProcess(0)),
        Effect.never,
      )
    : Effect.void

/** Loaded on demand: no other command needs an HTTP server. */
export const runServeHttp = (input: ServeInput) =>
  Effect.flatMap(
    Effect.promise(() => import("./httpProgram.ts")),
    ({ httpProgram }) => Effect.onExit(httpProgram(input), stopped),
  )
