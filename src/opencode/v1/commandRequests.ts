/** Runs slash commands. opencode 1 answers when the turn has ended, so the stored message tells that it has begun. */
import { Effect, Schedule } from "effect"
import type { Call } from "../http/makeCall.ts"
import type { Opencode, StartedCommand } from "../Opencode.ts"
import type { Routes } from "./routes.ts"

/** Milliseconds. Before opencode stores the message, it runs the shell commands of the template. */
const commandTimeout = 10 * 60_000

const untilStored = Schedule.spaced("200 millis")

export const commandRequests = ({ api: { session: api } }: Routes, call: Call) =>
  ({
    runCommand: (session, { agent, arguments: args, messageID, model, name, variant }) => {
      const isStored = api.message({ params: { sessionID: session, messageID }, query: {} }).pipe(
        call("message", { session }),
        Effect.as(true),
        Effect.orElseSucceed(() => false),
      )
      const post = api
        .command({
          params: { sessionID: session },
          query: {},
          payload: {
            messageID,
            command: name,
            arguments: args,
            ...(agent === undefined ? {} : { agent }),
            ...(model === undefined ? {} : { model }),
            ...(variant === undefined ? {} : { variant }),
          },
        })
        .pipe(
          call("command", { session, timeout: commandTimeout }),
          // The turn may have failed rather than the request.
          Effect.catchTag("OpencodeError", (error) =>
            Effect.flatMap(isStored, (stored) => (stored ? Effect.void : error)),
          ),
        )
      const stored = Effect.repeat(isStored, { while: (stored) => !stored, schedule: untilStored })
      return Effect.as(Effect.raceFirst(post, stored), { prompt: messageID } satisfies StartedCommand)
    },
  }) satisfies Partial<Opencode>
