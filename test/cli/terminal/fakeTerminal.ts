/** A terminal in memory with scripted input. */
import { type Cause, Effect, FileSystem, Layer, Option, Path, Queue, Stdio, Terminal } from "effect"
import { TerminalCapabilities } from "effect/cli"

type Key = "enter" | "down" | "escape" | "space"

const input = (name: string, character?: string): Terminal.UserInput => ({
  input: Option.fromUndefinedOr(character),
  key: { name, ctrl: false, meta: false, shift: false },
})

/** Each form field reads the next list of `typed`: key names, and words letter by letter. */
export const fakeTerminal = (
  typed: ReadonlyArray<ReadonlyArray<Key | { readonly word: string }>> = [],
  columns = 80,
) => {
  let written = ""
  let fields = 0
  const readInput = Effect.gen(function* () {
    const keys = typed[fields++] ?? []
    const queue = yield* Queue.make<Terminal.UserInput, Cause.Done>()
    for (const key of keys) {
      if (typeof key !== "string")
        yield* Queue.offerAll(
          queue,
          Array.from(key.word, (letter) => input(letter, letter)),
        )
      else if (key === "escape") yield* Queue.end(queue)
      else yield* Queue.offer(queue, input(key))
    }
    return queue
  })
  const terminal = Terminal.make({
    columns: Effect.succeed(columns),
    rows: Effect.succeed(24),
    size: Effect.die("not used"),
    readInput,
    readLine: Effect.die("not used"),
    display: (text) => Effect.sync(() => void (written += text)),
  })
  return {
    written: () => written,
    /** The number of fields that were shown. */
    fields: () => fields,
    layer: (capabilities: Partial<TerminalCapabilities.TerminalCapabilities> = {}, stdio: Partial<Stdio.Stdio> = {}) =>
      Layer.mergeAll(
        Layer.succeed(Terminal.Terminal, terminal),
        Layer.succeed(TerminalCapabilities.TerminalCapabilities, {
          canColor: false,
          canAnimate: false,
          canPrompt: false,
          ...capabilities,
        }),
        Stdio.layerTest(stdio),
        Path.layer,
        FileSystem.layerNoop({}),
      ),
  }
}
