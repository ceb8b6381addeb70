/** Writes lines to a stream whose reader may be slow or gone. */
import type { Writable } from "node:stream"

/** Stays on the stream after `close`, when a pending write may still fail. */
const ignore = () => {}

interface OutputEvents {
  readonly onDrain: () => void
  readonly onError: (error: Error) => void
}

export const makeOutput = (stream: Writable, { onDrain, onError }: OutputEvents) => {
  let waiting: Array<{ readonly resolve: () => void; readonly reject: (error: Error) => void }> = []
  const settle = (error?: Error) => {
    const settled = waiting
    waiting = []
    for (const { reject, resolve } of settled) {
      if (error === undefined) resolve()
      else reject(error)
    }
  }
  const drained = () => {
    settle()
    onDrain()
  }
  const failed = (error: Error) => {
    settle(error)
    onError(error)
  }
  return {
    open: (): void => {
      stream.off("error", ignore)
      stream.on("drain", drained).on("error", failed)
    },
    close: (): void => {
      stream.off("drain", drained).off("error", failed)
      if (!stream.listeners("error").includes(ignore)) stream.on("error", ignore)
      settle(new Error("The connection is closed"))
    },
    /** Whether the reader is behind. More may be written, but is kept in memory. */
    isFull: (): boolean => stream.writableNeedDrain,
    /** Resolves when the reader is ready for more. */
    write: (line: string): Promise<void> =>
      stream.write(`${line}\n`)
        ? Promise.resolve()
        : new Promise((resolve, reject) => void waiting.push({ resolve, reject })),
  }
}
