/** The routes of a fake opencode 2, built from the `HttpApi` declaration that the client is derived from. */
import { Effect, Layer } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { OpencodeApi } from "../../opencode/v2/OpencodeApi.ts"
import type { FakeState } from "../FakeState.ts"
import { makeEvents } from "./events.ts"
import { infoOf } from "./readiness.ts"
import { requestHandlers } from "./requestHandlers.ts"
import { sessionHandlers } from "./sessionHandlers.ts"

const serverHandlers = (fake: FakeState, events: ReturnType<typeof makeEvents>) =>
  HttpApiBuilder.group(OpencodeApi, "server", (handlers) =>
    handlers.handleAll({
      info: () => Effect.sync(() => HttpServerResponse.jsonUnsafe(infoOf(fake))),
      events: () => events,
      location: ({ query: { "location[directory]": directory = "/work/project" } }) =>
        Effect.sync(() =>
          fake.missingDirectories.has(directory)
            ? HttpServerResponse.empty({ status: 500 })
            : { directory, project: { id: "prj_fake", directory } },
        ),
      files: ({ query: { path } }) =>
        Effect.sync(() =>
          fake.missingDirectories.has(path) ? HttpServerResponse.empty({ status: 500 }) : { data: [] },
        ),
      projects: () =>
        Effect.sync(() => [
          {
            id: "prj_fake",
            canonical: "/work/project",
            time: { created: 1 },
            ...(fake.inGit ? { vcs: "git" } : {}),
          },
        ]),
      agents: () => Effect.sync(() => ({ data: fake.agents.map(({ mode, name }) => ({ id: name, mode })) })),
      defaultModel: () =>
        Effect.sync(() => {
          const [providerID = "", id = ""] = fake.defaultModel?.split("/") ?? []
          return { data: fake.defaultModel === undefined ? null : { providerID, id } }
        }),
      commands: () => Effect.sync(() => ({ data: fake.commands })),
      createWorktree: ({ payload: { name } }) => Effect.sync(() => ({ directory: fake.addWorktree(name) })),
      models: () =>
        Effect.sync(() => ({
          data: fake.providers.flatMap(({ id: providerID, models }) =>
            Object.values(models).map(({ id }) => ({ providerID, id, enabled: true })),
          ),
        })),
    }),
  )

/** All routes, without their protection. */
export const handlers = (fake: FakeState) =>
  HttpApiBuilder.layer(OpencodeApi).pipe(
    Layer.provide([serverHandlers(fake, makeEvents(fake)), sessionHandlers(fake), requestHandlers(fake)]),
  )
