/**
 * `npm run bench`: measures what a user waits for, relative to floors measured in the same run. Arguments select subjects
 * (start, first, copies, answers, turns, sessions, refresh, limits, discovery, large, memory, commands, connect, http, v2,
 * size, tools). Needs the built executable.
 *
 * A run of all subjects also writes `bench/RESULTS.md`.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect } from "effect"
import { benchAnswers } from "./answers.ts"
import { benchCommands } from "./commands.ts"
import { benchConnect } from "./connect.ts"
import { benchCopies } from "./copies.ts"
import { benchDiscovery } from "./discovery.ts"
import { benchFirst } from "./first.ts"
import { benchHttp } from "./http.ts"
import { benchLarge } from "./large.ts"
import { benchLimits } from "./limits.ts"
import { benchMemory } from "./memory.ts"
import { benchRefresh } from "./refresh.ts"
import { benchSessions } from "./sessions.ts"
import { benchStart } from "./start.ts"
import { benchSize } from "./size.ts"
import { benchToolsList } from "./toolsList.ts"
import { benchTurns } from "./turns.ts"
import { benchV2 } from "./v2.ts"
import { makePrograms } from "./support/programs.ts"
import { renderTable } from "./support/report.ts"
import { writeResults } from "./support/writeResults.ts"

const subjects = [
  { name: "start", title: "Start, spawn to answer (medians of 21 interleaved runs)", run: benchStart },
  { name: "first", title: "First list_instances after the handshake", run: benchFirst },
  { name: "copies", title: "Copies of the server started at once", run: benchCopies },
  { name: "answers", title: "Answers from memory", run: benchAnswers },
  { name: "turns", title: "Turns of a real opencode", run: benchTurns },
  { name: "sessions", title: "Reading 20 long sessions of a real opencode", run: benchSessions },
  { name: "refresh", title: "Refresh, health time-out 1000 ms", run: benchRefresh },
  { name: "limits", title: "1,000 registrations in a heap of 64 MB, with 256 descriptors", run: () => benchLimits },
  { name: "discovery", title: "Finding unregistered instances", run: benchDiscovery },
  { name: "large", title: "Large answers: the longest time for which other calls wait", run: benchLarge },
  { name: "memory", title: "Memory", run: benchMemory },
  { name: "commands", title: "Commands, spawn to end", run: benchCommands },
  { name: "connect", title: "connect, with a real opencode and a real sshd", run: benchConnect },
  { name: "http", title: "Over HTTP, in both revisions of the protocol", run: benchHttp },
  { name: "v2", title: "opencode 2", run: benchV2 },
  { name: "size", title: "Size of the executable", run: benchSize },
  { name: "tools", title: "Size of tools/list", run: benchToolsList },
]

const wanted = process.argv.slice(2)

const program = Effect.gen(function* () {
  const programs = yield* makePrograms
  const tables: Array<string> = []
  for (const { name, run, title } of subjects) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    const table = renderTable(title, yield* run(programs))
    yield* Console.log(table)
    tables.push(table)
  }
  if (wanted.length === 0) yield* writeResults(tables)
}).pipe(Effect.scoped)

program.pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
