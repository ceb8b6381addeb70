/**
 * The requests of the tasks extension (`io.modelcontextprotocol/tasks`, SEP-2663), for which SDK 2.4 has no server side. When
 * it has one, this file and `taskWire.ts` can go.
 *
 * This module is loaded before the first answer, so it must not load Effect.
 */
import {
  type McpServer,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
} from "@modelcontextprotocol/server"
import type { ServerContext, StandardSchemaV1 } from "@modelcontextprotocol/server"
import { isObject } from "../wire/json.ts"
import { announcesTasks, extension } from "./taskWire.ts"

/** A request about a task. Nothing has been checked. */
export interface TaskRequest {
  readonly taskId: string
  readonly context: ServerContext
  readonly server: McpServer
}

/** Undefined: there is no such task. */
type Answer = Promise<object | undefined>

/** What clients ask about tasks. */
export interface TaskRequests {
  readonly get: (request: TaskRequest) => Answer
  /** Delivers the replies to the task's questions, which are in the context. */
  readonly update: (request: TaskRequest) => Answer
  readonly cancel: (request: TaskRequest) => Answer
}

/** For the capabilities of a server that offers tasks. */
export const taskCapability = { extensions: { [extension]: {} } }

type WithTaskId = { readonly taskId: string }

const params: StandardSchemaV1<WithTaskId, WithTaskId> = {
  "~standard": {
    version: 1,
    vendor: "opencode-fleet",
    validate: (value) =>
      isObject(value) && typeof value["taskId"] === "string"
        ? { value: { taskId: value["taskId"] } }
        : { issues: [{ message: "taskId must be a string", path: ["taskId"] }] },
  },
}

const unknownTask = () =>
  new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    "There is no such task: its id was not issued by this server, or what it followed is gone",
  )

/** For a server of revision 2026-07-28 or later. */
export const offerTasks = (server: McpServer, requests: TaskRequests): void => {
  const methods = [
    ["tasks/get", requests.get],
    ["tasks/update", requests.update],
    ["tasks/cancel", requests.cancel],
  ] as const
  for (const [method, answer] of methods) {
    server.server.setRequestHandler(method, { params }, async ({ taskId }, context) => {
      if (!announcesTasks(context))
        throw new MissingRequiredClientCapabilityError({ requiredCapabilities: taskCapability })
      const result = await answer({ taskId, context, server })
      if (result === undefined) throw unknownTask()
      return { ...result }
    })
  }
}
