/** Instances that are announced in a real PostgreSQL. */
import { assert, layer } from "@effect/vitest"
import { Context, Duration, Effect, Exit, FileSystem, Layer, Redacted, Scope, Stream } from "effect"
import { Database, type DatabaseValues } from "../../../src/database/Database.ts"
import { layer as openDatabase } from "../../../src/database/openDatabase.ts"
import { type Announcement, Discovery } from "../../../src/discovery/Discovery.ts"
import { type AnnouncedInstance, announceInstance } from "../../../src/discovery/postgres/announceInstance.ts"
import { layer as postgres } from "../../../src/discovery/postgres/Postgres.ts"
import { pruneRows } from "../../../src/discovery/postgres/pruneRows.ts"
import { Identification } from "../../../src/discovery/identification/Identification.ts"
import { eventually } from "../../support/eventually.ts"
import { RealPostgres } from "../../support/RealPostgres.ts"
import { withPostgres } from "../../support/requirements.ts"

/** Every server is an opencode 1 that requires a password. */
const identified = Layer.succeed(Identification, {
  identify: () => Effect.succeed({ _tag: "Opencode", api: 1, requiresPassword: true, location: undefined }),
  fingerprintOf: () => Effect.succeedNone,
})

/** A process that uses the database, until the scope closes. */
const open = Effect.fnUntraced(function* (url: string, allow: ReadonlyArray<string> = []) {
  const fs = yield* FileSystem.FileSystem
  const stateDirectory = yield* fs.makeTempDirectoryScoped()
  const context = yield* Layer.build(
    postgres({ allow, stateDirectory }).pipe(
      Layer.provide(identified),
      Layer.provideMerge(openDatabase(Redacted.make(url))),
    ),
  )
  const database = Context.get(context, Database)
  assert.isDefined(database)
  return { database, ...Context.get(context, Discovery) }
})

const instance: AnnouncedInstance & { readonly id: string } = {
  id: "0b9c1f6e",
  name: "laptop-shop",
  host: "laptop",
  machine: "aaaa",
  localUrl: "http://127.0.0.1:4096",
  url: "http://laptop.lan:4096",
  api: 1,
  directory: "/work/shop",
  pid: 7,
}

/** Succeeds when the row is there. */
const announce = Effect.fnUntraced(function* (database: DatabaseValues, { id, ...announced }: typeof instance) {
  const row = yield* announceInstance(database, id, Effect.succeed(announced))
  const { query } = yield* database.sessionNow
  yield* query("select 1 from opencode_fleet_instances where id = $1 and local_url = $2", [
    id,
    announced.localUrl,
  ]).pipe(
    Effect.orElseSucceed(() => []),
    eventually((rows) => rows.length === 1),
  )
  return row
})

const names = ({ announcements }: { readonly announcements: ReadonlyArray<{ readonly name: string }> }) =>
  announcements.map(({ name }) => name)

/** Writes the row of an instance that sent its last heartbeat an hour ago. */
const stopped = (name: string, heartbeat: number) => `
  insert into opencode_fleet_instances (id, name, host, machine, local_url, api, heartbeat_seconds, seen_at)
  values ('2', '${name}', 'laptop', 'aaaa', 'http://127.0.0.1:80', 1, ${heartbeat}, now() - interval '1 hour')`

const isSilent = (announcement: Announcement | undefined) =>
  announcement?.unreachable?.includes("no heartbeat") === true

