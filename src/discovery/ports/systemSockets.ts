/** `ListeningSockets` as this system tells them: Linux by `/proc`, others by `lsof`. */
import { Effect, Layer } from "effect"
import { type Listening, ListeningSockets, ListeningUnknown } from "./ListeningSockets.ts"
import { lsof } from "./lsof.ts"
import { procNet } from "./procNet.ts"
import { procOwners } from "./procOwners.ts"

/** A scan waits for it. */
const patience = "3 seconds"

export const layer = Layer.effect(
  ListeningSockets,
  Effect.gen(function* () {
    const { changes, sockets } = yield* procNet
    const ownersOf = yield* procOwners
    const elsewhere = yield* lsof

    const inProc = Effect.gen(function* () {
      const all = yield* sockets
      const owners = yield* ownersOf(new Set(all.map(({ inode }) => inode)))
      return all.map(({ address, inode, port }): Listening => ({ key: inode, address, port, owner: owners.get(inode) }))
    })
    const list = inProc.pipe(
      Effect.catch(({ detail }) =>
        Effect.mapError(
          elsewhere.list,
          (other) => new ListeningUnknown({ detail: [...new Set([detail, other.detail])].join("; ") }),
        ),
      ),
      Effect.timeoutOrElse({
        duration: patience,
        orElse: () => Effect.fail(new ListeningUnknown({ detail: `no answer within ${patience}` })),
      }),
    )
    return ListeningSockets.of({ list, changes })
  }),
)
