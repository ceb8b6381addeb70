/** Errors if the command `tailscale` fails; here it is a shell script. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { makeAccess, read, trouble } from "./access.ts"
import { recording } from "./recordings.ts"
import { eventually } from "../../support/eventually.ts"

/** What `tailscale` prints to stderr before it exits with status 1, in 1.24 or today. */
const complaints = [
  [
    "TailscaleNotRunning",
    "failed to connect to local tailscaled; it doesn't appear to be running (sudo systemctl start tailscaled ?)",
  ],
  ["TailscaleNotRunning", "failed to connect to local Tailscale service; is Tailscale running?"],
  [
    "TailscaleDenied",
    "failed to connect to local tailscaled (which appears to be running as tailscaled, pid 612). Got error: Failed to connect to local Tailscale daemon for /localapi/v0/status; not running? Error: dial unix /var/run/tailscale/tailscaled.sock: connect: permission denied",
  ],
  ["TailscaleDenied", "Access denied: status access denied"],
  ["TailscaleInUse", "401 Unauthorized: Tailscale already in use by bob, pid 4711"],
  ["TailscaleNotUnderstood", "flag provided but not defined: -json"],
] as const

const exists = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Succeeds once the process has exited. */
const gone = (pid: number) =>
  Effect.gen(function* () {
    assert.isAbove(pid, 0)
    yield* TestClock.withLive(Effect.sync(() => exists(pid)).pipe(eventually((there) => !there, "10 millis")))
  })

layer(NodeServices.layer)("An error names the problem if the command", (it) => {
  it.effect.each(complaints)("fails: %s (%s)", ([tag, said]) =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString(`${access.directory}/said`, said)
      yield* access.install(`cat ${access.directory}/said >&2; exit 1`)
      yield* trouble(access, tag, said.slice(0, 40))
    }),
  )

  it.effect("prints something else, as the macOS app does outside a session", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      yield* access.install("echo The Tailscale GUI failed to start: The operation couldn’t be completed.")
      yield* trouble(access, "TailscaleNotUnderstood", "`", "sent no valid status")
    }),
  )

  it.effect("cannot be executed", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const fs = yield* FileSystem.FileSystem
      yield* access.install("exit 0")
      yield* fs.chmod(access.command, 0o600)
      yield* trouble(access, "TailscaleNotUnderstood", "cannot be run")
    }),
  )

  it.effect("prints without end, and the command is killed", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const fs = yield* FileSystem.FileSystem
      yield* access.install(`echo $$ > ${access.directory}/pid; exec yes "$(printf %01000d 0)"`)
      yield* trouble(access, "TailscaleNotUnderstood", "more than 16 MiB")
      yield* gone(Number(yield* fs.readFileString(`${access.directory}/pid`)))
    }),
  )

  it.effect("fills stderr without end, unless it succeeds", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString(`${access.directory}/out.json`, yield* recording("running-1.84.0"))
      yield* access.install(
        `i=0; while [ $i -lt 3000 ]; do printf %01000d 0 >&2; i=$((i+1)); done; cat ${access.directory}/out.json`,
      )
      assert.strictEqual((yield* read(access)).BackendState, "Running")
    }),
  )

  it.effect("hangs, and the command is killed", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const fs = yield* FileSystem.FileSystem
      yield* access.install(`echo $$ > ${access.directory}/pid; exec sleep 600`)
      const tailnet = yield* access.tailnet
      const fiber = yield* Effect.forkChild(Effect.flip(tailnet.read), { startImmediately: true })
      const pid = yield* TestClock.withLive(
        fs
          .readFileString(`${access.directory}/pid`)
          .pipe(
            Effect.map(Number),
            Effect.repeat({ until: (pid) => pid > 0, schedule: Schedule.spaced("10 millis") }),
            Effect.retry(Schedule.spaced("10 millis")),
          ),
      )
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "TailscaleTimedOut")
      yield* gone(pid)
    }),
  )
})
