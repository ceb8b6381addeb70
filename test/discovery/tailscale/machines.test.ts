/** Which machines of a tailnet are chosen. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { type Machines, machinesOf } from "../../../src/discovery/tailscale/machines.ts"
import { plainLine } from "../../../src/text/plainText.ts"
import { HostileText, hostileText } from "../relay/hostile.ts"
import { decode, recording, status, versions } from "./recordings.ts"
import { tailnetWith } from "./scene.ts"

const hosts = ({ machines }: Machines) => machines.map(({ host }) => host).toSorted()

/** A tailnet of this user with one machine that has only these fields. */
const lone = (peer: Readonly<Record<string, unknown>>, rest?: Readonly<Record<string, unknown>>) =>
  tailnetWith({ "nodekey:1": { UserID: 5, Online: true, TailscaleIPs: ["100.64.0.2"], ...peer } }, rest)

/** The machines of a tailnet whose only peer has these fields. */
const addresses = (of: ReadonlyArray<string>) =>
  Effect.map(lone({ TailscaleIPs: of }), (one) => machinesOf(one, undefined).machines[0]?.addresses)

layer(NodeServices.layer)("In a tailnet", (it) => {
  it.effect.each(versions)("with a status of Tailscale %s, the user's machines that are online are chosen", (version) =>
    Effect.gen(function* () {
      const found = machinesOf(yield* status(`running-${version}`), undefined)
      assert.deepStrictEqual(hosts(found), ["laptop", "pixel-8", "tower"])
      assert.deepStrictEqual(found.problems, [])
    }),
  )

  it.effect.each(versions)("with a status of Tailscale %s, machines with the tag are chosen, too", (version) =>
    Effect.gen(function* () {
      const found = machinesOf(yield* status(`running-${version}`), "tag:dev")
      // Not `carol-nas`, which has a tag of that name in somebody else's tailnet.
      assert.deepStrictEqual(hosts(found), ["build", "laptop", "pixel-8", "tower"])
    }),
  )

  it.effect("with a recorded status of Tailscale 1.76.1, the other machine is found with its name and addresses", () =>
    Effect.gen(function* () {
      const { machines } = machinesOf(yield* status("running-1.76.1"), undefined)
      assert.deepStrictEqual(machines, [
        {
          host: "server",
          name: "server.tail0c3d2.ts.net",
          addresses: ["100.64.20.2", "fd7a:115c:a1e0::f01:1402"],
        },
      ])
    }),
  )

  it.effect("IPv4 is preferred, and IPv6 used if there is no other address", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* addresses(["fd7a::2", "100.64.0.2"]), ["100.64.0.2", "fd7a::2"])
      assert.deepStrictEqual(yield* addresses(["fd7a::2"]), ["fd7a::2"])
      assert.isUndefined(yield* addresses([]))
      assert.isUndefined(yield* addresses(["", "not-an-address", "evil.example:80/", "fe80::1%eth0"]))
    }),
  )

  it.effect("user ids beyond the safe integers stay distinct", () =>
    Effect.gen(function* () {
      const mine = (yield* recording("running-1.84.0")).replaceAll("1840772346221573", "26059037925131573")
      assert.deepStrictEqual(hosts(machinesOf(yield* decode(mine), undefined)), ["laptop", "pixel-8", "tower"])
      const theirs = mine.replaceAll("5302219987344120", "26059037925131572")
      assert.deepStrictEqual(hosts(machinesOf(yield* decode(theirs), undefined)), ["laptop", "pixel-8", "tower"])
    }),
  )

  it.effect.each([
    ["offline", { Online: false }],
    ["with an expired key", { Expired: true }],
    ["there only because something is shared with it", { ShareeNode: true }],
    ["somebody else's", { UserID: 6 }],
    ["nobody's", { UserID: null }],
    ["tagged, and so not of that user any more", { Tags: ["tag:kiosk"] }],
    ["this one itself", { TailscaleIPs: ["100.64.0.1"] }],
  ] as const)("a machine that is %s is not chosen", ([, peer]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(hosts(machinesOf(yield* lone({}), undefined)), ["100.64.0.2"])
      assert.deepStrictEqual(hosts(machinesOf(yield* lone(peer), undefined)), [])
    }),
  )

  it.effect.each([
    ["inside", { DNSName: "box.mine.ts.net." }, {}, ["box"]],
    ["inside, in another case", { DNSName: "box.MINE.ts.net" }, {}, ["box"]],
    ["of another tailnet", { DNSName: "box.theirs.ts.net." }, {}, []],
    ["of one whose name ends alike", { DNSName: "box.notmine.ts.net." }, {}, []],
    ["without a name", { DNSName: "" }, {}, []],
    ["that somebody shares", { DNSName: "box.mine.ts.net.", AltSharerUserID: 9 }, {}, []],
    ["while the tailnet has no name", { DNSName: "box.mine.ts.net." }, { MagicDNSSuffix: "" }, []],
  ] as const)(
    "a tag counts on a machine %s only if the machine certainly belongs to this tailnet",
    ([, peer, rest, found]) =>
      Effect.gen(function* () {
        const one = yield* lone({ UserID: 7, Tags: ["tag:ci", "tag:dev"], ...peer }, rest)
        assert.deepStrictEqual(hosts(machinesOf(one, "tag:dev")), [...found])
        assert.deepStrictEqual(hosts(machinesOf(one, "tag:de")), [])
        assert.deepStrictEqual(hosts(machinesOf(one, undefined)), [])
      }),
  )

  it.effect.each([
    ["by its tags", lone({ Tags: [] }, { Self: { UserID: 5, Tags: ["tag:server"] } })],
    ["by its user, in a version that does not tell its tags", status("tagged-self-1.24.2")],
  ] as const)("a machine that is tagged itself (%s) has no user, and the remedy is to choose a tag", ([, tagged]) =>
    Effect.gen(function* () {
      const found = machinesOf(yield* tagged, undefined)
      assert.deepStrictEqual(hosts(found), [])
      assert.deepStrictEqual(found.problems[0]?.remedy, { _tag: "ChooseTailscaleTag" })
      assert.deepStrictEqual(machinesOf(yield* tagged, "tag:none").problems, [])
    }),
  )

  it.effect("a tagged machine finds the machines with the configured tag", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(hosts(machinesOf(yield* status("tagged-self-1.24.2"), "tag:dev")), ["build"])
    }),
  )

  it.effect("a peer that cannot be decoded is left out and counted", () =>
    Effect.gen(function* () {
      const good = { UserID: 5, Online: true, DNSName: "good.mine.ts.net.", TailscaleIPs: ["100.64.0.3"] }
      const Peer = { a: null, b: 7, c: { HostName: 7 }, d: { TailscaleIPs: "100.64.0.9" }, e: good, f: { new: [{}] } }
      const found = machinesOf(yield* lone({}, { Peer }), undefined)
      assert.deepStrictEqual(hosts(found), ["good"])
      assert.include(found.problems[0]?.reason, "4 peers")
    }),
  )

  it.effect("a tailnet without peers is no problem", () =>
    Effect.gen(function* () {
      const none = { machines: [], problems: [] }
      assert.deepStrictEqual(machinesOf(yield* lone({}, { Peer: null }), undefined), none)
      assert.deepStrictEqual(machinesOf(yield* lone({}, { Peer: {}, Health: null, User: null }), undefined), none)
    }),
  )

  it.effect("a machine without a name in the tailnet goes by its host name", () =>
    Effect.gen(function* () {
      const { machines } = machinesOf(yield* lone({ HostName: "My Box" }), undefined)
      assert.deepInclude(machines[0], { host: "My Box", name: "100.64.0.2" })
    }),
  )

  it.effect.prop(
    "whatever a machine calls itself, it is shown on one printable line",
    [HostileText, HostileText],
    ([name, dns]) =>
      Effect.gen(function* () {
        const peer = { HostName: hostileText(name), DNSName: `${hostileText(dns)}.mine.ts.net.` }
        const { machines } = machinesOf(yield* lone(peer), undefined)
        assert.lengthOf(machines, 1)
        for (const { host, name } of machines) {
          assert.isNotEmpty(host)
          for (const text of [host, name]) assert.strictEqual(text, plainLine(text))
        }
      }),
  )

  it.effect("unknown fields of a status are ignored", () =>
    Effect.gen(function* () {
      const text = (yield* recording("running-1.98.8")).replace("{", '{"Quantum": [{"Entangled": 1e400}],')
      assert.lengthOf(machinesOf(yield* decode(text), undefined).machines, 3)
    }),
  )
})
