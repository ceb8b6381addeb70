/** The requests that have been received and not answered, and the batches that some of them belong to. */

type Id = string | number

/** The answers to a batch of requests, which are one line on the wire. */
export interface Batch {
  readonly answers: Array<string>
  /** Requests of the batch without an answer so far. */
  waiting: number
}

/** Two requests with one id are both answered, in any order. */
export const makeUnanswered = () => {
  const batches = new Map<Id, Array<Batch | undefined>>()
  let size = 0
  const remove = (id: Id, take: (same: Array<Batch | undefined>) => Batch | undefined): Batch | undefined => {
    const same = batches.get(id)
    if (same === undefined) return undefined
    const batch = take(same)
    if (same.length === 0) batches.delete(id)
    size--
    return batch
  }
  return {
    add: (id: Id, batch: Batch | undefined): void => {
      batches.set(id, [...(batches.get(id) ?? []), batch])
      if (batch !== undefined) batch.waiting++
      size++
    },
    /** The batch of the request that is answered. */
    answer: (id: Id): Batch | undefined => remove(id, (same) => same.shift()),
    /** The batch of the request that is cancelled, and never answered. The SDK cancels the last one of an id. */
    cancel: (id: Id): Batch | undefined => remove(id, (same) => same.pop()),
    size: (): number => size,
  }
}
