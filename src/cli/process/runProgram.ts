/** Runs a program as the process: reports its errors on stderr, handles signals, and exits. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Cause, Effect, Logger, Runtime } from "effect"

/**
 * The report of `runMain` itself would go to stdout, because `LogToStderr` does not cover it. stdout belongs to the
 * protocol or to the output of the command.
 */
export const runProgram = <A, E>(program: Effect.Effect<A, E>, teardown: Runtime.Teardown): void =>
  program.pipe(
    Effect.tapCause((cause) =>
      Cause.hasInterruptsOnly(cause) || !Runtime.getErrorReported(Cause.squash(cause))
        ? Effect.void
        : Effect.logError(cause),
    ),
    // Provided last, so that it covers all fibers and the report.
    Effect.provideService(Logger.LogToStderr, true),
    NodeRuntime.runMain({ disableErrorReporting: true, teardown }),
  )
