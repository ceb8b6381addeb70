/**
 * The help of the program and of each command as data. The build writes its value into the executable (`rolldown.config.ts`),
 * which can then show help without loading Effect and the commands.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer } from "effect"
import { Command, Completions } from "effect/cli"
import { commandLine, root } from "../cli.ts"
import { version } from "../../version.ts"
import { takeHelp } from "./CommandLine.ts"
import type { Help } from "./Help.ts"
import { helpOf } from "./helpOf.ts"

const run = Command.runWith(root, { version })

const names = Completions.fromCommand(root).subcommands.map(({ name }) => name)

const helpsOf = (name: string) =>
  Effect.map(takeHelp(run([...(name === "" ? [] : [name]), "--help"])), (docs) =>
    docs.map((doc): readonly [string, Help] => [name, helpOf(doc)]),
  )

/** The program itself has an empty name. */
export const helps: Readonly<Record<string, Help>> = Object.fromEntries(
  (
    await Effect.runPromise(
      Effect.provide(Effect.forEach(["", ...names], helpsOf), Layer.provideMerge(commandLine, NodeServices.layer)),
    )
  ).flat(),
)
