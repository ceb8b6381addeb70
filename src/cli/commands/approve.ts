/** `opencode-fleet approve`: allows what an agent asks for. */
import { Effect } from "effect"
import { Command, Flag, TerminalCapabilities } from "effect/cli"
import { bareFlag } from "../arguments/bareFlag.ts"
import { confirmed } from "../arguments/choose.ts"
import { fleetWithAttentionLayer } from "../fleetLayer.ts"
import { exitStatus, failedBecause } from "../process/exitStatus.ts"
import { decideRequest, decisionArguments, isNamed } from "../process/decideRequest.ts"

const always = bareFlag("always").pipe(
  Flag.withDescription("Also allow similar requests from now on; the command shows which"),
)

const yes = bareFlag("yes").pipe(Flag.withAlias("y"), Flag.withDescription("Allow it without asking for confirmation"))

const input = { ...decisionArguments, always, yes }

/** Fails with `CommandFailed` if the permission is not granted. */
export const approvePermission = Effect.fnUntraced(function* ({
  always,
  yes,
  ...given
}: Command.Command.Config.Infer<typeof input>) {
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  // Another request than the one that the person saw may be open by now.
  const consent = (id: string) => {
    if (yes || isNamed(given)) return Effect.succeed(true)
    if (canPrompt) return confirmed(always ? "Allow this, always?" : "Allow this, once?")
    return failedBecause(
      `Nothing was sent, because nobody can be asked here. With --id ${id} this request is allowed, and with --yes whatever waits.`,
      exitStatus.waits,
    )
  }
  yield* decideRequest(given, {
    kinds: ["permission"],
    showsAlways: always,
    decide: (pending) =>
      Effect.map(consent(pending.request.id), (allowed) =>
        allowed ? { ...pending, reply: { reply: always ? "always" : "once" } } : undefined,
      ),
  })
})

export const approve = Command.make("approve", input, approvePermission).pipe(
  Command.withDescription(`Allows what an agent asks a permission for, once or always. Shows the whole request first, and asks for confirmation unless you name the request with --id or pass --yes; without a terminal it needs one of them. Without a session, it is the only permission that waits on the instance.

Exit status: 0 if opencode has the decision; 1 if nothing waits, if the decision came too late, or for any other error; 2 for a usage error; 3 if the request was left open; with --follow that of \`send\`.`),
  Command.withShortDescription("Allow what an agent asks for"),
  Command.withExamples([
    { command: "opencode-fleet approve", description: "Choose among all permissions that wait in the fleet" },
    { command: "opencode-fleet approve my-project latest --follow", description: "Allow it, and follow the turn" },
  ]),
  Command.provide(fleetWithAttentionLayer),
)