withPostgres("Instances in the database", () => {
  layer(RealPostgres.layer, { excludeTestServices: true })((it) => {
    it.effect("that two `connect` announce have the name of the newer one, whichever sent its heartbeat last", () =>
      Effect.gen(function* () {
        const { newDatabase, run } = yield* RealPostgres
        const url = yield* newDatabase
        const server = yield* open(url)
        const older = yield* announce(server.database, instance)
        yield* announce(server.database, { ...instance, id: "newer", name: "newer" })
        yield* run(
          url,
          "update opencode_fleet_instances set started_at = started_at - interval '1 hour' where id <> 'newer'",
        )
        assert.deepStrictEqual(names(yield* server.scan), ["newer", "laptop-shop"])
        yield* older.update
        const latest = "select id from opencode_fleet_instances order by seen_at desc limit 1"
        yield* run(url, latest).pipe(eventually(([row]) => row?.["id"] === instance.id))
        assert.deepStrictEqual(names(yield* server.scan), ["newer", "laptop-shop"])
      }),
    )

    it.effect(
      "are found by servers that have opened the database at the same time, and are withdrawn at their end",
      () =>
        Effect.gen(function* () {
          const url = yield* (yield* RealPostgres).newDatabase
          const servers = yield* Effect.all([open(url), open(url), open(url)], { concurrency: "unbounded" })
          const scans = yield* Effect.all(
            servers.map(({ scan }) => scan),
            { concurrency: "unbounded" },
          )
          for (const scan of scans) assert.deepStrictEqual(scan, { announcements: [], problems: [] })
          const [server, member] = servers
          const scope = yield* Scope.make()
          yield* Scope.provide(announce(member.database, instance), scope)
          const { announcements, problems } = yield* server.scan
          assert.deepStrictEqual(problems, [])
          assert.lengthOf(announcements, 1)
          assert.deepInclude(announcements[0], {
            name: "laptop-shop",
            host: "laptop",
            url: "http://laptop.lan:4096",
            directory: "/work/shop",
            transport: "postgres",
            passwordWithheld: "anyone who can write to the database can announce an opencode",
            passwordRemedy: { _tag: "AllowInDatabase", address: "laptop.lan" },
          })
          yield* Scope.close(scope, Exit.void)
          assert.deepStrictEqual(names(yield* server.scan), [])
        }),
    )

    it.effect("that come back under the same id are shown where they are now", () =>
      Effect.gen(function* () {
        const url = yield* (yield* RealPostgres).newDatabase
        const { database, scan } = yield* open(url)
        const atHome = { ...instance, host: "desk", localUrl: "http://127.0.0.1:5000", pid: 8 }
        yield* announce(database, instance)
        yield* announce(database, atHome)
        const { announcements } = yield* scan
        assert.deepInclude(announcements[0], { host: "desk", remotePort: 5000 })
      }),
    )

    it.effect("receive the password only if DATABASE_ALLOW lists their host", () =>
      Effect.gen(function* () {
        const url = yield* (yield* RealPostgres).newDatabase
        const { database } = yield* open(url)
        yield* announce(database, instance)
        const other = { ...instance, id: "1", name: "laptop.lan", url: "http://elsewhere.example:4096" }
        yield* announce(database, other)
        const { announcements } = yield* (yield* open(url, ["laptop.lan"])).scan
        const withheld = new Map(announcements.map(({ name, passwordWithheld }) => [name, passwordWithheld]))
        assert.isUndefined(withheld.get("laptop-shop"))
        assert.isDefined(withheld.get("laptop.lan"))
      }),
    )

    it.effect("are announced to others at once, also what becomes of their tunnel", () =>
      Effect.gen(function* () {
        const real = yield* RealPostgres
        const url = yield* real.newDatabase
        const server = yield* open(url)
        yield* server.scan
        let changes = 0
        yield* Effect.forkScoped(Stream.runForEach(server.changes, () => Effect.sync(() => changes++)))
        const { database } = yield* open(url)
        const { id, url: _url, ...local } = instance
        let tunnel = "connecting"
        const row = yield* announceInstance(
          database,
          id,
          Effect.sync(() => ({ ...local, tunnel })),
        )
        yield* Effect.sync(() => changes).pipe(eventually((count) => count > 0))
        const before = changes
        tunnel = "connected"
        yield* row.update
        yield* Effect.sync(() => changes).pipe(eventually((count) => count > before))
        const [announced] = (yield* server.scan).announcements
        assert.match(announced?.unreachable ?? "", /announced by laptop, .*its tunnel: connected/u)
        // As `prune` does, or another `connect` that shares the instance.
        yield* real.run(url, "delete from opencode_fleet_instances")
        yield* real.run(url, "notify opencode_fleet")
        yield* server.scan.pipe(eventually(({ announcements }) => announcements.length === 1))
      }),
    )

    it.effect("stay when their heartbeats stop, and are said to be silent, unless the database was down", () =>
      Effect.gen(function* () {
        const real = yield* RealPostgres
        const url = yield* real.newDatabase
        const server = yield* open(url)
        yield* server.scan
        yield* real.run(url, stopped("laptop-shop", 15))
        yield* real.stop
        yield* real.start
        const restarted = yield* server.scan.pipe(eventually(({ failed }) => failed !== true))
        assert.deepStrictEqual(names(restarted), ["laptop-shop"])
        assert.notInclude(restarted.announcements[0]?.unreachable, "no heartbeat")
        yield* real.run(url, "update opencode_fleet_instances set heartbeat_seconds = 1")
        const silent = yield* server.scan.pipe(eventually(({ announcements: [one] }) => isSilent(one)))
        assert.match(silent.announcements[0]?.unreachable ?? "", /has sent no heartbeat for \d+ seconds?/u)
      }),
    )

    it.effect("are removed by prune alone, once they have been silent for long enough", () =>
      Effect.gen(function* () {
        const real = yield* RealPostgres
        const url = yield* real.newDatabase
        const server = yield* open(url)
        const stateDirectory = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
        const prune = (silentFor: Duration.Input, dryRun = false) =>
          Effect.map(
            pruneRows(server.database, { stateDirectory, dryRun, silentFor: Duration.fromInputUnsafe(silentFor) }),
            (rows) => rows.map(({ name, verdict }) => `${name} ${verdict}`).toSorted(),
          )
        yield* announce(server.database, instance)
        yield* real.run(url, stopped("silent", 1))
        yield* server.scan.pipe(eventually(({ announcements }) => announcements.some(isSilent)))
        assert.deepStrictEqual(yield* prune("7 days"), ["laptop-shop kept", "silent kept"])
        assert.deepStrictEqual(yield* prune("0 seconds", true), ["laptop-shop kept", "silent would-remove"])
        assert.deepStrictEqual(yield* prune("0 seconds"), ["laptop-shop kept", "silent removed"])
        const many = `select 'many-' || n, 'many', 'laptop', 'aaaa', 'http://127.0.0.1:80', 1, 1, now() - interval '1 hour'`
        yield* real.run(
          url,
          `insert into opencode_fleet_instances (id, name, host, machine, local_url, api, heartbeat_seconds, seen_at) ${many} from generate_series(1, 2001) as n`,
        )
        yield* server.scan.pipe(eventually(({ announcements }) => announcements.filter(isSilent).length > 990))
        assert.lengthOf(yield* prune("0 seconds"), 2002)
        assert.deepStrictEqual(names(yield* server.scan), ["laptop-shop"])
      }),
    )

    it.effect("stay as they were while the database is away, which is said", () =>
      Effect.gen(function* () {
        const real = yield* RealPostgres
        const url = yield* real.newDatabase
        const server = yield* open(url)
        yield* announce(server.database, instance)
        assert.deepStrictEqual(names(yield* server.scan), ["laptop-shop"])
        yield* real.stop
        const away = yield* server.scan.pipe(eventually(({ failed }) => failed === true))
        assert.match(away.problems[0]?.reason ?? "", /is not up to date, because the database at .* cannot be used/u)
        assert.notInclude(JSON.stringify(away), "sesame")
        yield* real.start
        const back = yield* server.scan.pipe(eventually(({ failed }) => failed !== true))
        assert.deepStrictEqual(names(back), ["laptop-shop"])
      }),
    )

    it.effect("are read by a user that may not create tables, and a row that cannot be used is a problem", () =>
      Effect.gen(function* () {
        const real = yield* RealPostgres
        const url = yield* real.newDatabase
        const { database } = yield* open(url)
        yield* database.migrated
        yield* real.run(url, "create role reader login password 'sesame'")
        yield* real.run(url, "grant select on opencode_fleet_instances, opencode_fleet_migrations to reader")
        yield* announce(database, instance)
        yield* real.run(
          url,
          "insert into opencode_fleet_instances (id, name, host, machine, local_url, api, heartbeat_seconds) values ('x', 'x', 'x', 'x', 'http://10.0.0.1:80', 1, 15)",
        )
        const reader = yield* open(url.replace(/\/\/[^@]*@/u, "//reader:sesame@"))
        const { announcements, problems } = yield* reader.scan
        assert.deepStrictEqual(names({ announcements }), ["laptop-shop"])
        assert.lengthOf(problems, 1)
        assert.match(
          `${problems[0]?.source} ${problems[0]?.reason}`,
          /row x of the database cannot be used: .*loopback/u,
        )
      }),
    )
  })
})
