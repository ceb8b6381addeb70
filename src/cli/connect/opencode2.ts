/** `opencode-fleet connect` with opencode 2, as the settings say. */
import { Console, Effect, Layer } from "effect"
import { connectService, type ConnectServiceOptions } from "../../connect/service/connectService.ts"
import { LocalService } from "../../connect/service/LocalService.ts"
import { Settings } from "../../Settings.ts"

const localService = Layer.unwrap(
  Effect.map(Settings, ({ serviceDirectory }) =>
    serviceDirectory === undefined
      ? LocalService.layerWithoutHome
      : LocalService.layer({ directory: serviceDirectory }),
  ),
)

/** Whether this user's background service listens on the port. */
export const isUserService = (port: number) =>
  LocalService.pipe(
    Effect.flatMap(({ state }) => state),
    Effect.map((state) => state._tag === "Running" && Number(new URL(state.target.url).port) === port),
    Effect.provide(localService),
  )

export const connectUserService = (options: ConnectServiceOptions) =>
  connectService({
    onSlowStart: Console.error("Waiting for opencode's background service to start…"),
    ...options,
  }).pipe(Effect.provide(localService))
