/** The whole command line, for the commands that explain or complete it. */
import { Context, Effect } from "effect"
import { CliOutput, type Completions, type HelpDoc } from "effect/cli"

export class CommandLine extends Context.Service<
  CommandLine,
  {
    readonly version: Effect.Effect<void>
    /** Shows the help of a command, or of the program for an empty name. */
    readonly showHelp: (command: string) => Effect.Effect<void>
    readonly descriptor: Effect.Effect<Completions.CommandDescriptor>
  }
>()("opencode-fleet/cli/CommandLine") {}

/** Runs what shows a help, and takes the help instead of showing it. */
export const takeHelp = <E, R>(showHelp: Effect.Effect<void, E, R>) =>
  Effect.gen(function* () {
    const taken: Array<HelpDoc.HelpDoc> = []
    yield* Effect.provideService(showHelp, CliOutput.Presenter, {
      present: (event) => Effect.sync(() => void (event._tag === "Help" && taken.push(event.helpDoc))),
    })
    return taken
  })
