/** Requests about the server itself, and its event stream. */
import { Effect, Stream } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import { eventFrames } from "../http/eventStream.ts"
import type { Described, Opencode, ServerLocation } from "../Opencode.ts"
import { type Call, requestTimeout } from "../http/makeCall.ts"
import { completeEvents } from "../requests/toolArguments.ts"
import { readToolCalls } from "./readToolCalls.ts"
import type { Routes } from "./routes.ts"
import { translateFrames } from "./translateEvent.ts"
import { understood } from "../http/tolerantArray.ts"
import { joinModel } from "./wire/model.ts"

/** Timeout of connecting in milliseconds. While opencode is starting, it accepts the connection and never answers. */
const connectTimeout = 3000

const described = ({ description, name }: Described): Described => ({
  name,
  ...(description === undefined ? {} : { description }),
})

export const serverRequests = (routes: Routes, call: Call) => {
  const { api, events, health } = routes
  const toolCalls = readToolCalls(routes, call)
  const translate = (frames: NonEmptyReadonlyArray<unknown>) =>
    Effect.flatMap(translateFrames(frames), (translated) => completeEvents(toolCalls, translated))
  const location = (timeout: number) =>
    api.server.path({ query: {} }).pipe(
      Effect.map(({ directory, worktree }): ServerLocation => ({
        directory,
        worktree: worktree === "/" ? undefined : worktree,
      })),
      call("path", { timeout }),
    )
  const agents = (directory: string) =>
    api.server.agents({ query: { directory } }).pipe(
      Effect.flatMap(understood("agent")),
      Effect.map((all) => all.filter((agent) => agent.hidden !== true && agent.mode !== "subagent")),
      call("agents"),
    )

  return {
    health: (timeout) =>
      health({}).pipe(
        Effect.map((answer) => ({ ...answer, api: 1 as const })),
        call("health", { timeout }),
      ),
    location,
    directory: Effect.map(location(requestTimeout), ({ directory }) => directory),
    // The time at which opencode first saw the project, from the user's database on that machine.
    machineMark: (timeout) =>
      api.server.project({ query: {} }).pipe(
        Effect.map(({ time }) => (time === undefined ? undefined : String(time.created))),
        call("project", { timeout }),
      ),
    inGit: (directory) =>
      api.server.project({ query: { directory } }).pipe(
        Effect.map(({ vcs }) => vcs === "git"),
        call("project"),
      ),
    agents: (directory) => Effect.map(agents(directory), (all) => all.map(({ name }) => name)),
    describedAgents: (directory) => Effect.map(agents(directory), (all) => all.map(described)),
    commands: (directory) =>
      api.server.commands({ query: { directory } }).pipe(
        Effect.flatMap(understood("command")),
        Effect.map((all) => all.map(described)),
        call("commands"),
      ),
    defaultModel: (directory) =>
      api.server.config({ query: { directory } }).pipe(
        Effect.map(({ model }) => model),
        call("config"),
      ),
    projects: api.server.projects().pipe(
      Effect.flatMap(understood("project")),
      Effect.map((all) =>
        all.flatMap(({ id, sandboxes = [], worktree }) =>
          worktree === "/"
            ? []
            : [worktree, ...sandboxes].map((directory) => ({
                directory,
                ...(id === undefined ? {} : { project: id }),
              })),
        ),
      ),
      call("projects"),
    ),
    models: (directory) =>
      api.server.providers({ query: { directory } }).pipe(
        Effect.flatMap(({ providers }) => understood("provider")(providers)),
        Effect.map((providers) =>
          providers.flatMap(({ id, models }) =>
            Object.keys(models).map((model) => joinModel({ providerID: id, modelID: model })),
          ),
        ),
        call("models"),
      ),
    events: events({ responseMode: "response-only" }).pipe(
      Effect.map(({ stream }) => Stream.mapArrayEffect(eventFrames(stream), translate)),
      call("events", { timeout: connectTimeout }),
    ),
  } satisfies Partial<Opencode>
}
