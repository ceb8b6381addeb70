/** `ListeningSockets` of the operating system: from `/proc` on Linux, otherwise from `lsof`. */
import { Effect, Layer } from "effect"
import { type Listening, ListeningSockets, ListeningUnknown } from "./ListeningSockets.ts"
import { lsof } from "./lsof.ts"
import { procNet } from "./procNet.ts"
import { procOwners } from "./procOwners.ts"

/** Timeout of listing, because a scan waits for it. */
const listTimeout = "3 seconds"

export const layer = Layer.effect(
  ListeningSockets,
  Effect.gen(function* () {
    const { changes, sockets } = yield* procNet
    const ownersOf = yield* procOwners
    const fromLsof = yield* lsof

    const fromProc = Effect.gen(function* () {
      const all = yield* sockets
      const owners = yield* ownersOf(new Set(all.map(({ inode }) => inode)))
      return all.map(({ address, inode, port }): Listening => ({ key: inode, address, port, owner: owners.get(inode) }))
    })
    const list = fromProc.pipe(
      Effect.catch(({ detail }) =>
        Effect.mapError(
          fromLsof.list,
          (other) => new ListeningUnknown({ detail: [...new Set([detail, other.detail])].join("; ") }),
        ),
      ),
      Effect.timeoutOrElse({
        duration: listTimeout,
        orElse: () => Effect.fail(new ListeningUnknown({ detail: `no answer within ${listTimeout}` })),
      }),
    )
    return ListeningSockets.of({ list, changes })
  }),
)
