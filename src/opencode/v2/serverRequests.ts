/** Requests about the server itself. */
import { Effect } from "effect"
import { type Call, requestTimeout } from "../http/makeCall.ts"
import { understood } from "../http/tolerantArray.ts"
import type { Described, Opencode, ServerHealth, ServerLocation } from "../Opencode.ts"
import { mayHaveArrived } from "../transient.ts"
import { uncertain } from "../uncertain.ts"
import { countingUnreadable, recount } from "../Unreadable.ts"
import type { Routes } from "./routes.ts"
import type { NotReady } from "./wire/WireError.ts"
import { joinModel } from "./wire/WireModel.ts"

/** Milliseconds. opencode answers when the files are there and the project's setup script has run. */
const worktreeTimeout = 45_000

export const inDirectory = (directory: string) => ({ query: { "location[directory]": directory } })

export const serverRequests = ({ api: { server: api }, info }: Routes, call: Call) => {
  /** The location of a directory; without one, of the directory that the server was started in. */
  const locate = (query: { readonly "location[directory]"?: string }) =>
    Effect.gen(function* () {
      const { directory, project } = yield* api.location({ query })
      const projects = yield* countingUnreadable(Effect.flatMap(api.projects(), understood("project")))
      const own = projects.result.find(({ id }) => id === project.id)
      // It may be one of those that are not understood.
      if (own === undefined) yield* recount(projects)
      const isInGit = own?.vcs === "git"
      return { directory, worktree: isInGit ? project.directory : undefined } satisfies ServerLocation
    })
  const location = (timeout: number) => locate({}).pipe(call("location", { timeout }))
  /** Every route but `/api/info` says why the server failed to start. */
  const failure = api.projects().pipe(
    Effect.flip,
    Effect.map((error) => (error._tag === "RefusedRequest" ? error.message : undefined)),
    Effect.orElseSucceed(() => undefined),
  )
  const notReady = ({ state, version }: NotReady) =>
    Effect.map(state === "failed" ? failure : Effect.undefined, (reason): ServerHealth => ({
      healthy: false,
      starting: state === "starting",
      version,
      api: 2,
      reason,
    }))
  const agents = (directory: string) =>
    api.agents(inDirectory(directory)).pipe(
      Effect.flatMap(({ data }) => understood("agent")(data)),
      Effect.map((all) =>
        all
          .filter(({ hidden, mode }) => hidden !== true && mode !== "subagent")
          .map(({ description, id }): Described => ({
            name: id,
            ...(description === undefined ? {} : { description }),
          })),
      ),
      call("agents"),
    )
  return {
    health: (timeout) =>
      info({}).pipe(
        Effect.map(({ version }): ServerHealth => ({ healthy: true, version, api: 2 })),
        Effect.catchTag("NotReady", notReady),
        call("info", { timeout }),
      ),
    location,
    directory: Effect.map(location(requestTimeout), ({ directory }) => directory),
    // All servers of a user on a machine share their projects, so the time of the first project is the same for all.
    machineMark: (timeout) =>
      api.projects().pipe(
        Effect.flatMap(understood("project")),
        Effect.map((projects) => {
          const created = projects.map(({ time }) => time.created)
          return created.length === 0 ? undefined : String(Math.min(...created))
        }),
        call("projects", { timeout }),
      ),
    inGit: (directory) =>
      locate(inDirectory(directory).query).pipe(
        Effect.map(({ worktree }) => worktree !== undefined),
        call("location"),
      ),
    agents: (directory) => Effect.map(agents(directory), (all) => all.map(({ name }) => name)),
    describedAgents: agents,
    commands: (directory) =>
      api.commands(inDirectory(directory)).pipe(
        Effect.flatMap(({ data }) => understood("command")(data)),
        call("commands"),
      ),
    defaultModel: (directory) =>
      api.defaultModel(inDirectory(directory)).pipe(
        Effect.map(({ data }) => (data === null ? undefined : joinModel(data))),
        call("default model"),
      ),
    projects: api.projects().pipe(
      Effect.flatMap(understood("project")),
      Effect.map((all) => all.flatMap(({ canonical }) => (canonical === undefined ? [] : [{ directory: canonical }]))),
      call("projects"),
    ),
    createWorktree: (directory, name) =>
      Effect.gen(function* () {
        const { project } = yield* api.location(inDirectory(directory)).pipe(call("location"))
        const payload = { projectID: project.id, name }
        return yield* api.createWorktree({ payload }).pipe(call("create worktree", { timeout: worktreeTimeout }))
      }).pipe(
        Effect.map(({ directory }) => directory),
        Effect.catchIf(mayHaveArrived, (error) => uncertain("worktree", "", error)),
      ),
    models: (directory) =>
      api.models(inDirectory(directory)).pipe(
        Effect.flatMap(({ data }) => understood("model")(data)),
        Effect.map((models) => models.filter(({ enabled }) => enabled).map(joinModel)),
        call("models"),
      ),
  } satisfies Partial<Opencode>
}
