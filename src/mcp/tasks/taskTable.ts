/** The tasks of this process, within bounds of memory. */
import type { Fiber } from "effect"
import { SubscriptionRef } from "effect"
import type { FollowedCall } from "./followedCall.ts"

export interface Task {
  /** The caller. */
  readonly owner: string
  readonly call: FollowedCall
  readonly fiber: Fiber.Fiber<unknown, unknown>
}

/** Ended tasks. An older one is looked up again when its client asks. */
const maxEnded = 100
/** Milliseconds that an ended task stays. */
const endedStays = 60 * 60 * 1000

const maxTasks = 1000
/** Tasks of one caller, so that no caller keeps the others from having some. */
const maxOfOwner = 400

export const makeTaskTable = () => {
  const tasks = new Map<string, Task>()

  const dropEnded = (now: number): void => {
    const ended = [...tasks].flatMap(([id, { call }]) => {
      const { end, updatedAt } = SubscriptionRef.getUnsafe(call.state)
      return end === undefined ? [] : [{ id, updatedAt }]
    })
    const tooMany = ended.toSorted((one, other) => other.updatedAt - one.updatedAt).slice(maxEnded)
    for (const { id } of [...ended.filter(({ updatedAt }) => now - updatedAt > endedStays), ...tooMany])
      tasks.delete(id)
  }

  return {
    get: (id: string): Task | undefined => tasks.get(id),
    /** Whether another task of this caller may begin. */
    hasRoom: (caller: string): boolean =>
      tasks.size < maxTasks && [...tasks.values()].filter(({ owner }) => owner === caller).length < maxOfOwner,
    set: (id: string, task: Task, now: number): void => {
      tasks.set(id, task)
      dropEnded(now)
    },
  }
}
